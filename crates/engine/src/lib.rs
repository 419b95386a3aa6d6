//! Encrypted evaluation of an affine model, and the client's side of it.
//!
//! - [`Evaluator`]: the service. Takes a request with encrypted records, computes W·x + b on the
//!   ciphertexts, and returns encrypted scores that tell nothing else, not even to the key's owner.
//! - [`Session`]: the data owner. Encrypts quantised records into a request, decrypts the answer.
//!
//! Both sides agree on a [`Layout`](veilcast_protocol::Layout): how records become plaintexts. Each
//! layout has a module that holds both its sides.
//!
//! Nothing here does input or output: values and messages go in, values and messages come out.

#![forbid(unsafe_code)]

mod error;
mod evaluator;
mod key_cache;
mod mask;
mod scalar;
mod session;

pub use error::{EvaluateError, SessionError};
pub use evaluator::Evaluator;
pub use session::Session;
pub use veilcast_paillier::KeyPolicy;
