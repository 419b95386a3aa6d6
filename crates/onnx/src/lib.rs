//! Networks in ONNX files that may come from strangers: the messages that they are made of, the
//! checks on them, and what runs them.
//!
//! [`parse`] checks all that can be checked of a file: its size, how much memory reading it takes, that
//! its tensors hold what they claim, that every value has a source, that it has nothing that isn't
//! supported at all, and that the lists in it fit each other. An [`Interpreter`] then runs the
//! small networks that hybrid models make public.
//!
//! With the feature `tract`, a [`Network`] is run by `tract-onnx`, whatever its operators are. Before
//! that computes anything, `sizes` checks how large it will be, and `lists` that it fits the inputs'
//! shapes.
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
pub mod pb;
mod public;
#[cfg(feature = "tract")]
mod sizes;
mod trees;
mod wire;

pub use error::OnnxError;
pub use interpreter::{InterpretError, Interpreter, Values};
pub use limits::parse;
#[cfg(feature = "tract")]
pub use network::{Network, panics_are_errors};
pub use public::{encoder, public_network};
