//! Messages between a Veilcast client and service: bytes in, checked values out, and back.
//!
//! The messages are those of the Open Inference Protocol ("V2", as KServe and Triton implement it), with ciphertexts in
//! a `BYTES` tensor: as base64 in JSON, or raw in the binary tensor data extension. A stored request or response is
//! exactly the binary body of its HTTP message, so that a file and a message are the same thing.
//!
//! ```
//! use veilcast_protocol::{ByteMatrix, CardDigest, Framing, InferRequest, Layout, Limits};
//!
//! // One record of two features, a ciphertext each, under a modulus of 256 bytes.
//! let modulus = vec![0xc1; 256];
//! let ciphertexts = ByteMatrix::new([1, 2], 512, vec![7; 2 * 512])?;
//! let card = CardDigest::of(b"the model's card");
//! let request = InferRequest::new(modulus, Layout::SCALAR, 1, card, ciphertexts)?;
//!
//! // The body of an HTTP request; the header's length goes into a separate HTTP header.
//! let body = request.to_binary();
//! let framing = Framing::HeaderLength(body.header_length);
//! let received = InferRequest::decode(&body.bytes, framing, &Limits::new(10, 100))?;
//! assert_eq!(received, request);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Everything decoded here may come from a stranger. Sizes are checked before memory is allocated, and a value that
//! exists has passed its checks. Whether its numbers are valid ciphertexts of a valid key is for the cryptography to
//! check.
//!
//! Nothing in these messages is secret from the service: they contain only public keys and ciphertexts.
#![forbid(unsafe_code)]

mod byte_matrix;
mod digest;
mod error;
mod framing;
mod inference;
mod integers;
mod layout;
mod limits;
mod masked;
mod metadata;
mod problem;
mod request;
mod response;
mod round;
mod sealed;
mod tensor;
mod upload;
mod vouched;
mod voucher;

pub use byte_matrix::ByteMatrix;
pub use digest::{Content, ContentDigest, KeyFingerprint, MalformedFingerprint};
pub use error::{DecodeError, RequestError, ShapeError};
pub use framing::{BinaryBody, Encoding, Framing};
pub use inference::Inference;
pub use integers::{IntegerMatrix, IntegerType};
pub use layout::Layout;
pub use limits::Limits;
pub use masked::{MaskedRequest, MaskedResponse};
pub use metadata::{
    ModelList, ModelMetadata, ModelReady, ServerLive, ServerMetadata, ServerReady, TensorMetadata,
};
pub use problem::Problem;
pub use request::InferRequest;
pub use response::InferResponse;
pub use round::RoundRequest;
pub use sealed::SealedRequest;
pub use upload::{SeededUpload, Upload};
pub use voucher::{BatchId, MalformedVoucherId, VoucherBatch, VoucherId, VoucherSecretId};
// The name of a model in requests and answers.
pub use veilcast_card::{CardDigest, MalformedDigest};

/// The name of the request's only input tensor: a row of ciphertexts for each record, or group of records.
pub const INPUT_TENSOR: &str = "ciphertexts";
/// The name of a seeded request's only input tensor: one element for each record, of shape `[records, 1]`.
pub const CORRECTIONS_TENSOR: &str = "corrections";
/// The name of the only input tensor of a request that vouchers mask: a row of unsigned integers for each record.
pub const MASKED_INPUT_TENSOR: &str = "masked_records";
/// The name of the only input tensor of a round of a network with hidden layers: a row of bytes for each record.
pub const ROUND_INPUT_TENSOR: &str = "masked_layer";
/// The name of the only input tensor of a request to a sealed model: a ciphertext for each group of records.
pub const SEALED_INPUT_TENSOR: &str = "sealed_records";
/// The name of the only output tensor of the answers to these three: a row of unsigned integers for each record.
pub const MASKED_OUTPUT_TENSOR: &str = "masked_scores";
/// The name of the response's only output tensor: a row of ciphertexts for each row of the request.
pub const OUTPUT_TENSOR: &str = "scores";
/// The datatype of the tensors of ciphertexts.
pub const DATATYPE: &str = "BYTES";
/// The HTTP header that gives the length in bytes of a binary body's JSON header.
pub const HEADER_LENGTH: &str = "inference-header-content-length";
/// The media type of a body that is JSON throughout.
pub const MEDIA_JSON: &str = "application/json";
/// The media type of a body in the binary tensor data extension.
pub const MEDIA_BINARY: &str = "application/octet-stream";

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
