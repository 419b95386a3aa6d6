//! From integer scores to a prediction.

use super::{Activation, Card, ScoreError};

/// What the model says of one record.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Index of the predicted label; of equals the lowest.
    pub index: usize,
    /// The predicted label.
    pub label: String,
    /// A score an output, in the model's own units.
    pub scores: Vec<f64>,
    /// A probability a label; none if the model has no final activation.
    pub probabilities: Option<Vec<f64>>,
}

impl Card {
    /// Turns integer scores into scores in the model's own units.
    ///
    /// # Errors
    /// [`ScoreError`] if there are too few or too many, or one lies outside the card's bounds.
    pub fn dequantize(&self, scores: &[i64]) -> Result<Vec<f64>, ScoreError> {
        if scores.len() != self.outputs() {
            return Err(ScoreError::Length {
                found: scores.len(),
                expected: self.outputs(),
            });
        }
        let slot_bits = self.slot_bits();
        if let Some(output) = scores
            .iter()
            .position(|score| score.unsigned_abs() >> (slot_bits - 1) != 0)
        {
            return Err(ScoreError::OutOfBounds {
                output,
                score: scores[output],
                slot_bits,
            });
        }
        let scaled = scores.iter().zip(&self.output().scales);
        Ok(scaled.map(|(&score, scale)| score as f64 * scale).collect())
    }

    /// Turns integer scores into a prediction.
    ///
    /// # Errors
    /// As [`dequantize`](Card::dequantize).
    pub fn predict(&self, scores: &[i64]) -> Result<Prediction, ScoreError> {
        Ok(self.predict_from_floats(self.dequantize(scores)?))
    }

    /// Turns scores in the model's own units, one an output, into a prediction.
    pub(crate) fn predict_from_floats(&self, scores: Vec<f64>) -> Prediction {
        let single_sigmoid = scores.len() == 1 && self.output().labels.len() == 2;
        let index = match single_sigmoid {
            true => class(&scores),
            false => argmax(&scores),
        };
        let probabilities = match self.output().activation {
            Activation::None => None,
            Activation::Softmax => Some(probabilities(&scores)),
            Activation::Sigmoid if single_sigmoid => Some(probabilities(&scores)),
            Activation::Sigmoid => Some(scores.iter().copied().map(sigmoid).collect()),
        };
        Prediction {
            index,
            label: self.output().labels[index].clone(),
            scores,
            probabilities,
        }
    }
}

/// Index of the largest value; of equals the lowest; 0 if there is none.
pub(crate) fn argmax(values: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

/// The class that scores predict: of a single score by its sign, of several the largest.
pub(crate) fn class(scores: &[f64]) -> usize {
    match scores {
        [score] => usize::from(*score > 0.0),
        _ => argmax(scores),
    }
}

/// A probability a class: by sigmoid from a single score, which is the second class's; by softmax
/// from several.
pub(crate) fn probabilities(scores: &[f64]) -> Vec<f64> {
    match scores {
        &[score] => vec![sigmoid(-score), sigmoid(score)],
        _ => softmax(scores),
    }
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - top).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

fn sigmoid(score: f64) -> f64 {
    1.0 / (1.0 + (-score).exp())
}
