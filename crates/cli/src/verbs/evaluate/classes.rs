//! What is computed from predictions of classes: their quality, calibration and the error of
//! quantisation.

use std::fmt;

use serde::Serialize;
use veilcast_card::Prediction;
use veilcast_model::{Model, auc};

use super::measure::Clear;

/// Bins of the reliability diagram.
pub(super) const BINS: usize = 10;

/// How well a model tells classes apart.
#[derive(Serialize)]
pub(super) struct ClassFigures {
    pub(super) accuracy: Accuracies,
    /// By the collapsed map in floats.
    pub(super) collapsed: Quality,
    /// By the integer map.
    pub(super) quantized: Quality,
    /// A row a true label, a column a predicted one, by the quantised map.
    pub(super) confusion: Vec<Vec<usize>>,
    /// Of the quantised map's probabilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) calibration: Option<Calibration>,
    pub(super) quantization_error: QuantizationError,
    #[serde(skip)]
    pub(super) labels: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Accuracies {
    /// Of the float network on the whole test set, as the report has it from training.
    pub(super) network_when_trained: Option<f64>,
    collapsed: f64,
    quantized: f64,
}

impl ClassFigures {
    pub(super) fn of(model: &Model, clear: &Clear, truth: &[usize]) -> Self {
        let labels = model.card().output().labels.clone();
        let Clear {
            collapsed,
            quantized,
            ..
        } = clear;
        let mut confusion = vec![vec![0; labels.len()]; labels.len()];
        for (prediction, &label) in quantized.iter().zip(truth) {
            confusion[label][prediction.index] += 1;
        }
        let [by_floats, by_integers] =
            [collapsed, quantized].map(|predictions| Quality::of_predictions(predictions, truth));
        let when_trained = model.report().and_then(|report| report.accuracy);
        Self {
            accuracy: Accuracies {
                network_when_trained: when_trained.map(|accuracy| accuracy.network),
                collapsed: by_floats.accuracy,
                quantized: by_integers.accuracy,
            },
            collapsed: by_floats,
            quantized: by_integers,
            confusion,
            calibration: Calibration::of(quantized, truth),
            quantization_error: QuantizationError::of(collapsed, quantized),
            labels,
        }
    }
}

impl fmt::Display for ClassFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(network) = self.accuracy.network_when_trained {
            writeln!(
                f,
                "  float network   accuracy {network:.4} (whole test set, when it was trained)"
            )?;
        }
        writeln!(f, "  collapsed map   {}", self.collapsed)?;
        writeln!(f, "  quantised map   {}", self.quantized)?;
        self.write_confusion(f)
    }
}

impl ClassFigures {
    fn write_confusion(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |label: &String| label.chars().take(8).collect::<String>();
        let counts = self
            .confusion
            .iter()
            .flatten()
            .map(|count| count.to_string().len());
        let names = self.labels.iter().map(|label| name(label).chars().count());
        let width = counts.chain(names).max().unwrap_or(0) + 1;
        write!(f, "true labels down, predicted ones across\n{:width$}", "")?;
        for label in &self.labels {
            write!(f, "{:>width$}", name(label))?;
        }
        for (label, row) in self.labels.iter().zip(&self.confusion) {
            write!(f, "\n{:>width$}", name(label))?;
            for count in row {
                write!(f, "{count:>width$}")?;
            }
        }
        Ok(())
    }
}

/// How often scores are right, and how well they tell two classes apart.
#[derive(Serialize)]
pub(super) struct Quality {
    pub(super) accuracy: f64,
    /// Of two classes: the area under the ROC curve, if there are records of both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) auc: Option<f64>,
    /// Of a single score: the mean square of what its probability is off by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) brier: Option<f64>,
}

impl Quality {
    /// Of each record's predicted class and scores, with its true class; of a single score's two
    /// classes 1 is the positive one.
    pub(super) fn of<'a>(
        predictions: impl Iterator<Item = (usize, &'a [f64])> + Clone,
        classes: &[usize],
    ) -> Self {
        let records = classes.len() as f64;
        let right = predictions.clone().zip(classes);
        let right = right.filter(|((predicted, _), class)| predicted == *class);
        let scores = predictions.map(|(_, scores)| scores);
        let margins = scores.clone().map(|scores| match *scores {
            [score] => Some(score),
            [negative, positive] => Some(positive - negative),
            _ => None,
        });
        let margins: Option<Vec<f64>> = margins.collect();
        let positive: Vec<bool> = classes.iter().map(|&class| class == 1).collect();
        let squares = scores.zip(classes).map(|(scores, &class)| match *scores {
            [score] => Some((1.0 / (1.0 + (-score).exp()) - class as f64).powi(2)),
            _ => None,
        });
        Self {
            accuracy: right.count() as f64 / records,
            auc: margins.and_then(|margins| auc(&margins, &positive)),
            brier: squares.sum::<Option<f64>>().map(|sum| sum / records),
        }
    }

    /// Of predictions of records with these labels.
    pub(super) fn of_predictions(predictions: &[Prediction], labels: &[usize]) -> Self {
        let predictions = predictions.iter();
        Self::of(predictions.map(|p| (p.index, p.scores.as_slice())), labels)
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "accuracy {:.4}", self.accuracy)?;
        if let Some(auc) = self.auc {
            write!(f, ", area under the ROC curve {auc:.4}")?;
        }
        match self.brier {
            Some(brier) => write!(f, ", Brier score {brier:.4}"),
            None => Ok(()),
        }
    }
}

/// How far predicted probabilities come true.
#[derive(Serialize)]
pub(super) struct Calibration {
    pub(super) of: Predicted,
    /// The expected calibration error: the mean distance of probability and share over all records.
    pub(super) expected_error: f64,
    /// Of equal width, from 0 to 1.
    pub(super) bins: Vec<Bin>,
}

/// Which probability is compared with what comes true.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Predicted {
    /// That of the second of two labels.
    PositiveLabel,
    /// That of the label that is predicted.
    PredictedLabel,
}

/// The records whose probability lies in a bin.
#[derive(Serialize)]
pub(super) struct Bin {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) records: usize,
    pub(super) mean_probability: Option<f64>,
    /// For how many of them it came true, as a share.
    pub(super) true_share: Option<f64>,
}

impl Calibration {
    /// None if the model gives no probabilities.
    pub(super) fn of(predictions: &[Prediction], labels: &[usize]) -> Option<Self> {
        let mut sums = [(0, 0.0, 0); BINS];
        let mut of = Predicted::PredictedLabel;
        for (prediction, &label) in predictions.iter().zip(labels) {
            let probabilities = prediction.probabilities.as_ref()?;
            let index = if probabilities.len() == 2 {
                of = Predicted::PositiveLabel;
                1
            } else {
                prediction.index
            };
            let probability = probabilities[index];
            let bin = ((probability * BINS as f64) as usize).min(BINS - 1);
            let (records, sum, right) = &mut sums[bin];
            *records += 1;
            *sum += probability;
            *right += usize::from(label == index);
        }
        let gap = |&(_, sum, right): &(usize, f64, usize)| (sum - right as f64).abs();
        let expected_error = sums.iter().map(gap).sum::<f64>() / predictions.len() as f64;
        let bins = sums.iter().enumerate();
        let bins = bins.map(|(index, &(records, sum, right))| Bin {
            from: index as f64 / BINS as f64,
            to: (index + 1) as f64 / BINS as f64,
            records,
            mean_probability: (records > 0).then(|| sum / records as f64),
            true_share: (records > 0).then(|| right as f64 / records as f64),
        });
        Some(Self {
            of,
            expected_error,
            bins: bins.collect(),
        })
    }
}

/// What rounding to integers changes, against the collapsed map in floats.
#[derive(Serialize)]
pub(super) struct QuantizationError {
    /// Records that are given another label.
    pub(super) changed_predictions: usize,
    pub(super) mean_score_change: f64,
    pub(super) largest_score_change: f64,
    pub(super) largest_probability_change: Option<f64>,
    /// Every score by the collapsed map, less that by the quantised one.
    #[serde(skip)]
    pub(super) differences: Vec<f64>,
}

impl QuantizationError {
    pub(super) fn of(collapsed: &[Prediction], quantized: &[Prediction]) -> Self {
        let pairs = || collapsed.iter().zip(quantized);
        let differences: Vec<f64> = pairs()
            .flat_map(|(float, rounded)| float.scores.iter().zip(&rounded.scores))
            .map(|(float, rounded)| float - rounded)
            .collect();
        let probabilities = pairs()
            .filter_map(|(float, rounded)| {
                Some((
                    float.probabilities.as_ref()?,
                    rounded.probabilities.as_ref()?,
                ))
            })
            .flat_map(|(float, rounded)| float.iter().zip(rounded))
            .map(|(float, rounded)| (float - rounded).abs());
        let sizes = || differences.iter().map(|difference| difference.abs());
        Self {
            changed_predictions: pairs()
                .filter(|(float, rounded)| float.index != rounded.index)
                .count(),
            mean_score_change: sizes().sum::<f64>() / differences.len() as f64,
            largest_score_change: sizes().fold(0.0, f64::max),
            largest_probability_change: probabilities.reduce(f64::max),
            differences,
        }
    }
}
