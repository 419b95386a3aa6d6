//! What belongs to [`TensorShapeProto`](super::TensorShapeProto).

/// A side of a tensor.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Dimension {
    /// How long it is; none if nothing is said.
    #[prost(oneof = "dimension::Value", tags = "1, 2")]
    pub value: Option<dimension::Value>,
    /// What it counts, such as records.
    #[prost(string, tag = "3")]
    pub denotation: String,
}

/// What belongs to [`Dimension`].
pub mod dimension {
    /// How long a side is.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Value {
        /// Exactly this long.
        #[prost(int64, tag = "1")]
        DimValue(i64),
        /// Of any length; sides of the same name are equally long.
        #[prost(string, tag = "2")]
        DimParam(String),
    }
}
