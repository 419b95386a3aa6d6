//! What belongs to [`TypeProto`](super::TypeProto).

/// A type of tensors.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Tensor {
    /// The type of the elements, as a number.
    #[prost(enumeration = "super::tensor_proto::DataType", tag = "1")]
    pub elem_type: i32,
    /// The shape, as far as it is known.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<super::TensorShapeProto>,
}

/// A type of values. Those of sequences, maps and optional values are passed over.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Value {
    /// A tensor.
    #[prost(message, tag = "1")]
    TensorType(Tensor),
}
