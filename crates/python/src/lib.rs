//! The Python package's native module: keys, plaintexts and flat arrays of ciphertexts; models and sessions.
//!
//! Shapes, data types, exponents and bounds are Python's business (`python/veilcast`), which passes
//! flat arrays. What is here checks that values belong together before it computes, so that nothing
//! panics; releases the interpreter's lock while it computes; and computes in slices, between which
//! signals are handled.

#![forbid(unsafe_code)]

use pyo3::prelude::*;

mod arithmetic;
mod cards;
mod ciphertexts;
mod errors;
mod key_files;
mod plaintexts;
mod predictions;
mod public_key;
mod secret_key;
mod service;
mod weighted_sums;
mod work;

/// Keys, plaintexts and ciphertexts, without shapes. Private to the package `veilcast`.
#[pymodule]
#[pyo3(name = "_native")]
mod native {
    #[pymodule_export]
    use crate::cards::Card;
    #[pymodule_export]
    use crate::ciphertexts::Ciphertexts;
    #[pymodule_export]
    use crate::plaintexts::Plaintexts;
    #[pymodule_export]
    use crate::predictions::{Model, Session};
    #[pymodule_export]
    use crate::public_key::PublicKey;
    #[pymodule_export]
    use crate::secret_key::SecretKey;
    #[pymodule_export]
    use crate::service::Service;
}
