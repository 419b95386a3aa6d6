//! Models of other frameworks: imported, or refused.

#![allow(clippy::unwrap_used, reason = "a failed test panics")]

#[allow(dead_code, reason = "the tests of models use all of it")]
#[path = "../../../model/tests/model/common/mod.rs"]
mod common;
mod onnx;

mod crypto_nets;
mod exporters;
mod hostile_pipelines;
mod hybrid;
mod onnx_import;
mod onnx_refused;
mod pipelines;
mod squares;
mod trees;
