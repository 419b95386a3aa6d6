//! How far predicted probabilities come true.

use serde::Serialize;
use veilcast_card::ClassPrediction;

/// Number of bins of a reliability diagram.
pub const BINS: usize = 10;

/// How far predicted probabilities come true.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// The probability that is compared.
    pub of: Predicted,
    /// The expected calibration error: the mean distance of probability and share over all records.
    pub expected_error: f64,
    /// Bins of equal width, from 0 to 1.
    pub bins: Vec<Bin>,
}

/// Which probability is compared with how often it comes true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Predicted {
    /// The probability of the second of two labels.
    PositiveLabel,
    /// The probability of the predicted label.
    PredictedLabel,
}

/// The records whose probability lies in a bin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// Its least probability.
    pub from: f64,
    /// The least probability of the next bin.
    pub to: f64,
    /// How many records are in it.
    pub records: usize,
    /// Their mean probability, if there are any.
    pub mean_probability: Option<f64>,
    /// For how many of them it came true, as a share.
    pub true_share: Option<f64>,
}

impl Calibration {
    /// From the predictions of records with these labels; none if the model gives no probabilities.
    pub fn of(predictions: &[ClassPrediction], labels: &[usize]) -> Option<Self> {
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
