//! Rows in the form that the network takes.

use rand::rngs::ChaCha20Rng;
use veilcast_card::Input;

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
        let features = rows.iter().map(|&row| table.features(row, input));
        Ok(Self {
            features: features.collect::<Result<_, _>>()?,
            truth: target.truth(table, rows)?,
        })
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
