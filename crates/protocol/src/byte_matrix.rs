//! A matrix of byte strings of one width.

use crate::ShapeError;

/// A matrix of byte strings of the same width, row by row, such as ciphertexts as big-endian numbers.
///
/// It has at least one row and one column. What the bytes mean is not checked.
#[derive(Clone, PartialEq, Eq)]
pub struct ByteMatrix {
    rows: usize,
    columns: usize,
    width: usize,
    bytes: Vec<u8>,
}

impl ByteMatrix {
    /// A matrix of `rows` × `columns` elements of `width` bytes each, which `bytes` holds one after
    /// another.
    ///
    /// # Errors
    /// A [`ShapeError`] if a dimension or the width is zero, or if `bytes` doesn't have exactly
    /// rows · columns · width bytes.
    pub fn new(
        [rows, columns]: [usize; 2],
        width: usize,
        bytes: Vec<u8>,
    ) -> Result<Self, ShapeError> {
        let count = element_count([rows, columns])?;
        if width == 0 {
            return Err(ShapeError::NoWidth);
        }
        let expected = count.checked_mul(width).ok_or(ShapeError::Overflow)?;
        if bytes.len() != expected {
            return Err(ShapeError::Length {
                expected,
                found: bytes.len(),
            });
        }
        Ok(Self {
            rows,
            columns,
            width,
            bytes,
        })
    }

    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// The number of rows, at least one.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns, at least one.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The bytes of one element, at least one.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of elements.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a matrix is never empty")]
    pub fn len(&self) -> usize {
        self.rows * self.columns
    }

    /// All elements one after another, row by row.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The elements in order, row by row.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, u8> {
        self.bytes.chunks_exact(self.width)
    }

    /// The elements of one row, or nothing if there is no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> Option<std::slice::ChunksExact<'_, u8>> {
        let bytes = self
            .bytes
            .chunks_exact(self.columns * self.width)
            .nth(row)?;
        Some(bytes.chunks_exact(self.width))
    }
}

impl std::fmt::Debug for ByteMatrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "ByteMatrix({} × {} of {} bytes)",
            self.rows, self.columns, self.width
        )
    }
}

impl<'a> IntoIterator for &'a ByteMatrix {
    type Item = &'a [u8];
    type IntoIter = std::slice::ChunksExact<'a, u8>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The number of elements of a shape, which must not be zero.
pub(crate) fn element_count([rows, columns]: [usize; 2]) -> Result<usize, ShapeError> {
    match rows.checked_mul(columns) {
        None => Err(ShapeError::Overflow),
        Some(0) => Err(ShapeError::Empty),
        Some(count) => Ok(count),
    }
}
