//! What rounding to integers changes.

use serde::Serialize;
use veilcast_card::ClassPrediction;

/// What rounding to integers changes, compared with the collapsed map in floats.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuantizationError {
    /// Records whose predicted label changes.
    pub changed_predictions: usize,
    /// The mean magnitude of the changes of scores.
    pub mean_score_change: f64,
    /// The largest magnitude of the changes of scores.
    pub largest_score_change: f64,
    /// The largest change of a probability, if the model gives any.
    pub largest_probability_change: Option<f64>,
    /// Every score by the collapsed map, minus that by the quantised one.
    #[serde(skip)]
    pub differences: Vec<f64>,
}

impl QuantizationError {
    /// From the predictions of the same records by both maps.
    pub fn of(collapsed: &[ClassPrediction], quantized: &[ClassPrediction]) -> Self {
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
