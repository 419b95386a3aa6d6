//! Training: dense layers with identity activations, collapsed and quantised, or with squares between
//! them.
//!
//! [`train`] makes a digit model from images, [`train_stem`] one with a public part,
//! [`train_table`] a model of a table's rows. The loss is softmax cross-entropy, or the mean
//! squared error for numbers; the optimiser is Adam with mini-batches and a learning rate that
//! falls linearly to 0, or for a single layer on a table, or layers that square, L-BFGS until it has converged. A table's
//! model may be a sum of boosted trees instead ([`TreesOptions`]). Initial weights and shuffling
//! depend only on the seed, so that the same data and options give the same model, byte for byte, on
//! the same kind of processor.
#![forbid(unsafe_code)]

mod dense;
mod draft;
mod error;
mod images;
mod layers;
mod optimize;
mod options;
mod progress;
mod shifted;
mod stem;
mod table;
mod trained;
mod trees;

pub use error::TrainError;
pub use images::train;
pub use options::Options;
pub use progress::Progress;
pub use stem::{StemOptions, train_stem};
pub use table::{
    Finding, LabelledTable, MissingTarget, Reason, Selection, TableError, TableOptions, Task,
    TrainedOnTable, train_table,
};
pub use trees::TreesOptions;

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
