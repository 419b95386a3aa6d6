//! How far predicted quantities are from true ones.

use serde::{Deserialize, Serialize};

/// How far the predictions of a quantity are from the true values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegressionErrors {
    /// The mean distance, in the quantity's unit.
    pub mean_absolute_error: f64,
    /// The root of the mean squared distance, in the quantity's unit.
    pub root_mean_squared_error: f64,
    /// R², the coefficient of determination: 1 minus the share of the true values' variance that is
    /// left. 1 is perfect, 0 is no better than always predicting their mean; none if they are all
    /// the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r_squared: Option<f64>,
}

impl RegressionErrors {
    /// Compares predictions with true values, record by record; none without records.
    pub fn of(predicted: &[f64], truth: &[f64]) -> Option<Self> {
        let records = predicted.len().min(truth.len());
        if records == 0 {
            return None;
        }
        let mean_of = |sum: f64| sum / records as f64;
        let errors = || predicted.iter().zip(truth).map(|(p, t)| p - t);
        let mean = mean_of(truth[..records].iter().sum());
        let variance = mean_of(truth[..records].iter().map(|t| (t - mean).powi(2)).sum());
        let squared = mean_of(errors().map(|error| error * error).sum());
        Some(Self {
            mean_absolute_error: mean_of(errors().map(f64::abs).sum()),
            root_mean_squared_error: squared.sqrt(),
            r_squared: (variance > 0.0).then(|| 1.0 - squared / variance),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_known_values() {
        let truth = [3.0, -0.5, 2.0, 7.0];
        let found = RegressionErrors::of(&[2.5, 0.0, 2.0, 8.0], &truth);
        let found = found.expect("there are records");
        assert_eq!(found.mean_absolute_error, 0.5);
        assert!((found.root_mean_squared_error - 0.375_f64.sqrt()).abs() < 1e-15);
        // The example of scikit-learn's documentation.
        let r_squared = found.r_squared.expect("the values differ");
        assert!((r_squared - 0.948_608_137_044_968).abs() < 1e-12);
        let mean = RegressionErrors::of(&[2.875; 4], &truth);
        assert_eq!(mean.and_then(|errors| errors.r_squared), Some(0.0));
    }

    #[test]
    fn values_that_are_all_the_same_have_no_r_squared() {
        let found = RegressionErrors::of(&[1.0, 2.0], &[1.0, 1.0]).expect("there are records");
        assert_eq!((found.mean_absolute_error, found.r_squared), (0.5, None));
        assert_eq!(RegressionErrors::of(&[], &[]), None);
    }
}
