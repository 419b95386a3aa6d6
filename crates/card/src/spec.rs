//! The fields of a card as they are in JSON, not yet checked against each other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::limits::CARD_FORMAT;
use crate::task::{Activation, Task};
use crate::{
    CardError, Hidden, Layouts, Preprocessing, PublicPart, Quantization, Sealed, SlotBits, Way,
};

/// The fields of a card; [`Card::new`](super::Card::new) checks them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardSpec {
    /// Always [`CARD_FORMAT`].
    pub format: String,
    /// The model's name, `[a-z0-9][a-z0-9._-]{0,63}`.
    pub name: String,
    /// The model's version, `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
    pub version: String,
    /// What the model predicts, in a sentence or two for people.
    pub description: String,
    /// What a record looks like.
    pub input: Input,
    /// What a client runs on preprocessed values in the clear; only a hybrid model has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_part: Option<PublicPart>,
    /// How features become integers.
    pub quantization: Quantization,
    /// The hidden layers of a network that isn't affine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Hidden>,
    /// How integer scores become predictions.
    pub output: Output,
    /// The proven bounds of the scores.
    pub bounds: Bounds,
    /// The layouts in which records may be sent.
    pub layouts: Layouts,
    /// What one request may hold.
    pub limits: Limits,
    /// The ways of predicting that are offered; without it the [default](Way::DEFAULT) ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ways: Option<Vec<Way>>,
    /// What a model has that is offered sealed, and no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Sealed>,
}

/// What a raw record looks like, and what happens to it before quantisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What sort of thing a record is.
    pub kind: InputKind,
    /// What people should know about it: units, ranges, which side is up.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// `[columns]` of a table; `[rows, columns]` or `[rows, columns, 3]` of an image; up to eight
    /// sides of an array.
    pub shape: Vec<usize>,
    /// A table's column names, in order; images and arrays have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<String>>,
    /// How a picture of another size is brought to the image's shape; without it none is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
    /// What people should know about a table's columns, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub about: BTreeMap<String, About>,
    /// What happens to raw values before they are quantised.
    pub preprocessing: Preprocessing,
}

/// What people should know about a column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Its name for people, such as "Age" for `anamn_age`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The unit of its numbers, such as years. Those of `days since 1970-01-01` may be given as dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What it is, in a sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What sort of thing a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    /// Pixels 0 to 255, row by row, grey or red-green-blue.
    Image,
    /// Named columns of numbers.
    Table,
    /// Numbers of any values, in any number of sides, such as a sensor's readings or a spectrogram;
    /// the last side changes fastest.
    Array,
}

/// How a picture of another size is brought to the shape of a grey image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Like MNIST's digits: a drawing on a plain ground is cropped to its ink, scaled to fit a box
    /// of 20/28 of each side, and placed with its centre of mass in the middle, light on dark.
    Mnist,
}

/// How integer scores become predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// One label per output; two labels (negative, positive) for a single sigmoid output. The label
    /// of a quantity is its name.
    pub labels: Vec<String>,
    /// What an integer score of 1 is worth, for each output.
    pub scales: Vec<f64>,
    /// The final function, which the client applies.
    pub activation: Activation,
    /// The unit of each quantity that is predicted, such as EUR; only without a final function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Vec<String>>,
    /// A record counts as positive if its probability exceeds this one, between 0 and 1; only for
    /// a single sigmoid output, and 0.5 if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// A predicted class is in doubt if its probability is below this one, between 0 and 1; only
    /// with softmax, and no class is if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<f64>,
    /// What the scores are. Needed only for several quantities without units, which the other fields
    /// don't distinguish from classes; elsewhere it must agree with the other fields, and a new
    /// card leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
}

impl Output {
    /// What the scores are: according to `task`, or without it to the other fields.
    pub fn task(&self) -> Task {
        self.task.unwrap_or_else(|| self.implied_task())
    }

    /// What the fields other than `task` say. Several scores without a final function are quantities
    /// if they have units, and classes otherwise.
    pub(super) fn implied_task(&self) -> Task {
        let ambiguous = match self.units {
            Some(_) => Task::Quantities,
            None => Task::Classes,
        };
        Task::implied_by(self.activation, self.scales.len()).unwrap_or(ambiguous)
    }

    /// The labels of the scores: a single score with two labels is the second's.
    pub fn scored_labels(&self) -> &[String] {
        &self.labels[self.labels.len().saturating_sub(self.scales.len())..]
    }
}

/// The proven bounds of the scores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// S: every score lies strictly between −2^(S−1) and 2^(S−1).
    pub slot_bits: SlotBits,
    /// Whether the model owner has proven all this for every possible record; always true.
    pub certified: bool,
    /// For each output, a bound that no score of it exceeds in magnitude, 1 to 2^(S−1) − 1. Every
    /// model that is built has it, rounded up to a few significant bits; without it, only S bounds
    /// the scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_scores: Option<Vec<u64>>,
}

impl Bounds {
    /// The bound that no score of an output exceeds in magnitude.
    ///
    /// # Panics
    /// If there are bounds for each output, and none for this one.
    pub(crate) fn largest_score(&self, output: usize) -> u64 {
        match &self.largest_scores {
            Some(largest) => largest[output],
            None => self.slot_bits.edge() - 1,
        }
    }
}

/// What one request may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Most records per request, at least 1.
    pub max_records: u32,
    /// Most ciphertexts per request, at least 1.
    pub max_ciphertexts: u32,
}

impl Default for Limits {
    /// Limits that suit most services.
    fn default() -> Self {
        Self {
            max_records: 1000,
            max_ciphertexts: 8192,
        }
    }
}

/// Refuses another format by name, before its other fields can cause a misleading error.
pub(super) fn check_format(json: &[u8]) -> Result<(), CardError> {
    #[derive(Deserialize)]
    struct Format {
        format: String,
    }
    let Format { format } = serde_json::from_slice(json).map_err(CardError::Json)?;
    if format != CARD_FORMAT {
        return Err(CardError::Format { found: format });
    }
    Ok(())
}
