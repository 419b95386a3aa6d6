//! How a body is divided into a JSON header and raw tensors.

use serde::{Deserialize, Serialize};

use crate::error::excerpt;
use crate::{DecodeError, Limits};

/// The form of a message's tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Base64 strings in the JSON.
    Json,
    /// Raw bytes after the JSON.
    Binary,
}

/// Where the JSON of a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// The body is JSON throughout.
    Json,
    /// The JSON has this many bytes, as the `Inference-Header-Content-Length` header says.
    HeaderLength(usize),
    /// The JSON ends with its object's closing brace, as in a stored message.
    SelfDelimiting,
}

/// A body in the binary tensor data extension, which is also the content of a stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinaryBody {
    /// The length of the JSON header, for the `Inference-Header-Content-Length` header.
    pub header_length: usize,
    /// The JSON header, followed by the tensor.
    pub bytes: Vec<u8>,
}

impl BinaryBody {
    /// A body of this header and a tensor of integers.
    pub(crate) fn of_integers(header: &impl Serialize, tensor: &crate::IntegerMatrix) -> Self {
        let mut bytes = to_json(header);
        let header_length = bytes.len();
        bytes.extend_from_slice(&tensor.to_le_bytes());
        Self {
            header_length,
            bytes,
        }
    }

    /// A body with this header and a tensor of these elements, each preceded by its length as 4
    /// little-endian bytes.
    pub(crate) fn new(header: &impl Serialize, tensor: &crate::ByteMatrix) -> Self {
        let mut bytes = to_json(header);
        let header_length = bytes.len();
        bytes.reserve_exact(binary_size(tensor));
        // A ciphertext of 4 GiB can't arise: its key would have to be that large.
        let prefix = u32::try_from(tensor.width())
            .unwrap_or(u32::MAX)
            .to_le_bytes();
        for element in tensor {
            bytes.extend_from_slice(&prefix);
            bytes.extend_from_slice(element);
        }
        Self {
            header_length,
            bytes,
        }
    }
}

/// The bytes that a tensor takes in a binary body.
pub(crate) fn binary_size(tensor: &crate::ByteMatrix) -> usize {
    tensor.as_bytes().len() + PREFIX_BYTES * tensor.len()
}

/// The bytes of the length before each element of a binary tensor.
pub(crate) const PREFIX_BYTES: usize = 4;

/// The header's JSON.
pub(crate) fn to_json(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("strings, numbers and lists of them always serialise")
}

/// Parses a body's JSON, and returns it with the bytes that follow it.
pub(crate) fn split<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    framing: Framing,
    limits: &Limits,
) -> Result<(T, &'a [u8]), DecodeError> {
    if body.len() > limits.max_body_bytes {
        return Err(DecodeError::BodyTooLarge {
            limit: limits.max_body_bytes,
            found: body.len(),
        });
    }
    let json = match framing {
        Framing::HeaderLength(given) => body
            .get(..given)
            .ok_or(DecodeError::HeaderLength { given })?,
        Framing::Json | Framing::SelfDelimiting => body,
    };
    let mut values = serde_json::Deserializer::from_slice(json).into_iter::<T>();
    let message = match values.next() {
        Some(Ok(message)) => message,
        Some(Err(error)) => return Err(DecodeError::Json(excerpt(&error.to_string()))),
        None => return Err(DecodeError::Json("there is none".to_owned())),
    };
    let end = values.byte_offset();
    match framing {
        // A stored message has no header length: it must be readable without one.
        Framing::HeaderLength(given) if given != end => Err(DecodeError::HeaderLength { given }),
        Framing::Json if !body[end..].trim_ascii().is_empty() => {
            Err(DecodeError::TrailingBytes(body.len() - end))
        }
        Framing::Json => Ok((message, &[])),
        Framing::HeaderLength(_) | Framing::SelfDelimiting => Ok((message, &body[end..])),
    }
}
