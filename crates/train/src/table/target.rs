//! What is to be predicted for a row: its class, or a number.

use super::classes::Classes;
use super::findings::Finding;
use super::read::shown;
use super::{LabelledTable, TableError, TableOptions, Task};
use crate::optimize::Targets;
use crate::trained::{Layers, scaled};
use veilcast_card::Activation;
use veilcast_model::ShapeError;

/// What a table's target means.
pub(super) enum Target {
    Classes(Classes),
    Numbers(Numbers),
}

/// A target of numbers, with their mean and deviation in the training rows. The network learns how
/// many deviations they are from the mean.
pub(super) struct Numbers {
    label: String,
    unit: Option<String>,
    mean: f64,
    std: f64,
}

/// The true classes or numbers of some rows.
pub(super) enum Truth {
    Classes(Vec<usize>),
    /// In the target's unit, and as the network learns them.
    Numbers(Vec<f64>, Vec<f32>),
}

impl Target {
    /// Finds out what the training rows' target means.
    pub(super) fn find(
        table: &LabelledTable,
        trained_on: &[usize],
        options: &TableOptions,
    ) -> Result<Self, TableError> {
        let labels = options.labels.as_deref();
        match &options.task {
            Task::Classification { positive, .. } => {
                let classes = Classes::find(table, trained_on, positive.as_deref(), labels);
                classes.map(Self::Classes)
            }
            Task::Regression { unit } => {
                let mut numbers = Numbers::find(table, trained_on, labels)?;
                numbers.unit.clone_from(unit);
                Ok(Self::Numbers(numbers))
            }
        }
    }

    /// Number of the model's outputs.
    pub(super) fn outputs(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.outputs(),
            Self::Numbers(_) => 1,
        }
    }

    /// The class of most training rows, for classes.
    pub(super) fn most_frequent(&self) -> Option<usize> {
        match self {
            Self::Classes(classes) => Some(classes.most_frequent()),
            Self::Numbers(_) => None,
        }
    }

    /// The classes of very few training rows.
    pub(super) fn rare(&self) -> Vec<Finding> {
        match self {
            Self::Classes(classes) => classes.rare(),
            Self::Numbers(_) => Vec::new(),
        }
    }

    pub(super) fn labels(&self) -> Vec<String> {
        match self {
            Self::Classes(classes) => classes.labels().to_vec(),
            Self::Numbers(numbers) => vec![numbers.label.clone()],
        }
    }

    pub(super) fn units(&self) -> Option<Vec<String>> {
        match self {
            Self::Classes(_) => None,
            Self::Numbers(numbers) => numbers.unit.clone().map(|unit| vec![unit]),
        }
    }

    pub(super) fn activation(&self) -> Activation {
        match self {
            Self::Classes(classes) if classes.outputs() == 1 => Activation::Sigmoid,
            Self::Classes(_) => Activation::Softmax,
            Self::Numbers(_) => Activation::None,
        }
    }

    /// The true classes or numbers of some rows.
    pub(super) fn truth(&self, table: &LabelledTable, rows: &[usize]) -> Result<Truth, TableError> {
        match self {
            Self::Classes(classes) => {
                let classes = rows.iter().map(|&row| classes.of(table, row));
                classes.collect::<Result<_, _>>().map(Truth::Classes)
            }
            Self::Numbers(Numbers { mean, std, .. }) => {
                let numbers = rows.iter().map(|&row| number_of(table, row));
                let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
                let learnt = numbers.iter().map(|number| ((number - mean) / std) as f32);
                let learnt = learnt.collect();
                Ok(Truth::Numbers(numbers, learnt))
            }
        }
    }

    /// The network that was trained, with its outputs in the target's unit.
    pub(super) fn in_its_unit(&self, network: Layers) -> Result<Layers, ShapeError> {
        let Self::Numbers(Numbers { mean, std, .. }) = self else {
            return Ok(network);
        };
        network.changed(|layers| {
            if let Some(last) = layers.last_mut() {
                *last = scaled(last, *std, *mean)?;
            }
            Ok(())
        })
    }

    /// The deviation of a number, in units of which the search compares scores.
    pub(super) fn deviation(&self) -> Option<f64> {
        match self {
            Self::Classes(_) => None,
            Self::Numbers(numbers) => Some(numbers.std),
        }
    }
}

impl Truth {
    pub(super) fn targets(&self, rows: &[usize]) -> Targets {
        match self {
            Self::Classes(classes) => {
                Targets::Classes(rows.iter().map(|&row| classes[row] as u32).collect())
            }
            Self::Numbers(_, learnt) => {
                Targets::Numbers(rows.iter().map(|&row| learnt[row]).collect())
            }
        }
    }
}

impl Numbers {
    fn find(
        table: &LabelledTable,
        trained_on: &[usize],
        labels: Option<&[String]>,
    ) -> Result<Self, TableError> {
        let target = table.target().to_owned();
        let label = match labels {
            None => target.clone(),
            Some([label]) => label.clone(),
            Some(labels) => {
                return Err(TableError::Labels {
                    found: labels.len(),
                    named: format!("the number {target:?}"),
                });
            }
        };
        let numbers = trained_on.iter().map(|&row| number_of(table, row));
        let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
        let rows = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / rows;
        let squares = numbers.iter().map(|number| (number - mean).powi(2));
        let std = (squares.sum::<f64>() / rows).sqrt();
        if numbers.iter().all(|number| *number == numbers[0]) || !std.is_normal() {
            let value = shown(trained_on.first().map_or("", |&row| table.target_cell(row)));
            return Err(TableError::OneClass { target, value });
        }
        Ok(Self {
            label,
            unit: None,
            mean,
            std,
        })
    }
}

fn number_of(table: &LabelledTable, row: usize) -> Result<f64, TableError> {
    let number = table.target_number(row);
    number.map_err(|_| TableError::TargetNotANumber {
        place: table.place(row),
        target: table.target().to_owned(),
        found: shown(table.target_cell(row)),
    })
}
