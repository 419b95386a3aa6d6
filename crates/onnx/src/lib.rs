//! Networks in ONNX files, checked, and run by `tract-onnx`.
//!
//! A file may come from a stranger. Before `tract` sees it, [`parse`] checks all that can be checked
//! of it: its size, how much memory reading it takes, that its tensors hold what they claim, that
//! every value has a source, that nothing in it is of a kind that isn't supported at all, and that the
//! lists in it fit each other. Before `tract` computes anything, `sizes` checks how large it will be,
//! and `lists` that it fits the inputs' shapes.
//!
//! | subject | start at |
//! |---|---|
//! | from bytes to a checked model | [`parse`] |
//! | looking at a model's graph, and cutting it | [`graph`] |
//! | running a model | [`Network`] |
//! | the public part of a hybrid model, as a client runs it | [`encoder`] |
#![forbid(unsafe_code)]

mod contractions;
mod error;
mod fits;
pub mod graph;
mod limits;
mod list;
mod lists;
mod network;
mod public;
mod sizes;
mod trees;
mod wire;

pub use error::OnnxError;
pub use limits::parse;
pub use network::{Network, Values};
pub use public::{encoder, public_network};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
