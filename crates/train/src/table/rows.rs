//! Rows in the form that the network takes.

use rand::rngs::ChaCha20Rng;
use veilcast_card::{Input, RecordError};

use super::error::TableError;
use super::read::LabelledTable;
use super::target::{Target, Truth};
use crate::optimize::{Examples, Targets};

/// Preprocessed rows with their true classes or numbers.
pub(super) struct Rows {
    pub(super) features: Vec<Vec<f64>>,
    pub(super) truth: Truth,
}

impl Rows {
    pub(super) fn of(
        table: &LabelledTable,
        rows: &[usize],
        input: &Input,
        target: &Target,
    ) -> Result<Self, TableError> {
        let places = table.places(input);
        let features = rows.iter().map(|&row| table.features(row, &places, input));
        Ok(Self {
            features: features.collect::<Result<_, _>>()?,
            truth: target.truth(table, rows)?,
        })
    }
}

/// Those of the rows that can be measured, and how many can't: they have a class or a category that no
/// training row has.
pub(super) fn measurable(
    table: &LabelledTable,
    rows: &[usize],
    input: &Input,
    target: &Target,
) -> Result<(Vec<usize>, usize), TableError> {
    let places = table.places(input);
    let mut fit = Vec::with_capacity(rows.len());
    let mut unfit = None;
    for &row in rows {
        let features = table.features(row, &places, input);
        match features.and_then(|_| target.truth(table, &[row])) {
            Ok(_) => fit.push(row),
            Err(
                error @ (TableError::UnseenClass { .. }
                | TableError::Record {
                    source: RecordError::UnknownCategory { .. },
                    ..
                }),
            ) => unfit = unfit.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    let left_out = rows.len() - fit.len();
    match (fit.is_empty(), unfit) {
        (true, Some(error)) => Err(error),
        _ => Ok((fit, left_out)),
    }
}

impl Examples for Rows {
    fn len(&self) -> usize {
        self.features.len()
    }

    fn features(&self) -> usize {
        self.features.first().map_or(0, Vec::len)
    }

    fn write(&self, index: usize, _: &mut ChaCha20Rng, out: &mut Vec<f32>) {
        out.extend(self.features[index].iter().map(|&x| x as f32));
    }

    fn targets(&self, indices: &[usize]) -> Targets {
        self.truth.targets(indices)
    }
}
