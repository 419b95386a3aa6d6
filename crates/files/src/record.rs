//! A record from a file, and which of its columns are wanted.

use veilcast_card::RawRecord;

use crate::error::ReadError;
use crate::table::Reading;

/// What to do with columns of a table that the model doesn't take, and how it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Columns that may be there nevertheless.
    pub ignore: IgnoredColumns,
    /// Columns, such as a patient's number, whose cells are [returned with](Record::kept) the
    /// records.
    pub keep: Vec<String>,
    /// How tables are written, as far as it isn't to be found out.
    pub reading: Reading,
}

/// Columns that may be in a file, although the model doesn't take them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IgnoredColumns {
    /// Columns of these names.
    Named(Vec<String>),
    /// Any.
    All,
}

impl Default for IgnoredColumns {
    fn default() -> Self {
        Self::Named(Vec::new())
    }
}

/// A record from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The values that the model takes.
    pub raw: RawRecord<'static>,
    /// The cells of the columns to be [kept](Options::keep), in that order.
    pub kept: Vec<String>,
    /// The cells that are missing: which of the model's columns, from 0, and how each is spelt.
    pub missing: Vec<(usize, String)>,
}

impl From<Vec<f64>> for Record {
    fn from(numbers: Vec<f64>) -> Self {
        Self {
            raw: numbers.into(),
            kept: Vec::new(),
            missing: Vec::new(),
        }
    }
}

/// Records one after another, as the reader of a format returns them.
pub(crate) type Source = Box<dyn Iterator<Item = Result<Record, ReadError>> + Send>;
