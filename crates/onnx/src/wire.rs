//! How many parts an ONNX file has, counted before it is decoded.
//!
//! A message of two bytes becomes a structure of hundreds when it is decoded, so that a small file
//! could ask for any amount of memory. So every message and text is counted first, in place, along
//! with how deeply they are nested.

use prost::bytes::Buf as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::OnnxError;

/// Most messages and texts in a file.
const MAX_PARTS: usize = 1 << 18;

/// The deepest nesting of messages.
const MAX_DEPTH: usize = 64;

/// Kinds of messages that hold others, by their names in ONNX's schema.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    Function,
    TrainingInfo,
    /// Few and small texts and messages, of any kind.
    Leaf,
}

impl Kind {
    /// The messages that a field of this message holds; none if it holds numbers or bytes.
    fn child(self, tag: u32) -> Option<Self> {
        match (self, tag) {
            (Self::Model, 7) => Some(Self::Graph),
            (Self::Model, 20) => Some(Self::TrainingInfo),
            (Self::Model, 25) => Some(Self::Function),
            (Self::TrainingInfo, 1 | 2) => Some(Self::Graph),
            (Self::Graph, 1) | (Self::Function, 7) => Some(Self::Node),
            (Self::Graph, 11..=13) => Some(Self::ValueInfo),
            (Self::ValueInfo, 2) | (Self::Attribute, 15) => Some(Self::Type),
            (Self::Type, 1) => Some(Self::TensorType),
            (Self::TensorType, 2) => Some(Self::Shape),
            (Self::Graph, 5) => Some(Self::Tensor),
            (Self::Node, 5) | (Self::Function, 11) => Some(Self::Attribute),
            (Self::Attribute, 5 | 10) => Some(Self::Tensor),
            (Self::Attribute, 6 | 11) => Some(Self::Graph),
            // Numbers, which are as large in memory as in the file, or nearly.
            (Self::Attribute, 4 | 7 | 8) | (Self::Tensor, 1 | 4 | 5 | 7 | 9 | 10 | 11) => None,
            (Self::Leaf, _) => None,
            _ => Some(Self::Leaf),
        }
    }
}

/// Checks that decoding a model takes memory in proportion to its size.
pub(super) fn check(model: &[u8]) -> Result<(), OnnxError> {
    let mut parts = 0;
    let no_fields = || malformed("its bytes aren't fields of a message");
    // Each message yet to be looked into; nothing calls itself, however deep they are nested.
    let mut waiting = vec![(Kind::Model, model, 1)];
    while let Some((kind, mut message, depth)) = waiting.pop() {
        while message.has_remaining() {
            let (tag, wire_type) = decode_key(&mut message).map_err(|_| no_fields())?;
            if wire_type != WireType::LengthDelimited {
                let context = DecodeContext::default();
                skip_field(wire_type, tag, &mut message, context).map_err(|_| no_fields())?;
                continue;
            }
            let length = decode_varint(&mut message).map_err(|_| no_fields())?;
            let length = usize::try_from(length).ok();
            let Some(content) = length.and_then(|length| message.get(..length)) else {
                return Err(malformed("it ends within a field"));
            };
            message.advance(content.len());
            if let Some(child) = kind.child(tag) {
                parts += 1;
                if parts > MAX_PARTS {
                    return Err(OnnxError::TooManyParts { limit: MAX_PARTS });
                }
                if depth == MAX_DEPTH {
                    return Err(OnnxError::TooDeep { limit: MAX_DEPTH });
                }
                if !matches!(child, Kind::Leaf) {
                    waiting.push((child, content, depth + 1));
                }
            }
        }
    }
    Ok(())
}

/// The bytes aren't those of an ONNX file.
fn malformed(problem: &str) -> OnnxError {
    OnnxError::Malformed {
        problem: problem.to_owned(),
    }
}
