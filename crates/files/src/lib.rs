//! Files: records in PNG, CSV, NPY and IDX, and with features Parquet, Arrow and workbooks, told apart by their content;
//! and output that appears whole or not at all ([`OutputFile`]).
//!
//! [`open`] returns the raw records that an [`Encoder`](veilcast_card::Encoder) takes, in the
//! file's order. CSV and NPY files are read as the records are asked for, in memory that doesn't
//! grow with them; sizes are checked before anything is allocated.
#![forbid(unsafe_code)]

mod array;
mod columnar;
mod content;
mod drawing;
mod error;
mod grey;
pub mod idx;
mod limits;
mod open;
mod output;
mod picture;
mod record;
#[cfg_attr(
    not(any(feature = "excel", feature = "parquet")),
    allow(dead_code, reason = "there is no other format to turn into CSV")
)]
mod rendered;
pub mod table;
mod workbook;

#[cfg(feature = "parquet")]
pub use columnar::parquet_metadata;
pub use content::STANDARD_INPUT;
pub use drawing::{DrawingError, fit_mnist};
pub use error::ReadError;
pub use grey::GreyImage;
pub use limits::MAX_FILE_BYTES;
pub use open::{Records, column_names, open, open_table};
pub use output::{OutputFile, Readers, WriteError};
pub use record::{IgnoredColumns, Options, Record};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
