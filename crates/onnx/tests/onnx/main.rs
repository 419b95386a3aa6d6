//! ONNX: what its operators compute, and which files are refused.

#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

mod digits;
mod malformed;
mod messages;
mod mutated;
mod networks;
mod operators;
mod semantics;
mod unsupported;
