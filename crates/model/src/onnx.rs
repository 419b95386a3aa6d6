//! Networks in ONNX files, parsed and run by `tract-onnx`.
//!
//! A file may come from a stranger. Before `tract` sees it, `limits` checks all that can be checked
//! of it: its size, how much memory reading it takes, that its tensors hold what they claim, that
//! every value has a source, and that nothing in it is of a kind that isn't supported at all.

mod error;
mod graph;
mod limits;
mod network;
mod public;
mod wire;

pub use error::OnnxError;
pub(crate) use public::PublicNetwork;
