//! Encrypted evaluation of an affine model, and the client's side of it.
//!
//! - [`Evaluator`]: the service. Takes a request with encrypted records, computes W·x + b on the
//!   ciphertexts, and returns encrypted scores that reveal nothing else, not even to the key's
//!   owner.
//! - [`Session`]: the data owner. Encrypts quantised records into a request, decrypts the answer.
//!
//! Both sides agree on a [`Layout`](veilcast_protocol::Layout): how records become plaintexts. One
//! geometry serves all of them (`arrangement`); `packing` puts records in and takes scores out, `mask`
//! hides what lies next to the scores, and `seeded` replaces ciphertexts with corrections to
//! pseudo-random ones, using [`SeededEntries`] made ahead of time.
//!
//! [`Vouchers`] move all work on ciphertexts to a time before the records are known; a record is then masked
//! ([`Vouchers::mask`]), evaluated in plaintext ([`Evaluator::evaluate_masked`]) and unmasked ([`Unmasking::scores`]).
//!
//! A [sealed](seal) model is for clients without a key: its weights travel encrypted under the service's, and a client computes with them
//! ([`SealedModel`]).
//!
//! Networks with hidden layers take rounds of vouchers ([`Rounds`]), or several encrypted exchanges ([`Layers`]).
//!
//! [`Planner`] chooses the layout that serves a number of records in the least time.
//!
//! Nothing here does input or output: values and messages go in, values and messages come out.

#![forbid(unsafe_code)]

// The tests' common parts use the crate from outside.
#[cfg(test)]
extern crate self as veilcast_engine;

mod arrangement;
mod bits;
mod entries;
mod error;
mod evaluation;
mod evaluator;
mod id;
mod keys;
mod layers;
mod mask;
mod packing;
pub mod planner;
mod predictor;
mod prepared;
mod rounds;
mod sealed;
mod seeded;
mod session;
mod slices;
mod vouchers;

pub use entries::{EntryError, EntryStore, SeededEntries, StoredEntries};
pub use error::{EvaluateError, LayoutError, SessionError, VoucherError};
pub use evaluator::Evaluator;
pub use keys::Keys;
pub use layers::{Layered, Layers};
pub use planner::{Paillier, Planner};
pub use predictor::Predictor;
pub use prepared::Prepared;
pub use rounds::{Drawing, Round, Rounds, Spending};
pub use sealed::{
    Opening, SealedError, SealedModel, SealingKey, StoredOpening, records_per_sealed_ciphertext,
    seal,
};
pub use session::Session;
pub use slices::{Pause, Stopped};
pub use veilcast_paillier::{KeyPolicy, PublicKey, kernel};
pub use vouchers::{
    DrawnVouchers, StoredVouchers, Unmasking, VoucherSecret, VoucherSecrets, VoucherSource,
    Vouchers,
};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
