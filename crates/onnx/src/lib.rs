//! ONNX files: the messages that they are made of.

pub mod pb;
