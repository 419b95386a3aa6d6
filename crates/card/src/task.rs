//! What a model predicts, and the final function on its scores.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::functions::exp;

/// The final, order-preserving function on the scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Probabilities that sum to one over the outputs.
    Softmax,
    /// An independent probability for each output.
    Sigmoid,
    /// Sigmoid of each of several outputs, divided by the sum of all: probabilities that sum to one.
    NormalizedSigmoid,
    /// The exponential function of each score: quantities that can't be negative.
    Exp,
    /// The scores are the prediction.
    None,
}

impl Activation {
    /// Its name in the card's JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Softmax => "softmax",
            Self::Sigmoid => "sigmoid",
            Self::NormalizedSigmoid => "normalized_sigmoid",
            Self::Exp => "exp",
            Self::None => "none",
        }
    }

    /// What it makes of scores that are quantities.
    pub fn quantities(self, scores: Vec<f64>) -> Vec<f64> {
        match self {
            Self::Exp => exp(&scores),
            Self::Softmax | Self::Sigmoid | Self::NormalizedSigmoid | Self::None => scores,
        }
    }
}

/// What a model predicts, and so what its scores are.
///
/// ```
/// use veilcast_card::{Activation, Task};
///
/// assert_eq!(Task::implied_by(Activation::Sigmoid, 1), Some(Task::Probability));
/// assert_eq!(Task::implied_by(Activation::None, 3), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// One of several classes: one score each, and the class with the largest is predicted.
    Classes,
    /// The probability of the second of two classes: a single score, with sigmoid.
    Probability,
    /// A quantity per output, perhaps with a unit: the scores are the values, or their logarithms if
    /// the final function is [`Exp`](Activation::Exp).
    Quantities,
}

impl Task {
    /// What a final function on this number of outputs implies; none for several outputs without a
    /// final function, which may be scores of classes or quantities.
    pub fn implied_by(activation: Activation, outputs: usize) -> Option<Self> {
        match (activation, outputs) {
            (Activation::Sigmoid, 1) => Some(Self::Probability),
            (Activation::Softmax | Activation::Sigmoid | Activation::NormalizedSigmoid, _) => {
                Some(Self::Classes)
            }
            (Activation::Exp, _) | (Activation::None, 1) => Some(Self::Quantities),
            (Activation::None, _) => None,
        }
    }
}

/// As in the card's JSON: `classes`, `probability` or `quantities`.
impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classes => "classes",
            Self::Probability => "probability",
            Self::Quantities => "quantities",
        })
    }
}
