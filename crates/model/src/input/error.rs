//! What can be wrong with a file of records.

use std::io;

use super::drawing::DrawingError;
use crate::idx::IdxError;

/// A file of records can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The operating system refused.
    #[error("can't read {file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The file is larger than any accepted.
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
    /// The records have another shape than the model's.
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
    #[error("record {record}, value {feature} (both from 0) is {value}; expected {expected}")]
    Value {
        /// Index of the record, from 0.
        record: u64,
        /// Index of the value in the record, from 0.
        feature: usize,
        /// The value.
        value: f64,
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
    #[error("{file} isn't a usable PNG image: {source}")]
    Png {
        /// The file.
        file: String,
        /// What is wrong with it.
        source: image::ImageError,
    },
    /// The picture can't be fitted to the model's size.
    #[error("{file} can't be read as a drawing: {source}")]
    Drawing {
        /// The file.
        file: String,
        /// Why not.
        source: DrawingError,
    },
    /// The CSV file can't be taken apart.
    #[error("{file} isn't a usable CSV file: {source}")]
    Csv {
        /// The file.
        file: String,
        /// What is wrong with it, with the line.
        source: csv::Error,
    },
    /// The header's columns aren't the model's.
    #[error("{file}: the header {problem}")]
    Header {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A cell isn't a number.
    #[error("{file}, line {line}, column {column:?}: {found:?} isn't a finite number")]
    Cell {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// What the cell says.
        found: String,
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
    pub(super) fn io(file: &str, source: io::Error) -> Self {
        Self::Io {
            file: file.to_owned(),
            source,
        }
    }
}
