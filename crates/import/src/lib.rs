//! Networks in ONNX files, parsed and run by `tract-onnx`.
//!
//! A file may come from a stranger. Before `tract` sees it, `limits` checks all that can be checked
//! of it: its size, how much memory reading it takes, that its tensors hold what they claim, that
//! every value has a source, that nothing in it is of a kind that isn't supported at all, and that the
//! lists in it fit each other. Before `tract` computes anything, `sizes` checks how large it will be,
//! and `lists` that it fits the inputs' shapes.
//!
//! | subject | start at |
//! |---|---|
//! | from a file to a model | [`Import`] |
//! | what prepares a table's columns, taken off a graph | `front` |
//! | final functions and labels, cut off | `peel` |
//! | whether a network is affine, and where not | `affinity`, `locate` |
//! | from an affine network to one map | `collapse` |
//! | from another to a public part and a private head | `split` |
//! | the public part, as a client runs it | `public` |

mod adapt;
mod affinity;
mod build;
mod collapse;
mod contractions;
mod error;
mod file;
mod fits;
mod front;
mod graph;
mod import;
mod import_error;
mod labels;
mod limits;
mod lists;
mod locate;
mod narrow;
mod network;
mod options;
mod peel;
mod public;
mod ranges;
mod runner;
mod scores;
mod sizes;
mod split;
mod tensor;
mod trees;
mod wire;

pub use adapt::Normalization;
pub use error::OnnxError;
pub use import::{Import, Progress};
pub use import_error::ImportError;
pub use options::{ImportOptions, MAX_FILE_BYTES, Split};
pub(crate) use public::PublicNetwork;
