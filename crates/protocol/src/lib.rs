//! Messages between a Veilcast client and service: bytes in, checked values out, and back.
//!
//! The messages are those of the Open Inference Protocol ("V2", as KServe and Triton speak it), with ciphertexts as a
//! `BYTES` tensor: base64 in JSON, raw in the binary tensor data extension. A stored request or response is exactly the
//! binary body of its HTTP message, so a file and a message are the same thing.
//!
//! Everything decoded here may come from a stranger. Sizes are checked before memory is taken, and a value that exists
//! has passed its checks; whether its numbers are sound ciphertexts of a sound key is for the cryptography to say.
//!
//! Nothing in these messages is secret from the service: they hold public keys and ciphertexts only.
#![forbid(unsafe_code)]

mod byte_matrix;
mod digest;
mod error;
mod framing;
mod layout;
mod limits;
mod metadata;
mod problem;
mod request;
mod response;
mod tensor;
mod upload;

pub use byte_matrix::ByteMatrix;
pub use digest::{CardDigest, ContentDigest, KeyFingerprint, MalformedHex};
pub use error::{DecodeError, ShapeError};
pub use framing::{BinaryBody, Encoding, Framing};
pub use layout::Layout;
pub use limits::Limits;
pub use metadata::{
    ModelList, ModelMetadata, ModelReady, ServerLive, ServerMetadata, ServerReady, TensorMetadata,
};
pub use problem::Problem;
pub use request::{InferRequest, RequestError};
pub use response::InferResponse;
pub use upload::{SeededUpload, Upload};

/// The name of the request's only input tensor: a row of ciphertexts for each record, or group of records.
pub const INPUT_TENSOR: &str = "ciphertexts";
/// The name of a seeded request's only input tensor: one element for each record, of shape `[records, 1]`.
pub const CORRECTIONS_TENSOR: &str = "corrections";
/// The name of the response's only output tensor: a row of ciphertexts for each row of the request.
pub const OUTPUT_TENSOR: &str = "scores";
/// The datatype of both tensors.
pub const DATATYPE: &str = "BYTES";
/// The HTTP header that gives the length in bytes of a binary body's JSON header.
pub const HEADER_LENGTH: &str = "inference-header-content-length";
/// The media type of a body that is JSON throughout.
pub const MEDIA_JSON: &str = "application/json";
/// The media type of a body in the binary tensor data extension.
pub const MEDIA_BINARY: &str = "application/octet-stream";
