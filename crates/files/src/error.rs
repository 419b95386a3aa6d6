//! What can be wrong with a file of records.

use std::io;

use super::drawing::DrawingError;
use crate::idx::IdxError;

/// A file of records can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The operating system refused.
    #[error("can't read {file}")]
    Io {
        /// The file.
        file: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The file is larger than the limit.
    #[error(
        "{file} has {bytes} bytes, more than the {} accepted; split it",
        super::MAX_FILE_BYTES
    )]
    FileTooLarge {
        /// The file.
        file: String,
        /// Its size.
        bytes: u64,
    },
    /// The file holds nothing.
    #[error("{file} is empty; expected PNG, CSV, NPY or IDX")]
    Empty {
        /// The file.
        file: String,
    },
    /// The records' shape isn't the model's.
    #[error("{file} holds {found}; the model takes records of shape {expected}")]
    Shape {
        /// The file.
        file: String,
        /// What it holds.
        found: String,
        /// The shape of the model's records.
        expected: String,
    },
    /// The IDX file is damaged.
    #[error(transparent)]
    Idx(IdxError),
    /// A value out of range.
    #[error("record {record}, value {feature} (both from 0) is {found}; expected {expected}")]
    Value {
        /// Index of the record, from 0.
        record: u64,
        /// Index of the value in the record, from 0.
        feature: usize,
        /// The value.
        found: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// The pixels were scaled already.
    #[error(
        "record {record} (from 0) has fractions between 0 and 1 as pixels, but the model takes 0 \
         to 255 and scales them itself; multiply by 255"
    )]
    ScaledPixels {
        /// Index of the record, from 0.
        record: u64,
    },
    /// The PNG file is damaged, or too large.
    #[error("{file} isn't a usable PNG image")]
    Png {
        /// The file.
        file: String,
        /// What is wrong with it.
        source: png::DecodingError,
    },
    /// The picture can't be fitted to the model's size.
    #[error("{file} can't be read as a picture of a digit")]
    Drawing {
        /// The file.
        file: String,
        /// Why not.
        source: DrawingError,
    },
    /// A file in another encoding.
    #[error("{file} is in UTF-16; save it as CSV in UTF-8")]
    Utf16 {
        /// The file.
        file: String,
    },
    /// A table with another separator.
    #[error(
        "{file}: the columns are separated by {separator}; save the table with commas between \
         columns and points in decimal numbers"
    )]
    Separator {
        /// The file.
        file: String,
        /// The separator found.
        separator: &'static str,
    },
    /// The header's columns aren't the model's.
    #[error("{file}: the header {problem}")]
    Header {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The file has more columns than the model takes.
    #[error(
        "{file}: the header has {}, which the model doesn't take",
        veilcast_card::list(columns)
    )]
    ExtraColumns {
        /// The file.
        file: String,
        /// The columns that the model doesn't take.
        columns: Vec<String>,
    },
    /// A row is shorter or longer than the header.
    #[error(
        "{file}, line {line}: the row has {found} cells, the header {expected}; a cell with a comma \
         needs quotes, a number a decimal point"
    )]
    RowLength {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// Number of cells in the row.
        found: usize,
        /// Number of columns in the header.
        expected: usize,
    },
    /// A row has no end.
    #[error(
        "{file}, line {line}: the row has more than {limit} bytes; is a quotation mark not closed?"
    )]
    RowTooLong {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The most accepted.
        limit: usize,
    },
    /// A cell isn't text.
    #[error("{file}, line {line}, column {column:?}: the cell isn't UTF-8; save the file as UTF-8")]
    NotUtf8 {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
    },
    /// A cell isn't a number.
    #[error("{file}, line {line}, column {column:?}: {found:?} isn't a finite number{hint}")]
    NotANumber {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// What the cell says.
        found: String,
        /// What to do about it, if that is clear.
        hint: &'static str,
    },
    /// A cell holds no value, and the card gives none to use instead.
    #[error(
        "{file}, line {line}, column {column:?}: the value is missing ({found:?}), and the model \
         needs one"
    )]
    MissingCell {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// What the cell says.
        found: String,
    },
    /// A category that the card doesn't know.
    #[error(
        "{file}, line {line}, column {column:?}: the model doesn't know {found:?}; it knows {known}"
    )]
    UnknownCategory {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// What the cell says.
        found: String,
        /// The categories that the card knows, or the first of them.
        known: String,
    },
    /// The file changed while it was being read.
    #[error("{file} changed while it was read; wait until it is complete")]
    Changed {
        /// The file.
        file: String,
    },
    /// A file of numbers can't hold texts.
    #[error("{file} holds numbers only, but the model takes columns of text; give a CSV file")]
    NumbersOnly {
        /// The file.
        file: String,
    },
    /// Columns should be kept from a file that has none.
    #[error("{file} isn't CSV, so it has no columns to keep")]
    NoColumns {
        /// The file.
        file: String,
    },
    /// The NPY file is damaged, or of a kind that isn't accepted.
    #[error("{file} isn't a usable NPY file: {problem}")]
    Npy {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl ReadError {
    /// Whether the message names the file; an error of a record's numbers names only the record.
    pub fn names_file(&self) -> bool {
        !matches!(self, Self::Value { .. } | Self::ScaledPixels { .. })
    }

    /// The operating system's error for a file of this name.
    pub fn io(file: &str, source: io::Error) -> Self {
        Self::Io {
            file: file.to_owned(),
            source,
        }
    }
}
