//! A record before and after preprocessing.

use std::borrow::Cow;

use super::{Input, InputKind, RecordError};

/// A cell of a table's row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A finite number.
    Number(f64),
    /// A category, for a column that is one-hot encoded.
    Text(String),
    /// No value.
    Missing,
}

/// A record before preprocessing, in the card's order: pixels, an array's numbers, or the cells of a
/// table's row.
#[derive(Clone, Debug, PartialEq)]
pub enum RawRecord<'a> {
    /// Numbers only.
    Numbers(Cow<'a, [f64]>),
    /// Numbers, texts and gaps.
    Cells(Cow<'a, [Cell]>),
}

/// The numbers that preprocessing, and then the public part if there is one, compute from a record;
/// and what was done to the cells to get them.
#[derive(Clone, Debug, PartialEq)]
pub struct PreprocessedRecord {
    /// The numbers; for the float map [`Card::features`](super::Card::features) of them.
    pub features: Vec<f64>,
    /// How many missing cells were given the card's value.
    pub imputed: usize,
    /// How many cells were moved to the edge of their range.
    pub clipped: usize,
    /// How many categories that the card doesn't know became zeros.
    pub unknown: usize,
    /// Which of a table's columns were moved to the edge of their range, and which had a category
    /// that the card doesn't know.
    pub changed: ChangedColumns,
}

/// The columns of a record, from 0, whose cells don't count as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedColumns {
    /// Those that were moved to the edge of their range.
    pub clipped: Vec<usize>,
    /// Those whose category the card doesn't know.
    pub unknown: Vec<usize>,
}

impl Input {
    /// Number of values in a raw record, before preprocessing.
    pub fn raw_features(&self) -> usize {
        // In a checked card the product doesn't overflow.
        self.shape.iter().product()
    }

    /// The name of a raw feature, for messages: the table's column, or the place of the pixel or of
    /// the number.
    pub fn feature_name(&self, index: usize) -> String {
        match (&self.features, self.kind) {
            (Some(names), _) => names.get(index).cloned().unwrap_or_default(),
            (None, InputKind::Array) => format!("number{index}"),
            (None, InputKind::Image | InputKind::Table) => format!("pixel{index}"),
        }
    }

    /// The column of a table that a preprocessed value comes from; none if it is a tree's.
    pub fn column_of(&self, value: usize) -> Option<usize> {
        if self.preprocessing.trees().is_some() {
            return None;
        }
        let mut values = 0;
        let names = self.features.as_ref()?;
        names.iter().position(|name| {
            let categories = self.preprocessing.categories(name);
            values += categories.map_or(1, |(categories, _)| categories.len());
            value < values
        })
    }

    /// The unit of a column's numbers, if the card has it.
    pub fn unit(&self, column: &str) -> Option<&str> {
        self.about.get(column)?.unit.as_deref()
    }

    /// Whether some columns hold texts, so that a record can't consist of numbers only.
    pub fn has_texts(&self) -> bool {
        let names = self.features.iter().flatten();
        names
            .into_iter()
            .any(|name| self.preprocessing.categories(name).is_some())
    }

    /// Carries out the preprocessing on a raw record.
    ///
    /// # Errors
    /// [`RecordError`] if the record has another length, a number isn't finite, a cell is missing
    /// or not of the column's type, or the card doesn't know a category.
    pub fn preprocess<'a>(
        &self,
        raw: impl Into<RawRecord<'a>>,
    ) -> Result<PreprocessedRecord, RecordError> {
        let raw = raw.into();
        self.check_numbers(&raw)?;
        let columns = self.features.as_deref().unwrap_or_default();
        self.preprocessing.apply(columns, &raw)
    }

    /// The numbers that decision trees look at: a raw record's after all other steps, those of missing
    /// cells unknown.
    ///
    /// # Errors
    /// As [`preprocess`](Self::preprocess), but for numbers that are missing.
    pub fn numbers<'a>(
        &self,
        raw: impl Into<RawRecord<'a>>,
    ) -> Result<Vec<Option<f64>>, RecordError> {
        let raw = raw.into();
        self.check_numbers(&raw)?;
        let columns = self.features.as_deref().unwrap_or_default();
        self.preprocessing.numbers(columns, &raw)
    }

    fn check_numbers(&self, raw: &RawRecord<'_>) -> Result<(), RecordError> {
        if raw.len() != self.raw_features() {
            return Err(RecordError::Length {
                found: raw.len(),
                expected: self.raw_features(),
            });
        }
        if let Some((index, value)) = raw.not_finite() {
            return Err(RecordError::NotFinite {
                index,
                name: self.feature_name(index),
                value,
            });
        }
        Ok(())
    }
}

impl RawRecord<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Cells(cells) => cells.len(),
        }
    }

    /// The first number that isn't finite, with its index.
    fn not_finite(&self) -> Option<(usize, f64)> {
        let unfit = |(_, value): &(usize, f64)| !value.is_finite();
        match self {
            Self::Numbers(numbers) => numbers.iter().copied().enumerate().find(unfit),
            Self::Cells(cells) => {
                let number = |(index, cell): (usize, &Cell)| match cell {
                    Cell::Number(number) => Some((index, *number)),
                    Cell::Text(_) | Cell::Missing => None,
                };
                cells.iter().enumerate().filter_map(number).find(unfit)
            }
        }
    }
}

impl<'a> From<&'a [f64]> for RawRecord<'a> {
    fn from(numbers: &'a [f64]) -> Self {
        Self::Numbers(Cow::Borrowed(numbers))
    }
}

impl<'a, const N: usize> From<&'a [f64; N]> for RawRecord<'a> {
    fn from(numbers: &'a [f64; N]) -> Self {
        numbers.as_slice().into()
    }
}

impl<'a> From<&'a Vec<f64>> for RawRecord<'a> {
    fn from(numbers: &'a Vec<f64>) -> Self {
        numbers.as_slice().into()
    }
}

impl From<Vec<f64>> for RawRecord<'_> {
    fn from(numbers: Vec<f64>) -> Self {
        Self::Numbers(Cow::Owned(numbers))
    }
}

impl<'a> From<&'a [Cell]> for RawRecord<'a> {
    fn from(cells: &'a [Cell]) -> Self {
        Self::Cells(Cow::Borrowed(cells))
    }
}

impl From<Vec<Cell>> for RawRecord<'_> {
    fn from(cells: Vec<Cell>) -> Self {
        Self::Cells(Cow::Owned(cells))
    }
}

impl<'a> From<&'a RawRecord<'_>> for RawRecord<'a> {
    fn from(record: &'a RawRecord<'_>) -> Self {
        match record {
            RawRecord::Numbers(numbers) => Self::Numbers(Cow::Borrowed(numbers)),
            RawRecord::Cells(cells) => Self::Cells(Cow::Borrowed(cells)),
        }
    }
}
