//! A matrix of unsigned integers, which is a plain V2 tensor.

use crate::byte_matrix::element_count;
use crate::{DecodeError, ShapeError};

/// The datatype of a tensor of unsigned integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntegerType {
    /// `UINT8`.
    Uint8,
    /// `UINT16`.
    Uint16,
    /// `UINT32`.
    Uint32,
    /// `UINT64`.
    Uint64,
}

impl IntegerType {
    const ALL: [Self; 4] = [Self::Uint8, Self::Uint16, Self::Uint32, Self::Uint64];

    /// The narrowest type of 16 bits or more for numbers of this many bits, which are at most 64.
    #[must_use]
    pub fn for_bits(bits: u32) -> Self {
        match bits {
            0..=16 => Self::Uint16,
            17..=32 => Self::Uint32,
            _ => Self::Uint64,
        }
    }

    /// The bytes of an element.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::Uint8 => 1,
            Self::Uint16 => 2,
            Self::Uint32 => 4,
            Self::Uint64 => 8,
        }
    }

    /// The name of the datatype in a message.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uint8 => "UINT8",
            Self::Uint16 => "UINT16",
            Self::Uint32 => "UINT32",
            Self::Uint64 => "UINT64",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|datatype| datatype.name() == name)
    }

    /// The largest number.
    pub(crate) fn max(self) -> u64 {
        u64::MAX >> (64 - 8 * self.bytes())
    }
}

/// A matrix of unsigned integers, row by row; it has at least one row and one column, and each number fits its type.
#[derive(Clone, PartialEq, Eq)]
pub struct IntegerMatrix {
    rows: usize,
    columns: usize,
    datatype: IntegerType,
    values: Vec<u64>,
}

impl IntegerMatrix {
    /// A matrix of `rows` × `columns` numbers, row by row.
    ///
    /// # Errors
    /// A [`ShapeError`] if a dimension is zero, or there are not exactly rows · columns numbers.
    ///
    /// # Panics
    /// If a number does not fit the type.
    pub fn new(
        shape: [usize; 2],
        datatype: IntegerType,
        values: Vec<u64>,
    ) -> Result<Self, ShapeError> {
        let expected = element_count(shape)?;
        if values.len() != expected {
            let [expected, found] = [expected, values.len()].map(|n| n * datatype.bytes());
            return Err(ShapeError::Length { expected, found });
        }
        let fits = values.iter().all(|&value| value <= datatype.max());
        assert!(fits, "each number fits its type");
        let [rows, columns] = shape;
        Ok(Self {
            rows,
            columns,
            datatype,
            values,
        })
    }

    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// The type of the numbers.
    #[must_use]
    pub fn datatype(&self) -> IntegerType {
        self.datatype
    }

    /// All numbers, row by row.
    #[must_use]
    pub fn values(&self) -> &[u64] {
        &self.values
    }

    /// The numbers, one row after another.
    pub fn iter_rows(&self) -> std::slice::ChunksExact<'_, u64> {
        self.values.chunks_exact(self.columns)
    }

    /// The bytes of a binary tensor: each number little-endian.
    #[must_use]
    pub fn to_le_bytes(&self) -> Vec<u8> {
        let width = self.datatype.bytes();
        let numbers = self.values.iter();
        numbers
            .flat_map(|value| value.to_le_bytes().into_iter().take(width))
            .collect()
    }

    /// Reads the bytes of a binary tensor.
    pub(crate) fn from_le_bytes(
        shape: [usize; 2],
        datatype: IntegerType,
        bytes: &[u8],
    ) -> Result<Self, DecodeError> {
        let numbers = bytes.chunks_exact(datatype.bytes());
        let values = numbers.map(|number| {
            let digits = number.iter().rev();
            digits.fold(0, |value, &digit| value << 8 | u64::from(digit))
        });
        Ok(Self::new(shape, datatype, values.collect())?)
    }
}

impl std::fmt::Debug for IntegerMatrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.datatype.name();
        write!(
            f,
            "IntegerMatrix({} × {} of {name})",
            self.rows, self.columns
        )
    }
}
