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
mod importing;
mod key_files;
mod models;
mod outcome;
mod pipelines;
mod plaintexts;
mod program;
mod progress;
mod public_key;
mod record_files;
mod reports;
mod secret_key;
mod service;
mod serving;
mod sessions;
mod tables;
mod vouchers;
mod weighted_sums;
mod work;

/// Keys, plaintexts and ciphertexts, without shapes. Private to the package `veilcast`.
#[pymodule]
#[pyo3(name = "_native")]
mod native {
    use pyo3::prelude::*;

    /// Panics of the libraries that read strangers' files and run their networks become exceptions, and print nothing.
    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        veilcast_card::silence_guarded_panics();
        Ok(())
    }

    #[pymodule_export]
    use crate::cards::Card;
    #[pymodule_export]
    use crate::ciphertexts::Ciphertexts;
    #[pymodule_export]
    use crate::importing::Import;
    #[pymodule_export]
    use crate::models::Model;
    #[pymodule_export]
    use crate::outcome::Outcome;
    #[pymodule_export]
    use crate::pipelines::predict;
    #[pymodule_export]
    use crate::plaintexts::Plaintexts;
    #[pymodule_export]
    use crate::program::main;
    #[pymodule_export]
    use crate::public_key::PublicKey;
    #[pymodule_export]
    use crate::record_files::{RecordFile, knows_encoding};
    #[pymodule_export]
    use crate::reports::{evaluate, plan_for_card, plan_for_model};
    #[pymodule_export]
    use crate::secret_key::SecretKey;
    #[pymodule_export]
    use crate::service::{Service, Stop};
    #[pymodule_export]
    use crate::serving::Serving;
    #[pymodule_export]
    use crate::sessions::{OpeningOf, SealedModel, Session};
    #[pymodule_export]
    use crate::tables::{
        decrypt_sealed_table, decrypt_table, encrypt_sealed_table, encrypt_table, score_table,
        sealed_table_group_size, table_group_size,
    };
    #[pymodule_export]
    use crate::vouchers::{
        Drawn, UnmaskingOf, Vouchers, draw_vouchers, fill_vouchers, keep_vouchers, mask, unmask,
    };
}
