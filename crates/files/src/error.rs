//! What can be wrong with a file of records.

use std::io;

use super::drawing::DrawingError;
use crate::idx::IdxError;
use crate::table::Unreadable;

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
        "record {record} (from 0) has only numbers from 0 to 1 as pixels, but the model takes 0 \
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
    /// A file in a format that isn't read.
    #[error("{file} is {what}; {advice}")]
    OtherFormat {
        /// The file.
        file: String,
        /// What it is.
        what: &'static str,
        /// What to do about it.
        advice: &'static str,
    },
    /// A file that can't be a table, since it isn't text.
    #[error(
        "{file} is neither a format that is read nor text in UTF-8, UTF-16 or Windows-1252; give \
         PNG, CSV, NPY or IDX"
    )]
    NotText {
        /// The file.
        file: String,
    },
    /// A format that can't be read from standard input, nor unpacked while it is read.
    #[error("{file}: this format isn't read from standard input, nor gzipped; give a plain file")]
    FilesOnly {
        /// The file.
        file: String,
    },
    /// A workbook, or a file of columns, is damaged or of a kind that isn't read.
    #[error("{file} can't be read as {format}: {problem}")]
    Unusable {
        /// The file.
        file: String,
        /// Its format.
        format: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The cells of a column hold more than a number or a text.
    #[error(
        "{file}: the column {column:?} holds {what}, not numbers or texts; leave it out, or save the \
         table with a column for each value"
    )]
    Nested {
        /// The file.
        file: String,
        /// The column's name.
        column: String,
        /// What its cells hold.
        what: &'static str,
    },
    /// A decimal mark is asked for where numbers aren't texts.
    #[error(
        "{file} holds numbers themselves, so a decimal mark can't be chosen; turn texts such as \
         \"9,5\" in it into numbers"
    )]
    NoDecimalMark {
        /// The file.
        file: String,
    },
    /// A format that a feature of this crate reads, which isn't built in.
    #[error(
        "{file} is {what}, and this program was built without what reads it; save the table as CSV, \
         or use a program that was built with it"
    )]
    NotBuiltIn {
        /// The file.
        file: String,
        /// What it is.
        what: &'static str,
    },
    /// What separates the columns can't be found out, or isn't read.
    #[error("{file}: {problem}")]
    Separator {
        /// The file.
        file: String,
        /// What is unclear, and what to do.
        problem: String,
    },
    /// A quotation mark isn't closed.
    #[error("{file}, line {line}: a quotation mark is opened in this row and not closed")]
    OpenQuote {
        /// The file.
        file: String,
        /// The line that the row begins in, from 1.
        line: u64,
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
        "{file}, line {line}: the row has {found} cells, the header {expected}; a cell that holds \
         what separates the columns needs quotes"
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
    #[error(
        "{file}, line {line}, column {column:?}: the cell isn't UTF-8, as the beginning of the file \
         is; save the file as UTF-8, or name its encoding"
    )]
    NotUtf8 {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
    },
    /// A cell isn't a number, or not one of its column.
    #[error("{file}, line {line}, column {column:?}: {found:?} {}", words(*fault))]
    NotANumber {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// What the cell says.
        found: String,
        /// Why not.
        fault: Unreadable,
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

/// Why a text isn't a number of its column, after the text.
pub(crate) fn words(fault: Unreadable) -> String {
    match fault {
        Unreadable::NotANumber => "isn't a finite number".to_owned(),
        Unreadable::OtherDecimal => {
            "isn't a number with the decimal mark that the others of the column have".to_owned()
        }
        Unreadable::Ambiguous => {
            "can be read in two ways, with the comma between thousands or as decimal mark"
                .to_owned()
        }
        Unreadable::Percent => {
            "doesn't go with the others of the column: some are per cent, others not; write all of \
             them alike"
                .to_owned()
        }
        Unreadable::Currency { found, expected } => format!(
            "is in {found}, others of the column in {expected}; convert them to one currency"
        ),
    }
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
