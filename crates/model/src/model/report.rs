//! The report beside a model: how it was made and how well it does. Private.

use serde::{Deserialize, Serialize};

use crate::card::CardDigest;
use crate::search::SearchReport;
use crate::{BoundsCertificate, RegressionErrors};

/// How a model was made, how well it does, and its proven bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The card of the model it speaks of.
    pub card: CardDigest,
    /// Largest magnitude of an integer weight.
    pub max_weight: u32,
    /// Bits of the integer weights, sign included.
    pub weight_bits: u32,
    /// The proven bounds of the scores.
    pub bounds: BoundsCertificate,
    /// Accuracies on a test set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Accuracy>,
    /// Areas under the ROC curve on the test set, for a single output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<Aucs>,
    /// Errors on a test set, for a model that predicts a quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regression: Option<Regression>,
    /// How its quantisation was searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchReport>,
    /// How it was trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingReport>,
}

/// Shares of a test set that are predicted rightly, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accuracy {
    /// Number of test records.
    pub records: usize,
    /// By the float network, layer by layer.
    pub network: f64,
    /// By the collapsed map in floats.
    pub collapsed: f64,
    /// By the integer map on quantised records.
    pub quantized: f64,
}

/// Areas under the ROC curve, 0 to 1, on the records of [`Accuracy`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aucs {
    /// By the collapsed map in floats.
    pub collapsed: f64,
    /// By the integer map on quantised records.
    pub quantized: f64,
    /// The largest change of a record's probability from the one to the other.
    pub largest_change: f64,
}

/// How far the predictions of a quantity are from what is true on a test set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regression {
    /// Number of test records.
    pub records: usize,
    /// By the float network, layer by layer.
    pub network: RegressionErrors,
    /// By the collapsed map in floats.
    pub collapsed: RegressionErrors,
    /// By the integer map on quantised records.
    pub quantized: RegressionErrors,
    /// The largest change of a record's value from the collapsed map to the integer map, in the
    /// quantity's unit.
    pub largest_change: f64,
}

/// How a network was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingReport {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Passes over the training records.
    pub epochs: usize,
    /// Records a step.
    pub batch_size: usize,
    /// Adam's learning rate at the start.
    pub learning_rate: f64,
    /// The seed of initial weights and shuffling.
    pub seed: u64,
    /// Number of training records.
    pub records: usize,
    /// Mean loss over the last epoch: cross-entropy, or of a regression the squared error in units of
    /// the target's variance.
    pub final_loss: f64,
    /// How its public part was trained along with it, if that is a stem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stem: Option<StemReport>,
}

/// How a stem was trained, the public part of a hybrid model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StemReport {
    /// Channels of the two convolutions.
    pub channels: [usize; 2],
    /// How many features it gives.
    pub features: usize,
    /// By how many pixels images were moved at most.
    pub shift: usize,
}
