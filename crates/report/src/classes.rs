//! The figures of a model of classes.

use std::fmt;

use serde::Serialize;
use veilcast_card::{ClassPrediction, Prediction};
use veilcast_model::Model;
use veilcast_model::quality::{Calibration, ClassQuality, QuantizationError};

use crate::clear::Clear;

/// How well a model tells classes apart.
#[derive(Serialize)]
pub(crate) struct ClassFigures {
    pub(crate) accuracy: Accuracies,
    /// By the collapsed map in floats.
    pub(crate) collapsed: ClassQuality,
    /// By the integer map.
    pub(crate) quantized: ClassQuality,
    /// One row per true label and one column per predicted one, by the quantised map.
    pub(crate) confusion: Vec<Vec<usize>>,
    /// Of the quantised map's probabilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calibration: Option<Calibration>,
    pub(crate) quantization_error: QuantizationError,
    #[serde(skip)]
    pub(crate) labels: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Accuracies {
    /// Of the float network on the whole test set, from the training report.
    pub(crate) network_when_trained: Option<f64>,
    collapsed: f64,
    quantized: f64,
}

impl ClassFigures {
    /// `truth` has the index of each record's label; none if the predictions aren't of classes.
    pub(crate) fn of(model: &Model, clear: &Clear, truth: &[usize]) -> Option<Self> {
        let labels = model.card().output().labels.clone();
        let (collapsed, quantized) = (&classes(&clear.collapsed)?, &classes(&clear.quantized)?);
        let mut confusion = vec![vec![0; labels.len()]; labels.len()];
        for (prediction, &label) in quantized.iter().zip(truth) {
            confusion[label][prediction.index] += 1;
        }
        let [by_floats, by_integers] = [collapsed, quantized]
            .map(|predictions| ClassQuality::of_predictions(predictions, truth));
        let when_trained = model.report().and_then(|report| report.accuracy);
        Some(Self {
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
        })
    }
}

/// The classes that were predicted; none if quantities were.
pub(crate) fn classes(predictions: &[Prediction]) -> Option<Vec<ClassPrediction>> {
    let classes = predictions.iter().map(|prediction| prediction.class());
    classes.map(Option::<&_>::cloned).collect()
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
