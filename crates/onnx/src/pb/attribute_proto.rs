//! What belongs to [`AttributeProto`](super::AttributeProto).

/// The type of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum AttributeType {
    /// None; files older than types have it.
    Undefined = 0,
    /// A 32-bit float.
    Float = 1,
    /// A 64-bit whole number.
    Int = 2,
    /// A text.
    String = 3,
    /// A constant tensor.
    Tensor = 4,
    /// A network, for control flow.
    Graph = 5,
    /// A list of 32-bit floats.
    Floats = 6,
    /// A list of 64-bit whole numbers.
    Ints = 7,
    /// A list of texts.
    Strings = 8,
    /// A list of constant tensors.
    Tensors = 9,
    /// A list of networks.
    Graphs = 10,
    /// A sparse constant tensor.
    SparseTensor = 11,
    /// A list of sparse constant tensors.
    SparseTensors = 12,
    /// The type of a value.
    TypeProto = 13,
    /// A list of types of values.
    TypeProtos = 14,
}
