//! Declared steps from a raw record to the features that get quantised.
//!
//! Each step acts on the result of the one before, all operations are on 64-bit floats, and none
//! depends on other records, so every client computes exactly the same features. Before the steps a
//! record is a list of cells in the card's order; after them it is a list of numbers, in which a
//! one-hot encoded column is expanded in place. The steps' numbers are public, like the card.

mod apply;
mod check;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An ordered list of steps, each applied to the result of the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// The vocabulary of steps.
    pub version: PreprocessingVersion,
    /// The spellings of a missing cell in a table, except where they are a category of the column;
    /// since version 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The steps, first to last.
    pub steps: Vec<Step>,
}

/// Versions of the vocabulary of steps; written as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum PreprocessingVersion {
    /// Only [`Step::Scale`].
    V1,
    /// Every [`Step`], and spellings of missing cells.
    V2,
}

impl TryFrom<u32> for PreprocessingVersion {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        match version {
            1 => Ok(Self::V1),
            2 => Ok(Self::V2),
            _ => Err(format!(
                "preprocessing version {version} isn't known; this version reads 1 and 2"
            )),
        }
    }
}

impl From<PreprocessingVersion> for u32 {
    fn from(version: PreprocessingVersion) -> Self {
        match version {
            PreprocessingVersion::V1 => 1,
            PreprocessingVersion::V2 => 2,
        }
    }
}

/// One step of preprocessing, told apart by its `op`.
///
/// A column that a `one_hot` names holds texts, every other holds numbers. A column appears at most
/// once in the steps of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Step {
    /// Gives missing cells a value; before any other step on the column.
    Impute {
        /// The value of each column.
        values: BTreeMap<String, Imputed>,
    },
    /// Moves numbers outside a range to its edge.
    Clip {
        /// Low and high end of each column, finite, the low one less.
        ranges: BTreeMap<String, [f64; 2]>,
    },
    /// Computes (x − mean)/std.
    Standardize {
        /// Mean and standard deviation of each column.
        columns: BTreeMap<String, Standard>,
    },
    /// Turns a text into one number per category: 1 for its own, 0 for the others.
    OneHot {
        /// The categories of each column, in the order of the numbers.
        categories: BTreeMap<String, Vec<String>>,
        /// What happens to any other text.
        unknown: UnknownCategory,
    },
    /// Multiplies every number by a factor, such as 1/255 for pixels; before any one-hot encoding.
    Scale {
        /// The factor, finite and not zero.
        factor: f64,
    },
}

/// What a missing cell becomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Imputed {
    /// A finite number, in a column of numbers.
    Number(f64),
    /// One of the column's categories, in a column of texts.
    Text(String),
}

/// How a column's numbers are standardised.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// The value that becomes 0, finite.
    pub mean: f64,
    /// The difference that becomes 1, finite and greater than 0.
    pub std: f64,
}

/// What happens to a category that the card doesn't know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownCategory {
    /// The record is refused.
    Error,
    /// All its numbers are 0, and the case is counted.
    Zeros,
}

impl Preprocessing {
    /// Steps in the oldest vocabulary that has them.
    pub fn new(steps: Vec<Step>) -> Self {
        let old = |step: &Step| matches!(step, Step::Scale { .. });
        let version = match steps.iter().all(old) {
            true => PreprocessingVersion::V1,
            false => PreprocessingVersion::V2,
        };
        Self {
            version,
            missing: Vec::new(),
            steps,
        }
    }

    /// The same steps for a table in which these texts mean that a cell is missing.
    pub fn with_missing(self, missing: Vec<String>) -> Self {
        Self {
            version: PreprocessingVersion::V2,
            missing,
            ..self
        }
    }

    /// The categories of a column of texts, and what happens to others; none for a column of
    /// numbers.
    pub fn categories(&self, column: &str) -> Option<(&[String], UnknownCategory)> {
        self.steps.iter().find_map(|step| match step {
            Step::OneHot {
                categories,
                unknown,
            } => Some((categories.get(column)?.as_slice(), *unknown)),
            _ => None,
        })
    }

    /// Whether a missing cell of a column is given a value.
    pub fn imputes(&self, column: &str) -> bool {
        let imputes =
            |step: &Step| matches!(step, Step::Impute { values } if values.contains_key(column));
        self.steps.iter().any(imputes)
    }
}
