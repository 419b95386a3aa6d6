//! Networks in ONNX files that may come from strangers: the messages that they are made of, the
//! checks on them, and what runs them.
//!
//! [`parse`] checks everything that can be checked in a file: its size, how much memory reading it
//! takes, that its tensors hold what they claim, that every value has a source, that everything in
//! it is supported, and that its lists fit each other. An [`Interpreter`] then runs the
//! small networks that hybrid models make public.
//!
//! With the feature `tract`, `tract-onnx` runs a [`Network`], whatever its operators are. Before it
//! computes anything, `sizes` checks how large the results will be, and `lists` that they fit the
//! inputs' shapes.
//!
//! ```
//! use veilcast_onnx::{Interpreter, parse};
//!
//! let file = std::fs::read("../../models/digits-hybrid/public.onnx")?;
//! let network = Interpreter::compile(&parse(&file, 1 << 20)?, &[1, 1, 28, 28])?;
//! let features = network.run(&[0.0; 784])?;
//! assert_eq!(features.shape, [1, 64]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | subject | start at |
//! |---|---|
//! | ONNX's messages | [`pb`] |
//! | from bytes to a checked model | [`parse`] |
//! | looking at a model's graph, and cutting it | [`graph`] |
//! | running a small network | [`Interpreter`] |
//! | running any network | `Network` |
//! | the public part of a hybrid model, as a client runs it | [`encoder`] |
#![forbid(unsafe_code)]

#[cfg(feature = "tract")]
mod contractions;
mod error;
mod fits;
pub mod graph;
mod interpreter;
mod limits;
mod list;
mod lists;
#[cfg(feature = "tract")]
mod network;
mod opsets;
pub mod pb;
mod public;
#[cfg(feature = "tract")]
mod refused;
#[cfg(feature = "tract")]
mod sizes;
mod trees;
mod wire;

pub use error::OnnxError;
pub use interpreter::{InterpretError, Interpreter, Values};
pub use limits::parse;
pub use lists::check_columns;
#[cfg(feature = "tract")]
pub use network::Network;
pub use public::{encoder, public_network};
