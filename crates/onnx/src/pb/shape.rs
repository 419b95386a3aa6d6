//! The shapes of tensors.

use super::tensor_shape_proto::Dimension;

/// The shape of a tensor.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorShapeProto {
    /// Its sides, from the outermost.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}
