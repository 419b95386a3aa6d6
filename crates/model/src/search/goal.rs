//! What a search must achieve, and what it measures with.

use serde::{Deserialize, Serialize};

/// What a quantisation must keep of the float map's results.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// What is compared.
    pub measure: Measure,
    /// How much smaller than the float map's it may be, 0 to 1.
    pub tolerance: f64,
    /// How much the probability of a class may change for any record, 0 to 1; any, if not given.
    /// Probabilities are by softmax, or by sigmoid for a single output. For quantities: how much a
    /// score may change.
    pub max_change: Option<f64>,
    /// The probability above which a single output counts as positive in accuracies; 0.5, if not
    /// given.
    pub threshold: Option<f64>,
}

/// The measure of how good a map is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// The share of records that are predicted correctly.
    #[default]
    Accuracy,
    /// The area under the ROC curve of a single output, for records of both classes.
    Auc,
    /// None: the scores are quantities, of which only changes matter. Records need no labels.
    Change,
}

impl Goal {
    /// An accuracy that is smaller by at most a tolerance (a share, 0 to 1).
    pub fn accuracy(tolerance: f64) -> Self {
        Self {
            measure: Measure::Accuracy,
            tolerance,
            max_change: None,
            threshold: None,
        }
    }

    /// Scores, as quantities, that change by at most this much for any record. The map's scores are
    /// compared as they are: scale the map so that 1 means the same for each of its outputs.
    pub fn change(largest: f64) -> Self {
        Self {
            measure: Measure::Change,
            tolerance: 0.0,
            max_change: Some(largest),
            threshold: None,
        }
    }
}

/// Records to measure with, preprocessed but not quantised. For accuracy, use records that the map
/// wasn't trained on.
#[derive(Clone, Copy, Debug)]
pub struct HeldOut<'a> {
    /// The features of each record.
    pub records: &'a [Vec<f64>],
    /// The class of each record: the output whose score should be the largest; for a single output
    /// 1 where it should be positive, 0 elsewhere. Unused where only changes matter.
    pub labels: &'a [usize],
}
