//! What can be wrong with a table to learn from.

use veilcast_card::RecordError;
use veilcast_files::ReadError;

/// A model can't learn from a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file is larger than any that is kept in memory.
    #[error("{file} has more than {limit} bytes in its cells; take some of its rows")]
    TooLarge {
        /// The file.
        file: String,
        /// The most accepted.
        limit: u64,
    },
    /// A column that was asked for isn't there.
    #[error("{file} has no column {column:?}; it has {columns}")]
    NoColumn {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// The columns that are there, or the first of them.
        columns: String,
    },
    /// The target is one of the columns to predict it from.
    #[error("{column:?} is the target, so it can't be predicted from")]
    TargetIsInput {
        /// The target.
        column: String,
    },
    /// Too few rows to train on and to measure with.
    #[error("{file} has {rows} rows; at least {needed} are needed")]
    TooFewRows {
        /// The file.
        file: String,
        /// Number of rows.
        rows: usize,
        /// Fewest accepted.
        needed: usize,
    },
    /// A row's target is missing.
    #[error("{place}: the target {target:?} is missing")]
    NoTarget {
        /// File and line.
        place: String,
        /// The target.
        target: String,
    },
    /// A row's target should be a number, and isn't.
    #[error(
        "{place}: the target {target:?} is {found:?}, which isn't a finite number; a regression \
         predicts numbers"
    )]
    TargetNotANumber {
        /// File and line.
        place: String,
        /// The target.
        target: String,
        /// What the cell says.
        found: String,
    },
    /// The training rows have a single class, or number.
    #[error(
        "the target {target:?} is {value:?} in every training row; it needs two values or more"
    )]
    OneClass {
        /// The target.
        target: String,
        /// Its value.
        value: String,
    },
    /// The target has more values than there can be classes.
    #[error(
        "the target {target:?} has {found} values, more than the {limit} that can be classes; tell \
         one value from all others, or take another column"
    )]
    TooManyClasses {
        /// The target.
        target: String,
        /// Number of its values.
        found: usize,
        /// The most accepted.
        limit: usize,
    },
    /// No training row is positive.
    #[error("the target {target:?} is {positive:?} in no training row; its values are {values}")]
    NoPositive {
        /// The target.
        target: String,
        /// The value that was to be distinguished from the others.
        positive: String,
        /// The target's values, or the first of them.
        values: String,
    },
    /// Too few or too many names of what is predicted.
    #[error("{found} labels are given for {named}")]
    Labels {
        /// Number of names.
        found: usize,
        /// What they are to name.
        named: String,
    },
    /// A row that is held out has a class that no training row has.
    #[error("{place}: the target {target:?} is {value:?}, which occurs in no training row")]
    UnseenClass {
        /// File and line.
        place: String,
        /// The target.
        target: String,
        /// Its value.
        value: String,
    },
    /// Some columns carry no information.
    #[error("every training row has the same value, or none, in {columns}; leave such columns out")]
    Constant {
        /// The columns, or the first of them.
        columns: String,
    },
    /// Dates in an order that can't be told.
    #[error(
        "the column {column:?} has dates such as {example:?}, whose order of day and month can't be \
         told; write them as 2024-12-31, or leave the column out"
    )]
    OtherDates {
        /// The column.
        column: String,
        /// A cell.
        example: String,
    },
    /// Too many texts for categories.
    #[error(
        "more than {limit} different texts, too many for categories, are in {columns}; leave such \
         columns out"
    )]
    TooManyCategories {
        /// The columns, with the numbers of their texts.
        columns: String,
        /// The most accepted.
        limit: usize,
    },
    /// A row that is held out doesn't fit what the training rows show.
    #[error("{place} doesn't fit the training rows")]
    Record {
        /// File and line.
        place: String,
        /// Why not.
        source: RecordError,
    },
}
