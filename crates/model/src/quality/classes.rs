//! How well predicted classes and their scores do.

use std::fmt;

use serde::Serialize;
use veilcast_card::ClassPrediction;

use super::auc;

/// How often predictions are right, and how well scores tell two classes apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClassQuality {
    /// The share of records that are predicted right, 0 to 1; not a number without records.
    pub accuracy: f64,
    /// The area under the ROC curve, for two classes and if there are records of both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
    /// The Brier score of a single score: the mean squared error of its probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brier: Option<f64>,
}

impl ClassQuality {
    /// From each record's predicted class and scores, and its true class. For a single score, class 1
    /// is the positive one.
    pub fn of<'a>(
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

    /// From the predictions of records with these labels.
    pub fn of_predictions(predictions: &[ClassPrediction], labels: &[usize]) -> Self {
        let predictions = predictions.iter();
        Self::of(predictions.map(|p| (p.index, p.scores.as_slice())), labels)
    }
}

impl fmt::Display for ClassQuality {
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
