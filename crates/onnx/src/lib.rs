//! Strangers' ONNX files: the messages that they are made of, and an interpreter for the small
//! networks that hybrid models make public.
//!
//! ```
//! use prost::Message as _;
//! use veilcast_onnx::{Interpreter, pb};
//!
//! let file = std::fs::read("../../models/digits-hybrid/public.onnx")?;
//! let network = Interpreter::compile(&pb::ModelProto::decode(&*file)?, &[1, 1, 28, 28])?;
//! let features = network.run(&[0.0; 784])?;
//! assert_eq!(features.shape, [1, 64]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod interpreter;
pub mod pb;

pub use self::interpreter::{InterpretError, Interpreter, Values};
