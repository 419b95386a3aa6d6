//! The report of a model: how it was made and how well it does. Private.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::search::SearchReport;
use crate::{BoundsCertificate, RegressionErrors};
use veilcast_card::{CardDigest, WeightBits};

/// How a model was made, how well it does, and its proven bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The card of the model it describes.
    pub card: CardDigest,
    /// Largest magnitude of an integer weight.
    pub max_weight: u32,
    /// Bits of the integer weights, sign included.
    pub weight_bits: WeightBits,
    /// The proven bounds of the scores.
    pub bounds: BoundsCertificate,
    /// Accuracies on a test set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Accuracy>,
    /// Areas under the ROC curve on the test set, for a single output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<Aucs>,
    /// The accuracy of always predicting the most frequent class, on the records of [`Accuracy`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// Errors on a test set, for a model that predicts a quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regression: Option<Regression>,
    /// How its quantisation was searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchReport>,
    /// How it was trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingReport>,
    /// How it was imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportReport>,
}

/// Shares of a test set that are predicted correctly, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accuracy {
    /// Number of test records.
    pub records: usize,
    /// By the float network, layer by layer.
    pub network: f64,
    /// By the collapsed map in floats; by the same network, if its hidden layers square.
    pub collapsed: f64,
    /// By the integer map, or network, on quantised records.
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
    /// The largest change of a record's probability between the two.
    pub largest_change: f64,
}

/// How far the predictions of a quantity are from the true values of a test set.
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
    /// What the hidden layers do with their numbers.
    #[serde(default, skip_serializing_if = "HiddenActivation::is_identity")]
    pub activation: HiddenActivation,
    /// Passes over the training records; 0 if it was trained until it had converged.
    pub epochs: usize,
    /// Records per step.
    pub batch_size: usize,
    /// Adam's learning rate at the start.
    pub learning_rate: f64,
    /// The seed of initial weights and shuffling.
    pub seed: u64,
    /// Number of training records.
    pub records: usize,
    /// Mean loss over the last epoch: cross-entropy, or for a regression the squared error in units
    /// of the target's variance.
    pub final_loss: f64,
    /// The penalty on the squared weights, for layers that were trained until they had converged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub penalty: Option<f64>,
    /// Adam's weight decay, if there was any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decay: Option<f64>,
    /// By how many pixels images were shifted at most, if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<usize>,
    /// The penalties that were tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<PathStep>,
    /// How its public part was trained with it, if that is a stem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stem: Option<StemReport>,
    /// The trees that were grown in place of a network, if they were: passes are rounds of boosting
    /// then, over all records at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trees: Option<TreesReport>,
}

/// What a network's hidden layers do with their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HiddenActivation {
    /// Nothing, so that the network is one affine map.
    #[default]
    Identity,
    /// They square them.
    Square,
}

impl HiddenActivation {
    /// Whether the network is one affine map.
    pub fn is_identity(&self) -> bool {
        *self == Self::Identity
    }
}

/// Decision trees that were grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreesReport {
    /// Comparisons from the root to a leaf at most.
    pub depth: usize,
    /// Number of trees, those of the same structure counted once.
    pub trees: usize,
    /// Number of their leaves.
    pub leaves: usize,
}

/// A penalty that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathStep {
    /// The penalty on the squared weights.
    pub penalty: f64,
    /// The mean loss on training rows that were left out of the fit.
    pub loss: f64,
}

/// How a stem was trained, the public part of a hybrid model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StemReport {
    /// Channels of the two convolutions.
    pub channels: [usize; 2],
    /// How many features it returns.
    pub features: usize,
    /// By how many pixels images were shifted at most.
    pub shift: usize,
}

/// What an affine part of a network was taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartReport {
    /// How many numbers it takes.
    pub inputs: usize,
    /// How many it gives.
    pub outputs: usize,
    /// The operators that it replaces, as people read them.
    pub operators: String,
    /// The last node of what squares its numbers; none for the last part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub squared_by: Option<String>,
}

/// How a model was imported from a file of another library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportReport {
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// The tool that wrote it, with its version, as the file gives it.
    pub producer: String,
    /// The version of ONNX's operators that it uses; none, if it is no ONNX file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opset: Option<i64>,
    /// How many nodes of each operator it has.
    pub operators: BTreeMap<String, usize>,
    /// The operators that were cut off after the scores, last first.
    pub removed: Vec<String>,
    /// Outputs that weren't imported, and may be other functions of the scores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_outputs: Vec<String>,
    /// The last node of the public part, for a hybrid model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_at: Option<String>,
    /// The affine parts of a network with hidden layers, which square what each but the last gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartReport>,
    /// Number of records that it was calibrated with.
    pub records: usize,
    /// Whether those were drawn at random, since none were given.
    pub random_records: bool,
    /// How far the collapsed map's scores lie from the network's on the records, relative to the
    /// largest score.
    pub deviation: f64,
    /// The share of the records for which the integer map predicts the class that the network does;
    /// none if quantities are predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<f64>,
    /// How far the integer map's scores lie from the network's, at most, relative to the largest
    /// score.
    pub rounding: f64,
}
