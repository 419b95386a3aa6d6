//! What belongs to [`TensorProto`](super::TensorProto).

/// A part of a larger tensor, by the places of its elements.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Segment {
    /// The first place.
    #[prost(int64, tag = "1")]
    pub begin: i64,
    /// The place after the last one.
    #[prost(int64, tag = "2")]
    pub end: i64,
}

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum DataType {
    /// None.
    Undefined = 0,
    /// 32-bit floats.
    Float = 1,
    /// Whole numbers of 8 bits without a sign.
    Uint8 = 2,
    /// Whole numbers of 8 bits.
    Int8 = 3,
    /// Whole numbers of 16 bits without a sign.
    Uint16 = 4,
    /// Whole numbers of 16 bits.
    Int16 = 5,
    /// Whole numbers of 32 bits.
    Int32 = 6,
    /// Whole numbers of 64 bits.
    Int64 = 7,
    /// Texts.
    String = 8,
    /// True or false.
    Bool = 9,
    /// 16-bit floats.
    Float16 = 10,
    /// 64-bit floats.
    Double = 11,
    /// Whole numbers of 32 bits without a sign.
    Uint32 = 12,
    /// Whole numbers of 64 bits without a sign.
    Uint64 = 13,
    /// Complex numbers of two 32-bit floats.
    Complex64 = 14,
    /// Complex numbers of two 64-bit floats.
    Complex128 = 15,
    /// 32-bit floats without their lower 16 bits.
    Bfloat16 = 16,
    /// Floats with 4 bits of exponent and 3 of mantissa.
    Float8e4m3fn = 17,
    /// Floats with 4 bits of exponent and 3 of mantissa, and no negative zero.
    Float8e4m3fnuz = 18,
    /// Floats with 5 bits of exponent and 2 of mantissa.
    Float8e5m2 = 19,
    /// Floats with 5 bits of exponent and 2 of mantissa, and no negative zero.
    Float8e5m2fnuz = 20,
    /// Whole numbers of 4 bits without a sign.
    Uint4 = 21,
    /// Whole numbers of 4 bits.
    Int4 = 22,
    /// Floats with 2 bits of exponent and 1 of mantissa.
    Float4e2m1 = 23,
}

impl DataType {
    /// Its name in `onnx.proto`, such as `FLOAT`.
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Undefined => "UNDEFINED",
            Self::Float => "FLOAT",
            Self::Uint8 => "UINT8",
            Self::Int8 => "INT8",
            Self::Uint16 => "UINT16",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::String => "STRING",
            Self::Bool => "BOOL",
            Self::Float16 => "FLOAT16",
            Self::Double => "DOUBLE",
            Self::Uint32 => "UINT32",
            Self::Uint64 => "UINT64",
            Self::Complex64 => "COMPLEX64",
            Self::Complex128 => "COMPLEX128",
            Self::Bfloat16 => "BFLOAT16",
            Self::Float8e4m3fn => "FLOAT8E4M3FN",
            Self::Float8e4m3fnuz => "FLOAT8E4M3FNUZ",
            Self::Float8e5m2 => "FLOAT8E5M2",
            Self::Float8e5m2fnuz => "FLOAT8E5M2FNUZ",
            Self::Uint4 => "UINT4",
            Self::Int4 => "INT4",
            Self::Float4e2m1 => "FLOAT4E2M1",
        }
    }
}

/// Where a tensor's elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum DataLocation {
    /// In the message itself.
    Default = 0,
    /// In another file.
    External = 1,
}
