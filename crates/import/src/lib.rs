//! From an ONNX file to a model.
//!
//! A network is run, not read: the library knows what each operator means. Whether it is
//! affine is found out by running it on random points, and its map by running it on zero and on
//! each unit vector.
//!
//! | subject | start at |
//! |---|---|
//! | from a file to a model | [`Import`], `network`, `forest` |
//! | files of the libraries that grow trees | `trees` |
//! | the outputs that may hold scores, and what they need | `prune` |
//! | preparation of a table's columns, taken off a graph | `front` |
//! | linear models of ONNX-ML, in ONNX's own operators | `lower` |
//! | final functions as exporters spell them, in one form | `forms` |
//! | final functions and labels, cut off | `peel` |
//! | whether a network is affine, and where not | `affinity`, `locate` |
//! | from an affine network to one map | `collapse` |
//! | from one with squares to several | `squares`, `quadratic` |
//! | from another to a public part and a private head | `split` |
#![forbid(unsafe_code)]

mod adapt;
mod affinity;
mod build;
mod collapse;
mod file;
mod finish;
mod forest;
mod forms;
mod front;
mod graph;
mod import;
mod import_error;
mod labels;
mod limits;
mod locate;
mod lower;
mod narrow;
mod network;
mod numbers;
mod options;
mod peel;
mod progress;
mod prune;
mod quadratic;
mod ranges;
mod runner;
mod scores;
mod split;
mod squares;
mod tensor;
mod trees;
mod trees_error;

pub use adapt::Normalization;
pub use import::Import;
pub use import_error::ImportError;
pub use options::{ImportOptions, MAX_FILE_BYTES, Split};
pub use progress::Progress;
pub use trees_error::TreesError;

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
