//! From integer scores to a prediction.

use super::{Activation, Card, ScoreError};

/// What the model says about one record.
///
/// Probabilities are the final function of the scores, and as accurate as the model is: softmax
/// gives one for each label, which add up to 1; sigmoid of a single score gives that of the second
/// of two labels, and 1 minus that for the first; sigmoid of several gives one for each label by
/// itself, so their sum can be anything. Which label is predicted depends on their order alone,
/// except for a single sigmoid output: there the second label is predicted if its probability
/// exceeds the card's threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Index of the predicted label, the lowest if several are equal. A
    /// [regression](super::Output::is_regression) has quantities instead of classes: 0.
    pub index: usize,
    /// The label of this index: the predicted one, or the name of the first quantity.
    pub label: String,
    /// One score per output, in the model's own units: those of the quantities of a regression.
    pub scores: Vec<f64>,
    /// One probability per label; none if the model has no final activation.
    pub probabilities: Option<Vec<f64>>,
}

impl Card {
    /// Turns integer scores into scores in the model's own units.
    ///
    /// # Errors
    /// [`ScoreError`] if there are too few or too many, or one exceeds what the card
    /// [certifies](Card::largest_score) for its output: then they aren't this model's
    /// scores of any record. Scores are secret, and so is whether they fit: a client that reacts
    /// when they don't, if only by asking again, reveals something about them to the service.
    pub fn dequantize(&self, scores: &[i64]) -> Result<Vec<f64>, ScoreError> {
        if scores.len() != self.outputs() {
            return Err(ScoreError::Length {
                found: scores.len(),
                expected: self.outputs(),
            });
        }
        for (output, &score) in scores.iter().enumerate() {
            let bound = self.largest_score(output);
            if score.unsigned_abs() > bound {
                return Err(ScoreError::OutOfBounds {
                    output,
                    score,
                    bound,
                });
            }
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

    /// Turns scores in the model's own units, one per output, into a prediction.
    #[must_use]
    pub fn predict_from_floats(&self, scores: Vec<f64>) -> Prediction {
        let single_sigmoid = scores.len() == 1 && self.output().labels.len() == 2;
        let index = match self.output().is_regression() {
            true => 0,
            false => class(&scores, self.output().threshold),
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

/// Index of the largest value, the lowest if several are equal; 0 if there is none.
pub fn argmax(values: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

/// The class that scores predict: that of the largest of several, or for a single one the second if
/// its probability by sigmoid exceeds the threshold, 0.5 if not given.
///
/// Scores are compared, so that the rounding of probabilities doesn't matter.
pub fn class(scores: &[f64], threshold: Option<f64>) -> usize {
    let least = threshold.map_or(0.0, |probability| (probability / (1.0 - probability)).ln());
    match scores {
        [score] => usize::from(*score > least),
        _ => argmax(scores),
    }
}

/// One probability per class: by sigmoid from a single score, which is the second class's; by
/// softmax from several.
pub fn probabilities(scores: &[f64]) -> Vec<f64> {
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
