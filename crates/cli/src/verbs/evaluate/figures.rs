//! What is computed from the predictions of a test set: their quality, calibration and the error of quantisation.

use std::fmt;

use serde::Serialize;
use veilcast_model::auc;
use veilcast_model::card::Prediction;

/// Bins of the reliability diagram.
pub(super) const BINS: usize = 10;

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
    /// Of each record's scores, with its class; of a single score's two classes 1 is the positive one.
    pub(super) fn of<'a>(
        scores: impl Iterator<Item = &'a [f64]> + Clone,
        classes: &[usize],
    ) -> Self {
        let records = classes.len() as f64;
        let right = scores.clone().zip(classes);
        let right = right.filter(|(scores, class)| predicted(scores) == **class);
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
        Self::of(
            predictions
                .iter()
                .map(|prediction| prediction.scores.as_slice()),
            labels,
        )
    }
}

/// The class that scores speak for; of equals the lowest.
fn predicted(scores: &[f64]) -> usize {
    match scores {
        [score] => usize::from(*score > 0.0),
        _ => (0..scores.len()).fold(0, |best, i| if scores[i] > scores[best] { i } else { best }),
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
