//! What is computed from predictions of quantities: how far they are from the true values, and what
//! rounding changes.

use std::fmt;

use serde::Serialize;
use veilcast_card::Prediction;
use veilcast_model::{Model, RegressionErrors};

use crate::clear::Clear;
use crate::words::{error_figures, significant};

/// How well a model predicts quantities.
#[derive(Serialize)]
pub(crate) struct QuantityFigures {
    pub(crate) quantities: Vec<Quantity>,
}

/// How well it predicts one of them.
#[derive(Serialize)]
pub(crate) struct Quantity {
    pub(crate) label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<String>,
    /// By the float network on the whole test set, from the training report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) network_when_trained: Option<RegressionErrors>,
    /// By the collapsed map in floats.
    pub(crate) collapsed: RegressionErrors,
    /// By the integer map.
    pub(crate) quantized: RegressionErrors,
    /// From the collapsed map to the integer map.
    pub(crate) mean_change: f64,
    pub(crate) largest_change: f64,
    /// Whether values outside their range were moved to its edge, which changes predictions too.
    #[serde(skip)]
    pub(crate) is_clipped: bool,
    /// Every value by the collapsed map, minus that by the quantised one.
    #[serde(skip)]
    pub(crate) differences: Vec<f64>,
    /// Every true value, with the predicted one.
    #[serde(skip)]
    pub(crate) pairs: Vec<(f64, f64)>,
}

impl QuantityFigures {
    /// `truth` has the records' values of each quantity; none without records, or if the predictions
    /// aren't of quantities.
    pub(crate) fn of(model: &Model, clear: &Clear, truth: &[Vec<f64>]) -> Option<Self> {
        let output = model.card().output();
        let predicted = [values(&clear.collapsed)?, values(&clear.quantized)?];
        let [collapsed, quantized] = predicted.each_ref().map(|values| errors(values, truth));
        let (collapsed, quantized) = (collapsed?, quantized?);
        let when_trained = model.report().and_then(|report| report.regression);
        let quantities = collapsed.into_iter().zip(quantized).enumerate();
        let quantities = quantities.map(|(index, (collapsed, quantized))| {
            let [floats, rounded] = predicted.each_ref().map(|values| column(values, index));
            let differences = floats.zip(rounded.clone()).map(|(a, b)| a - b);
            let differences: Vec<f64> = differences.collect();
            let sizes = || differences.iter().map(|difference| difference.abs());
            Quantity {
                label: output.labels[index].clone(),
                unit: output.units.as_ref().map(|units| units[index].clone()),
                network_when_trained: when_trained.map(|regression| regression.network),
                collapsed,
                quantized,
                mean_change: sizes().sum::<f64>() / differences.len() as f64,
                largest_change: sizes().fold(0.0, f64::max),
                is_clipped: clear.changes.clipped_values() > 0,
                pairs: truth[index].iter().copied().zip(rounded).collect(),
                differences,
            }
        });
        Some(Self {
            quantities: quantities.collect(),
        })
    }
}

/// Each record's predicted values; none if classes were predicted.
pub(crate) fn values(predictions: &[Prediction]) -> Option<Vec<&[f64]>> {
    predictions.iter().map(Prediction::quantities).collect()
}

/// How far each quantity's predictions are from the true values; none without records.
pub(crate) fn errors(predicted: &[&[f64]], truth: &[Vec<f64>]) -> Option<Vec<RegressionErrors>> {
    let quantities = truth.iter().enumerate().map(|(index, truth)| {
        let predicted: Vec<f64> = column(predicted, index).collect();
        RegressionErrors::of(&predicted, truth)
    });
    quantities.collect()
}

/// Each record's value of one quantity.
fn column(predicted: &[&[f64]], index: usize) -> impl Iterator<Item = f64> + Clone {
    predicted.iter().map(move |values| values[index])
}

impl Quantity {
    /// Its name, with its unit.
    pub(crate) fn name(&self) -> String {
        match &self.unit {
            Some(unit) => format!("{} in {unit}", self.label),
            None => self.label.clone(),
        }
    }
}

impl fmt::Display for QuantityFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, quantity) in self.quantities.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            writeln!(f, "{end}{}", quantity.name())?;
            if let Some(network) = &quantity.network_when_trained {
                writeln!(
                    f,
                    "  float network   {} (whole test set, when it was trained)",
                    error_figures(network)
                )?;
            }
            writeln!(
                f,
                "  collapsed map   {}",
                error_figures(&quantity.collapsed)
            )?;
            writeln!(
                f,
                "  quantised map   {}",
                error_figures(&quantity.quantized)
            )?;
            let change = significant(quantity.largest_change, 3);
            let by = match quantity.is_clipped {
                true => {
                    "rounding, or by moving values to the edge of the range that the model knows"
                }
                false => "rounding",
            };
            write!(f, "  no value is changed by more than {change} by {by}")?;
        }
        Ok(())
    }
}
