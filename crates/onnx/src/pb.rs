//! The protobuf messages that an ONNX file is made of.
//!
//! Field numbers and types are those of `onnx.proto` in the ONNX project; names are as `prost-build`
//! would write them. Only what is read or written here is declared: decoding passes over the other
//! fields, such as the newest ones and the types of sequences and maps, and encoding leaves them out.
//!
//! Decoding checks nothing beyond the encoding: counts, sizes, names and types may contradict each
//! other.

pub mod attribute_proto;
pub mod tensor_proto;
pub mod tensor_shape_proto;
pub mod type_proto;

/// A whole file: a network and what is said about it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ModelProto {
    /// Version of the file format.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    /// Name of the program that wrote the file.
    #[prost(string, tag = "2")]
    pub producer_name: String,
    /// Version of the program that wrote the file.
    #[prost(string, tag = "3")]
    pub producer_version: String,
    /// Whose model it is, in the form of a reversed domain name.
    #[prost(string, tag = "4")]
    pub domain: String,
    /// Version of the model.
    #[prost(int64, tag = "5")]
    pub model_version: i64,
    /// A description for people.
    #[prost(string, tag = "6")]
    pub doc_string: String,
    /// The network.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<GraphProto>,
    /// The sets of operators that the network uses, each in one version.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSetIdProto>,
    /// Further facts by name.
    #[prost(message, repeated, tag = "14")]
    pub metadata_props: Vec<StringStringEntryProto>,
    /// How the network is trained.
    #[prost(message, repeated, tag = "20")]
    pub training_info: Vec<TrainingInfoProto>,
    /// Operators that the file itself defines.
    #[prost(message, repeated, tag = "25")]
    pub functions: Vec<FunctionProto>,
}

/// The version of a set of operators.
#[derive(Clone, PartialEq, prost::Message)]
pub struct OperatorSetIdProto {
    /// Name of the set; `""` and `"ai.onnx"` are ONNX's own.
    #[prost(string, tag = "1")]
    pub domain: String,
    /// Its version.
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// A text by name.
#[derive(Clone, PartialEq, prost::Message)]
pub struct StringStringEntryProto {
    /// The name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// The text.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// How a network is trained.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TrainingInfoProto {
    /// Gives the first weights.
    #[prost(message, optional, tag = "1")]
    pub initialization: Option<GraphProto>,
    /// A step of the training.
    #[prost(message, optional, tag = "2")]
    pub algorithm: Option<GraphProto>,
    /// Which weight each output of `initialization` replaces.
    #[prost(message, repeated, tag = "3")]
    pub initialization_binding: Vec<StringStringEntryProto>,
    /// Which weight each output of `algorithm` replaces.
    #[prost(message, repeated, tag = "4")]
    pub update_binding: Vec<StringStringEntryProto>,
}

/// An operator that the file itself defines by others.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FunctionProto {
    /// The operator's name.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// Names of what it takes.
    #[prost(string, repeated, tag = "4")]
    pub input: Vec<String>,
    /// Names of what it gives.
    #[prost(string, repeated, tag = "5")]
    pub output: Vec<String>,
    /// Names of its attributes.
    #[prost(string, repeated, tag = "6")]
    pub attribute: Vec<String>,
    /// What it computes, in order.
    #[prost(message, repeated, tag = "7")]
    pub node: Vec<NodeProto>,
    /// A description for people.
    #[prost(string, optional, tag = "8")]
    pub doc_string: Option<String>,
    /// The sets of operators that it uses.
    #[prost(message, repeated, tag = "9")]
    pub opset_import: Vec<OperatorSetIdProto>,
    /// The set of operators to which it belongs.
    #[prost(string, optional, tag = "10")]
    pub domain: Option<String>,
}

/// A network: nodes that give values to each other.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GraphProto {
    /// The nodes, each after those whose values it takes.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<NodeProto>,
    /// The network's name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Constants, such as weights, each with its name.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<TensorProto>,
    /// A description for people.
    #[prost(string, tag = "10")]
    pub doc_string: String,
    /// What the network takes; in old files this includes the constants.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfoProto>,
    /// What the network gives.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfoProto>,
    /// What is known of the values between the nodes.
    #[prost(message, repeated, tag = "13")]
    pub value_info: Vec<ValueInfoProto>,
    /// How values are quantised.
    #[prost(message, repeated, tag = "14")]
    pub quantization_annotation: Vec<TensorAnnotation>,
    /// Constants of which only the numbers other than 0 are stored.
    #[prost(message, repeated, tag = "15")]
    pub sparse_initializer: Vec<SparseTensorProto>,
}

/// One step of a network: an operator with what it takes and gives.
#[derive(Clone, PartialEq, prost::Message)]
pub struct NodeProto {
    /// Names of the values that it takes; `""` for one that is left out.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// Names of the values that it gives; `""` for one that is left out.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// Its own name, often empty.
    #[prost(string, tag = "3")]
    pub name: String,
    /// Name of its operator.
    #[prost(string, tag = "4")]
    pub op_type: String,
    /// The operator's settings.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<AttributeProto>,
    /// A description for people.
    #[prost(string, tag = "6")]
    pub doc_string: String,
    /// The set of operators to which the operator belongs; `""` for ONNX's own.
    #[prost(string, tag = "7")]
    pub domain: String,
}

/// A setting of an operator: a name, and a value in the field that goes with the type.
#[derive(Clone, PartialEq, prost::Message)]
pub struct AttributeProto {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its value, if it is of type `Float`.
    #[prost(float, tag = "2")]
    pub f: f32,
    /// Its value, if it is of type `Int`.
    #[prost(int64, tag = "3")]
    pub i: i64,
    /// Its value, if it is of type `String`: UTF-8, unchecked.
    #[prost(bytes = "vec", tag = "4")]
    pub s: Vec<u8>,
    /// Its value, if it is of type `Tensor`.
    #[prost(message, optional, tag = "5")]
    pub t: Option<TensorProto>,
    /// Its value, if it is of type `Graph`.
    #[prost(message, optional, tag = "6")]
    pub g: Option<GraphProto>,
    /// Its value, if it is of type `Floats`.
    #[prost(float, repeated, tag = "7")]
    pub floats: Vec<f32>,
    /// Its value, if it is of type `Ints`.
    #[prost(int64, repeated, tag = "8")]
    pub ints: Vec<i64>,
    /// Its value, if it is of type `Strings`: UTF-8, unchecked.
    #[prost(bytes = "vec", repeated, tag = "9")]
    pub strings: Vec<Vec<u8>>,
    /// Its value, if it is of type `Tensors`.
    #[prost(message, repeated, tag = "10")]
    pub tensors: Vec<TensorProto>,
    /// Its value, if it is of type `Graphs`.
    #[prost(message, repeated, tag = "11")]
    pub graphs: Vec<GraphProto>,
    /// A description for people.
    #[prost(string, tag = "13")]
    pub doc_string: String,
    /// Its value, if it is of type `TypeProtos`.
    #[prost(message, repeated, tag = "15")]
    pub type_protos: Vec<TypeProto>,
    /// Its type, as a number.
    #[prost(enumeration = "attribute_proto::AttributeType", tag = "20")]
    pub r#type: i32,
    /// In a function, the function's attribute whose value it has.
    #[prost(string, tag = "21")]
    pub ref_attr_name: String,
    /// Its value, if it is of type `SparseTensor`.
    #[prost(message, optional, tag = "22")]
    pub sparse_tensor: Option<SparseTensorProto>,
    /// Its value, if it is of type `SparseTensors`.
    #[prost(message, repeated, tag = "23")]
    pub sparse_tensors: Vec<SparseTensorProto>,
}

/// What is known about a value without computing it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ValueInfoProto {
    /// The value's name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its type.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<TypeProto>,
    /// A description for people.
    #[prost(string, tag = "3")]
    pub doc_string: String,
}

/// The type of a value.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TypeProto {
    /// The type, if it is one of tensors.
    #[prost(oneof = "type_proto::Value", tags = "1")]
    pub value: Option<type_proto::Value>,
    /// What such values mean, such as an image.
    #[prost(string, tag = "6")]
    pub denotation: String,
}

/// The shape of a tensor.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorShapeProto {
    /// Its sides, from the outermost.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<tensor_shape_proto::Dimension>,
}

/// A constant tensor. Its elements are row by row in the list that goes with the type, or in
/// `raw_data`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorProto {
    /// Its sides, from the outermost.
    #[prost(int64, repeated, tag = "1")]
    pub dims: Vec<i64>,
    /// The type of its elements, as a number.
    #[prost(enumeration = "tensor_proto::DataType", tag = "2")]
    pub data_type: i32,
    /// Which part of a larger tensor it is.
    #[prost(message, optional, tag = "3")]
    pub segment: Option<tensor_proto::Segment>,
    /// Elements of the types `Float` and `Complex64`.
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    /// Elements of the type `Int32` and of narrower ones.
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    /// Elements of the type `String`.
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub string_data: Vec<Vec<u8>>,
    /// Elements of the type `Int64`.
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    /// Its name.
    #[prost(string, tag = "8")]
    pub name: String,
    /// Elements of any type but `String`, each of a fixed number of bytes, the lowest first.
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
    /// Elements of the types `Double` and `Complex128`.
    #[prost(double, repeated, tag = "10")]
    pub double_data: Vec<f64>,
    /// Elements of the types `Uint64` and `Uint32`.
    #[prost(uint64, repeated, tag = "11")]
    pub uint64_data: Vec<u64>,
    /// A description for people.
    #[prost(string, tag = "12")]
    pub doc_string: String,
    /// Where in another file the elements are.
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<StringStringEntryProto>,
    /// Whether the elements are in this file, as a number.
    #[prost(enumeration = "tensor_proto::DataLocation", optional, tag = "14")]
    pub data_location: Option<i32>,
}

/// A constant tensor of which only the elements other than 0 are stored.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SparseTensorProto {
    /// The elements other than 0.
    #[prost(message, optional, tag = "1")]
    pub values: Option<TensorProto>,
    /// Their places.
    #[prost(message, optional, tag = "2")]
    pub indices: Option<TensorProto>,
    /// The sides of the whole tensor, from the outermost.
    #[prost(int64, repeated, tag = "3")]
    pub dims: Vec<i64>,
}

/// How a value is quantised.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorAnnotation {
    /// The value's name.
    #[prost(string, optional, tag = "1")]
    pub tensor_name: Option<String>,
    /// The names of the tensors with its scale and its zero.
    #[prost(message, repeated, tag = "2")]
    pub quant_parameter_tensor_names: Vec<StringStringEntryProto>,
}
