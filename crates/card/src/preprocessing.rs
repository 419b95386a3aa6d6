//! Declared steps from a raw record to the features that get quantised.
//!
//! Each step acts on the result of the one before, all operations are on 64-bit floats, and none
//! depends on other records, so every client computes exactly the same features. Before the steps a
//! record is a list of cells in the card's order; after them it is a list of numbers, in which a
//! one-hot encoded column is expanded in place; or, with trees, one that says which leaves it reaches. The steps' numbers are public, like the card.

mod apply;
mod check;
mod names;
mod trees;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::trees::Tree;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum PreprocessingVersion {
    /// Only [`Step::Scale`].
    V1,
    /// All but [`Step::Trees`], and spellings of missing cells.
    V2,
    /// Every [`Step`].
    V3,
}

impl TryFrom<u32> for PreprocessingVersion {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        match version {
            1 => Ok(Self::V1),
            2 => Ok(Self::V2),
            3 => Ok(Self::V3),
            _ => Err(format!(
                "preprocessing version {version} isn't known; this version reads 1 to 3"
            )),
        }
    }
}

impl From<PreprocessingVersion> for u32 {
    fn from(version: PreprocessingVersion) -> Self {
        match version {
            PreprocessingVersion::V1 => 1,
            PreprocessingVersion::V2 => 2,
            PreprocessingVersion::V3 => 3,
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
    /// Replaces the numbers by the leaves that they reach in decision trees: for each tree one number
    /// per leaf but the last, 1 for the leaf that is reached and 0 for the others. The last step, if
    /// it is there.
    Trees {
        /// The trees' structures, at least one.
        trees: Vec<Tree>,
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
        let needed = steps.iter().map(Step::since).max();
        Self {
            version: needed.unwrap_or(PreprocessingVersion::V1),
            missing: Vec::new(),
            steps,
        }
    }

    /// The same steps for a table in which these texts mean that a cell is missing.
    pub fn with_missing(self, missing: Vec<String>) -> Self {
        Self {
            version: self.version.max(PreprocessingVersion::V2),
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

    /// The trees whose leaves become features, if there are any.
    pub fn trees(&self) -> Option<&[Tree]> {
        match self.steps.last() {
            Some(Step::Trees { trees }) => Some(trees),
            _ => None,
        }
    }

    /// Whether a record may lack a column's cell: it is given a value, or trees have a way for it.
    /// `columns` are those of the table, in order.
    pub fn takes_missing(&self, column: &str, columns: &[String]) -> bool {
        let Some(trees) = self.trees() else {
            return self.imputes(column);
        };
        let before = columns.iter().take_while(|other| *other != column);
        let numbers = before.map(|other| self.categories(other).map_or(1, |(all, _)| all.len()));
        let number = numbers.sum::<usize>();
        let by_trees = || trees.iter().all(|tree| tree.takes_missing(number));
        self.imputes(column) || (self.categories(column).is_none() && by_trees())
    }

    /// Whether a missing cell of a column is given a value.
    fn imputes(&self, column: &str) -> bool {
        let imputes =
            |step: &Step| matches!(step, Step::Impute { values } if values.contains_key(column));
        self.steps.iter().any(imputes)
    }
}

impl Step {
    /// The first version of the vocabulary that has it.
    fn since(&self) -> PreprocessingVersion {
        match self {
            Self::Scale { .. } => PreprocessingVersion::V1,
            Self::Impute { .. }
            | Self::Clip { .. }
            | Self::Standardize { .. }
            | Self::OneHot { .. } => PreprocessingVersion::V2,
            Self::Trees { .. } => PreprocessingVersion::V3,
        }
    }
}
