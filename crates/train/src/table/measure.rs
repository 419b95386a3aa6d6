//! How good a trained model is on rows that were held out.

use super::rows::Rows;
use super::target::Truth;
use crate::error::TrainError;
use crate::trained::Layers;
use veilcast_card::{QuantizedRecord, class, probabilities};
use veilcast_model::quality::auc;
use veilcast_model::{Accuracy, Aucs, Model, Regression, RegressionErrors, Report};

/// Scores of each row.
struct Scores {
    network: Vec<Vec<f64>>,
    collapsed: Vec<Vec<f64>>,
    quantized: Vec<Vec<f64>>,
}

/// How good the float network, the collapsed map and the integer map are.
#[derive(Default)]
pub(super) struct Measured {
    accuracy: Option<Accuracy>,
    auc: Option<Aucs>,
    regression: Option<Regression>,
    baseline: Option<f64>,
}

impl Measured {
    pub(super) fn tell(self, report: &mut Report) {
        report.accuracy = self.accuracy;
        report.auc = self.auc;
        report.regression = self.regression;
        report.baseline = self.baseline;
    }
}

pub(super) fn measure(
    network: &Layers,
    model: &Model,
    rows: &Rows,
    most_frequent: Option<usize>,
) -> Result<Measured, TrainError> {
    let scores = Scores::of(network, model, &rows.features)?;
    Ok(match &rows.truth {
        Truth::Classes(classes) => Measured {
            accuracy: Some(scores.accuracy(classes, model.card().output().threshold)),
            auc: scores.aucs(classes),
            baseline: most_frequent.map(|class| {
                let right = classes.iter().filter(|&&other| other == class);
                right.count() as f64 / classes.len() as f64
            }),
            ..Measured::default()
        },
        Truth::Numbers(numbers, _) => Measured {
            regression: scores.regression(numbers),
            ..Measured::default()
        },
    })
}

impl Scores {
    fn of(network: &Layers, model: &Model, rows: &[Vec<f64>]) -> Result<Self, TrainError> {
        let card = model.card();
        let mut scores = Self {
            network: Vec::with_capacity(rows.len()),
            collapsed: Vec::with_capacity(rows.len()),
            quantized: Vec::with_capacity(rows.len()),
        };
        for features in rows {
            scores.network.push(network.evaluate(features)?);
            scores.collapsed.push(model.evaluate_float(features)?);
            let quantized = QuantizedRecord::from_features(card, features)
                .expect("there are as many features as the map has inputs");
            let integers = model.evaluate(&quantized).expect("the card is the model's");
            let integers = integers.iter().zip(&card.output().scales);
            let quantized = integers.map(|(&q, s)| q as f64 * s).collect();
            scores.quantized.push(quantized);
        }
        Ok(scores)
    }

    fn accuracy(&self, classes: &[usize], threshold: Option<f64>) -> Accuracy {
        let accuracy = |scores: &[Vec<f64>]| {
            let right = scores.iter().zip(classes);
            let right = right.filter(|(scores, label)| class(scores, threshold) == **label);
            right.count() as f64 / classes.len() as f64
        };
        Accuracy {
            records: classes.len(),
            network: accuracy(&self.network),
            collapsed: accuracy(&self.collapsed),
            quantized: accuracy(&self.quantized),
        }
    }

    /// For a single output, if there are rows of both classes.
    fn aucs(&self, classes: &[usize]) -> Option<Aucs> {
        let positive: Vec<bool> = classes.iter().map(|&class| class == 1).collect();
        let (collapsed, quantized) = (single(&self.collapsed)?, single(&self.quantized)?);
        let pairs = self.collapsed.iter().zip(&self.quantized);
        let changes = pairs.flat_map(|(float, integer)| {
            let pairs = probabilities(float).into_iter().zip(probabilities(integer));
            pairs.map(|(p, q)| (p - q).abs()).collect::<Vec<_>>()
        });
        Some(Aucs {
            collapsed: auc(&collapsed, &positive)?,
            quantized: auc(&quantized, &positive)?,
            largest_change: changes.fold(0.0, f64::max),
        })
    }

    fn regression(&self, numbers: &[f64]) -> Option<Regression> {
        let (collapsed, quantized) = (single(&self.collapsed)?, single(&self.quantized)?);
        let changes = collapsed.iter().zip(&quantized).map(|(a, b)| (a - b).abs());
        Some(Regression {
            records: numbers.len(),
            network: RegressionErrors::of(&single(&self.network)?, numbers)?,
            collapsed: RegressionErrors::of(&collapsed, numbers)?,
            quantized: RegressionErrors::of(&quantized, numbers)?,
            largest_change: changes.fold(0.0, f64::max),
        })
    }
}

/// The scores of a single output.
fn single(scores: &[Vec<f64>]) -> Option<Vec<f64>> {
    let single = |scores: &Vec<f64>| match scores[..] {
        [score] => Some(score),
        _ => None,
    };
    scores.iter().map(single).collect()
}
