//! From integer scores to a prediction.

use super::{Activation, Card, ScoreError, Task};
use crate::functions::{normalized_sigmoids, probabilities, sigmoids};

/// What the model says about one record: what its [`Task`] is to predict.
#[derive(Clone, Debug, PartialEq)]
pub enum Prediction {
    /// A class, from a model of [classes](Task::Classes) or of [one
    /// probability](Task::Probability).
    Class(ClassPrediction),
    /// The values from a model of [quantities](Task::Quantities), one per output: their names are
    /// the card's labels, and they are in its units, if it has any.
    Quantities(Vec<f64>),
}

/// The class predicted for a record, with the scores that decide it.
///
/// Probabilities are the final function of the scores, and as accurate as the model is: softmax
/// gives one for each label, which add up to 1; sigmoid of a single score gives that of the second
/// of two labels, and 1 minus that for the first; sigmoid of several gives one for each label
/// independently, so their sum can be anything. Which label is predicted depends on their order
/// alone, except for a single sigmoid output: there the second label is predicted if its
/// probability exceeds the card's threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassPrediction {
    /// Index of the predicted label, the lowest if several are equal.
    pub index: usize,
    /// The label of this index.
    pub label: String,
    /// One score per output, in the model's own units.
    pub scores: Vec<f64>,
    /// One probability per label, 0 to 1; none if the model has no final function.
    pub probabilities: Option<Vec<f64>>,
    /// Whether the probability of the predicted label is below the card's
    /// [`doubt`](super::Output::doubt): the record may be of none of the classes.
    pub in_doubt: bool,
}

impl Prediction {
    /// The class; none if quantities are predicted.
    pub fn class(&self) -> Option<&ClassPrediction> {
        match self {
            Self::Class(class) => Some(class),
            Self::Quantities(_) => None,
        }
    }

    /// The values, one per output; none if a class is predicted.
    pub fn quantities(&self) -> Option<&[f64]> {
        match self {
            Self::Class(_) => None,
            Self::Quantities(values) => Some(values),
        }
    }

    /// One number per output, in the model's own units: a class's scores, or the values of quantities.
    pub fn scores(&self) -> &[f64] {
        match self {
            Self::Class(class) => &class.scores,
            Self::Quantities(values) => values,
        }
    }
}

impl Card {
    /// Turns integer scores, one per output, into scores in the model's own units.
    ///
    /// # Errors
    /// [`ScoreError`] if there are too few or too many, or one exceeds what the card
    /// [certifies](Card::largest_score) for its output: then they aren't this model's scores for
    /// any record. Scores are secret, and so is whether they fit: a client that reacts
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

    /// Turns integer scores, one per output, into a prediction.
    ///
    /// # Errors
    /// As [`dequantize`](Card::dequantize).
    pub fn predict(&self, scores: &[i64]) -> Result<Prediction, ScoreError> {
        Ok(self.predict_from_floats(self.dequantize(scores)?))
    }

    /// Turns scores in the model's own units, one per output, into a prediction.
    ///
    /// # Panics
    /// If there are fewer or more scores than outputs.
    #[must_use]
    pub fn predict_from_floats(&self, scores: Vec<f64>) -> Prediction {
        assert_eq!(
            scores.len(),
            self.outputs(),
            "there is one score per output"
        );
        let (task, output) = (self.task(), self.output());
        let index = match task {
            Task::Quantities => {
                return Prediction::Quantities(output.activation.quantities(scores));
            }
            Task::Probability => class(&scores, output.threshold),
            Task::Classes => argmax(&scores),
        };
        let probabilities = match (output.activation, task) {
            (Activation::None | Activation::Exp, _) => None,
            (Activation::Sigmoid, Task::Classes) => Some(sigmoids(&scores)),
            (Activation::NormalizedSigmoid, _) => Some(normalized_sigmoids(&scores)),
            (Activation::Softmax | Activation::Sigmoid, _) => Some(probabilities(&scores)),
        };
        let in_doubt = match (output.doubt, &probabilities) {
            (Some(doubt), Some(probabilities)) => probabilities[index] < doubt,
            (Some(_) | None, None) | (None, Some(_)) => false,
        };
        Prediction::Class(ClassPrediction {
            index,
            label: output.labels[index].clone(),
            scores,
            probabilities,
            in_doubt,
        })
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
