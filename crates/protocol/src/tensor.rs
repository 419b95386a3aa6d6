//! The only tensor of a message, checked as its bytes become ciphertexts.

mod elements;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::byte_matrix::element_count;
use crate::error::excerpt;
use crate::framing::PREFIX_BYTES;
use crate::{ByteMatrix, DATATYPE, DecodeError, IntegerMatrix, IntegerType, Limits};

/// A string that borrows from the body unless it holds escapes.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// The members of a list in which only one is allowed: others are counted, but not kept.
pub(crate) struct OnlyOne<T> {
    first: Option<T>,
    count: usize,
}

impl<T> OnlyOne<T> {
    /// The only member, or an error that names the expected tensor.
    pub(crate) fn get(self, expected: &'static str) -> Result<T, DecodeError> {
        self.at_most_one(expected)?
            .ok_or(DecodeError::TensorCount { expected, found: 0 })
    }

    /// The only member if any.
    fn at_most_one(self, expected: &'static str) -> Result<Option<T>, DecodeError> {
        self.peek_at_most_one(expected)?;
        Ok(self.first)
    }

    /// The same, which stays there.
    pub(crate) fn peek_at_most_one(
        &self,
        expected: &'static str,
    ) -> Result<Option<&T>, DecodeError> {
        match self.count {
            0 | 1 => Ok(self.first.as_ref()),
            found => Err(DecodeError::TensorCount { expected, found }),
        }
    }

    /// Whether there is a first member, and it is such a one.
    pub(crate) fn first_is(&self, is_such: impl FnOnce(&T) -> bool) -> bool {
        self.first.as_ref().is_some_and(is_such)
    }
}

impl<T> Default for OnlyOne<T> {
    fn default() -> Self {
        Self {
            first: None,
            count: 0,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OnlyOne<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = OnlyOne<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OnlyOne<T>, A::Error> {
                let first = list.next_element()?;
                let mut count = usize::from(first.is_some());
                while list.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(OnlyOne { first, count })
            }
        }

        deserializer.deserialize_seq(Members(PhantomData))
    }
}

/// A shape's first two dimensions, and how many it has.
struct Shape {
    dimensions: [usize; 2],
    rank: usize,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Dimensions;

        impl<'de> Visitor<'de> for Dimensions {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of dimensions")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shape, A::Error> {
                let mut shape = Shape {
                    dimensions: [0; 2],
                    rank: 0,
                };
                while let Some(dimension) = list.next_element()? {
                    if let Some(place) = shape.dimensions.get_mut(shape.rank) {
                        *place = dimension;
                    }
                    shape.rank += 1;
                }
                Ok(shape)
            }
        }

        deserializer.deserialize_seq(Dimensions)
    }
}

/// What is known in advance about the width that all elements have.
#[derive(Clone, Copy)]
pub(crate) enum Width {
    Exactly(usize),
    AtMost(usize),
}

/// What a message's JSON says about its tensor.
#[derive(Deserialize)]
pub(crate) struct ReceivedTensor<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    datatype: Text<'a>,
    shape: Shape,
    #[serde(default)]
    parameters: ReceivedParameters,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct ReceivedParameters {
    binary_data_size: Option<usize>,
}

impl ReceivedTensor<'_> {
    /// The tensor's name, unchecked.
    pub(crate) fn name(&self) -> &str {
        &self.name.0
    }

    /// The unsigned integers of the tensor called `name`, whose raw bytes, if any, are everything after the JSON.
    pub(crate) fn integers(
        self,
        name: &'static str,
        raw: &[u8],
        limits: &Limits,
    ) -> Result<IntegerMatrix, DecodeError> {
        let shape = self.shape(name, limits)?;
        let datatype = IntegerType::named(&self.datatype.0);
        let datatype =
            datatype.ok_or_else(|| DecodeError::IntegerDatatype(excerpt(&self.datatype.0)))?;
        let size = element_count(shape)?.checked_mul(datatype.bytes());
        let expected = size.ok_or(crate::ShapeError::Overflow)?;
        match (self.data, self.parameters.binary_data_size) {
            (Some(data), None) if raw.is_empty() => {
                elements::integers_from_json(data.get(), shape, datatype)
            }
            (Some(_), None) => Err(DecodeError::TrailingBytes(raw.len())),
            (None, Some(found)) if found != expected => {
                Err(DecodeError::BinarySize { expected, found })
            }
            (None, Some(size)) => {
                check_size(raw, size)?;
                IntegerMatrix::from_le_bytes(shape, datatype, raw)
            }
            (None, None) | (Some(_), Some(_)) => Err(DecodeError::DataPlace),
        }
    }

    /// Rows and columns, if the tensor is called `name`, and there are no more rows than records are allowed.
    fn shape(&self, name: &'static str, limits: &Limits) -> Result<[usize; 2], DecodeError> {
        if self.name.0 != name {
            return Err(DecodeError::TensorName {
                expected: name,
                found: excerpt(&self.name.0),
            });
        }
        if self.shape.rank != 2 {
            return Err(DecodeError::Rank(self.shape.rank));
        }
        let shape = self.shape.dimensions;
        element_count(shape)?;
        if shape[0] > limits.max_records {
            return Err(DecodeError::TooManyRecords {
                limit: limits.max_records,
                found: shape[0],
            });
        }
        Ok(shape)
    }

    /// The elements of the tensor called `name`, whose raw bytes, if any, are everything after the JSON.
    ///
    pub(crate) fn decode(
        self,
        name: &'static str,
        width: Width,
        raw: &[u8],
        limits: &Limits,
    ) -> Result<ByteMatrix, DecodeError> {
        if self.datatype.0 != DATATYPE && self.name.0 == name {
            return Err(DecodeError::Datatype(excerpt(&self.datatype.0)));
        }
        let shape = self.shape(name, limits)?;
        let count = element_count(shape)?;
        if count > limits.max_ciphertexts {
            return Err(DecodeError::TooManyCiphertexts {
                limit: limits.max_ciphertexts,
                found: count,
            });
        }
        let (width, max_width) = match width {
            Width::Exactly(width) => (Some(width), width),
            Width::AtMost(width) => (None, width),
        };
        let (width, bytes) = match (self.data, self.parameters.binary_data_size) {
            (Some(data), None) => {
                if !raw.is_empty() {
                    return Err(DecodeError::TrailingBytes(raw.len()));
                }
                elements::bytes_from_json(data.get(), shape, width, max_width)?
            }
            (None, Some(size)) => {
                let width = binary_width(size, count, width, max_width)?;
                (width, from_binary(raw, size, width)?)
            }
            (None, None) | (Some(_), Some(_)) => return Err(DecodeError::DataPlace),
        };
        Ok(ByteMatrix::new(shape, width, bytes)?)
    }
}

/// The width of `count` elements that take `size` bytes with their lengths.
fn binary_width(
    size: usize,
    count: usize,
    width: Option<usize>,
    max_width: usize,
) -> Result<usize, DecodeError> {
    match width {
        Some(width) => {
            let expected = width
                .checked_add(PREFIX_BYTES)
                .and_then(|element| element.checked_mul(count))
                .ok_or(crate::ShapeError::Overflow)?;
            if size != expected {
                return Err(DecodeError::BinarySize {
                    expected,
                    found: size,
                });
            }
            Ok(width)
        }
        None => match (size / count).checked_sub(PREFIX_BYTES) {
            Some(width @ 1..) if width <= max_width && size.is_multiple_of(count) => Ok(width),
            _ => Err(DecodeError::UnevenBinarySize { size, count }),
        },
    }
}

/// Checks that a binary tensor of `size` bytes is there, and nothing after it.
fn check_size(raw: &[u8], size: usize) -> Result<(), DecodeError> {
    match raw.len() {
        found if found < size => Err(DecodeError::Truncated {
            expected: size,
            found,
        }),
        found if found > size => Err(DecodeError::TrailingBytes(found - size)),
        _ => Ok(()),
    }
}

/// The elements of a binary tensor without their lengths, each of which must be `width`.
fn from_binary(raw: &[u8], size: usize, width: usize) -> Result<Vec<u8>, DecodeError> {
    check_size(raw, size)?;
    let mut bytes = Vec::with_capacity(size / (PREFIX_BYTES + width) * width);
    for (index, element) in raw.chunks_exact(PREFIX_BYTES + width).enumerate() {
        let (prefix, element) = element.split_at(PREFIX_BYTES);
        let found = prefix
            .iter()
            .rev()
            .fold(0, |length, &byte| length << 8 | usize::from(byte));
        if found != width {
            return Err(DecodeError::ElementWidth {
                index,
                expected: width,
                found,
            });
        }
        bytes.extend_from_slice(element);
    }
    Ok(bytes)
}

/// A tensor as the JSON of a message that we send describes it.
#[derive(Serialize)]
pub(crate) struct SentTensor<'a> {
    name: &'static str,
    shape: [usize; 2],
    datatype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<SentParameters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<elements::Base64<'a>>,
}

#[derive(Serialize)]
struct SentParameters {
    binary_data_size: usize,
}

impl<'a> SentTensor<'a> {
    /// A tensor whose elements are base64 strings in the JSON.
    pub(crate) fn json(name: &'static str, tensor: &'a ByteMatrix) -> Self {
        let data = Some(elements::Base64(tensor));
        Self {
            name,
            shape: tensor.shape(),
            datatype: DATATYPE,
            parameters: None,
            data,
        }
    }

    /// A tensor whose elements follow the JSON.
    pub(crate) fn binary(name: &'static str, tensor: &'a ByteMatrix) -> Self {
        let parameters = Some(SentParameters {
            binary_data_size: crate::framing::binary_size(tensor),
        });
        Self {
            name,
            shape: tensor.shape(),
            datatype: DATATYPE,
            parameters,
            data: None,
        }
    }
}

/// A tensor of unsigned integers as the JSON of a message that we send describes it.
#[derive(Serialize)]
pub(crate) struct SentIntegers<'a> {
    name: &'static str,
    shape: [usize; 2],
    datatype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<SentParameters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a [u64]>,
}

impl<'a> SentIntegers<'a> {
    /// A tensor whose numbers are in the JSON.
    pub(crate) fn json(name: &'static str, tensor: &'a IntegerMatrix) -> Self {
        Self {
            data: Some(tensor.values()),
            parameters: None,
            ..Self::binary(name, tensor)
        }
    }

    /// A tensor whose numbers follow the JSON.
    pub(crate) fn binary(name: &'static str, tensor: &'a IntegerMatrix) -> Self {
        let binary_data_size = tensor.values().len() * tensor.datatype().bytes();
        Self {
            name,
            shape: tensor.shape(),
            datatype: tensor.datatype().name(),
            parameters: Some(SentParameters { binary_data_size }),
            data: None,
        }
    }
}
