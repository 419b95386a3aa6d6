//! Carrying the steps out on a record.

use std::collections::BTreeMap;

use super::trees::Needed;
use super::{Imputed, Preprocessing, Step, Tree, UnknownCategory};
use crate::text::list;
use crate::{Cell, ChangedColumns, PreprocessedRecord, RawRecord, RecordError};

/// A cell on its way through the steps.
#[derive(Clone, Copy)]
enum Value<'a> {
    Number(f64),
    Text(&'a str),
    Missing,
    /// The index of its category, if it is known, and the number of categories.
    OneHot(Option<usize>, usize),
}

/// A step doesn't fit the value that it finds in a column.
enum Unfit<'a> {
    Missing,
    NotANumber,
    NotAText,
    Unknown {
        found: &'a str,
        categories: &'a [String],
    },
}

/// How many cells the steps changed.
#[derive(Default)]
struct Counts {
    imputed: usize,
    changed: ChangedColumns,
}

impl Preprocessing {
    /// Carries the steps out on a record of the columns they were checked for.
    pub(crate) fn apply(
        &self,
        columns: &[String],
        raw: &RawRecord<'_>,
    ) -> Result<PreprocessedRecord, RecordError> {
        let mut counts = Counts::default();
        let numbers = self.expanded(columns, raw, &mut counts)?;
        Ok(PreprocessedRecord {
            features: match self.trees() {
                Some(trees) => numbers.leaves(trees, columns)?,
                None => numbers.features(columns)?,
            },
            imputed: counts.imputed,
            clipped: counts.changed.clipped.len(),
            unknown: counts.changed.unknown.len(),
            changed: counts.changed,
        })
    }

    /// The numbers of a record that trees look at, those of missing cells unknown.
    pub(crate) fn numbers(
        &self,
        columns: &[String],
        raw: &RawRecord<'_>,
    ) -> Result<Vec<Option<f64>>, RecordError> {
        let expanded = self.expanded(columns, raw, &mut Counts::default());
        Ok(expanded?.numbers)
    }

    /// Carries out the steps on single columns.
    fn expanded(
        &self,
        columns: &[String],
        raw: &RawRecord<'_>,
        counts: &mut Counts,
    ) -> Result<Expanded, RecordError> {
        let mut values: Vec<Value<'_>> = match raw {
            RawRecord::Numbers(numbers) => numbers.iter().map(|&x| Value::Number(x)).collect(),
            RawRecord::Cells(cells) => cells.iter().map(Value::from).collect(),
        };
        for step in &self.steps {
            step.apply(columns, &mut values, counts)?;
        }
        Expanded::of(&values, columns)
    }
}

impl Step {
    fn apply<'a>(
        &'a self,
        columns: &[String],
        values: &mut [Value<'a>],
        counts: &mut Counts,
    ) -> Result<(), RecordError> {
        match self {
            Self::Impute { values: imputed } => {
                on(columns, imputed, values, |_, imputed, value| {
                    if let Value::Missing = value {
                        counts.imputed += 1;
                        return Ok(imputed.into());
                    }
                    Ok(value)
                })
            }
            Self::Clip { ranges } => on(columns, ranges, values, |index, &[low, high], value| {
                let number = value.number()?;
                let inside = number.max(low).min(high);
                if inside != number {
                    counts.changed.clipped.push(index);
                }
                Ok(Value::Number(inside))
            }),
            Self::Standardize { columns: standards } => {
                on(columns, standards, values, |_, standard, value| {
                    let number = value.number()?;
                    Ok(Value::Number((number - standard.mean) / standard.std))
                })
            }
            Self::OneHot {
                categories,
                unknown,
            } => on(columns, categories, values, |index, categories, value| {
                let found = value.text()?;
                let hot = categories.iter().position(|category| category == found);
                if hot.is_none() {
                    if *unknown == UnknownCategory::Error {
                        return Err(Unfit::Unknown { found, categories });
                    }
                    counts.changed.unknown.push(index);
                }
                Ok(Value::OneHot(hot, categories.len()))
            }),
            Self::Scale { factor } => {
                for value in values {
                    if let Value::Number(number) = value {
                        *number *= factor;
                    }
                }
                Ok(())
            }
            // The last step: it acts on all numbers at once.
            Self::Trees { .. } => Ok(()),
        }
    }
}

/// The numbers of a record, each one-hot encoded column expanded to several; those of missing cells
/// aren't known.
struct Expanded {
    numbers: Vec<Option<f64>>,
    /// The column of each.
    columns: Vec<usize>,
}

impl Expanded {
    fn of(values: &[Value<'_>], columns: &[String]) -> Result<Self, RecordError> {
        let mut expanded = Self {
            numbers: Vec::with_capacity(values.len()),
            columns: Vec::with_capacity(values.len()),
        };
        for (column, value) in values.iter().enumerate() {
            match *value {
                Value::Number(number) => expanded.numbers.push(Some(number)),
                Value::Missing => expanded.numbers.push(None),
                Value::OneHot(hot, categories) => {
                    let number = |index| Some(f64::from(u8::from(hot == Some(index))));
                    expanded.numbers.extend((0..categories).map(number));
                }
                Value::Text(_) => return Err(Unfit::NotANumber.error(column, columns)),
            }
            expanded.columns.resize(expanded.numbers.len(), column);
        }
        Ok(expanded)
    }

    /// The numbers, none of which may be missing.
    fn features(&self, columns: &[String]) -> Result<Vec<f64>, RecordError> {
        let known = |(index, number): (usize, &Option<f64>)| {
            number.ok_or_else(|| self.missing(index, columns))
        };
        self.numbers.iter().enumerate().map(known).collect()
    }

    /// Which leaves of the trees they reach.
    fn leaves(&self, trees: &[Tree], columns: &[String]) -> Result<Vec<f64>, RecordError> {
        let mut features = Vec::with_capacity(trees.iter().map(Tree::features).sum());
        for tree in trees {
            let reached = tree.leaf(&self.numbers);
            let reached = reached.map_err(|Needed { feature }| self.missing(feature, columns))?;
            let number = |leaf| f64::from(u8::from(leaf == reached));
            features.extend((0..tree.features()).map(number));
        }
        Ok(features)
    }

    fn missing(&self, index: usize, columns: &[String]) -> RecordError {
        Unfit::Missing.error(self.columns[index], columns)
    }
}

/// Changes the values of the columns that a step names.
fn on<'a, T>(
    columns: &[String],
    named: &'a BTreeMap<String, T>,
    values: &mut [Value<'a>],
    mut change: impl FnMut(usize, &'a T, Value<'a>) -> Result<Value<'a>, Unfit<'a>>,
) -> Result<(), RecordError> {
    for (index, (column, value)) in columns.iter().zip(values).enumerate() {
        if let Some(parameter) = named.get(column) {
            *value =
                change(index, parameter, *value).map_err(|unfit| unfit.error(index, columns))?;
        }
    }
    Ok(())
}

impl<'a> Value<'a> {
    fn number(self) -> Result<f64, Unfit<'a>> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Missing => Err(Unfit::Missing),
            Self::Text(_) | Self::OneHot(..) => Err(Unfit::NotANumber),
        }
    }

    fn text(self) -> Result<&'a str, Unfit<'a>> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Missing => Err(Unfit::Missing),
            Self::Number(_) | Self::OneHot(..) => Err(Unfit::NotAText),
        }
    }
}

impl<'a> From<&'a Cell> for Value<'a> {
    fn from(cell: &'a Cell) -> Self {
        match cell {
            Cell::Number(number) => Self::Number(*number),
            Cell::Text(text) => Self::Text(text),
            Cell::Missing => Self::Missing,
        }
    }
}

impl<'a> From<&'a Imputed> for Value<'a> {
    fn from(imputed: &'a Imputed) -> Self {
        match imputed {
            Imputed::Number(number) => Self::Number(*number),
            Imputed::Text(text) => Self::Text(text),
        }
    }
}

impl Unfit<'_> {
    fn error(self, index: usize, columns: &[String]) -> RecordError {
        let name = columns.get(index).cloned().unwrap_or_default();
        match self {
            Self::Missing => RecordError::Missing { index, name },
            Self::NotANumber => RecordError::NotANumber { index, name },
            Self::NotAText => RecordError::NotAText { index, name },
            Self::Unknown { found, categories } => RecordError::UnknownCategory {
                index,
                name,
                found: found.chars().take(40).collect(),
                known: list(categories),
            },
        }
    }
}
