//! What a file of trees says, in whatever form it does.

use std::collections::BTreeMap;

use veilcast_card::{Activation, Task, UnknownCategory};
use veilcast_model::trees::TreeSum;

/// What a file of trees says.
#[derive(Clone)]
pub(crate) struct TreesFile {
    /// The columns, in the order in which trees number them; not known, if `x0`, `x1` ….
    pub(crate) columns: Columns,
    /// The categories of columns of texts, by the column's place: each category is a number.
    pub(crate) categories: BTreeMap<usize, Vec<String>>,
    /// The categories that missing cells of such columns count as; without one, they are refused.
    pub(crate) imputed: BTreeMap<usize, String>,
    /// What becomes of a category that isn't one of those.
    pub(crate) unknown: UnknownCategory,
    pub(crate) sum: TreeSum,
    pub(crate) activation: Activation,
    /// The classes' names, if the file has them.
    pub(crate) labels: Option<Vec<String>>,
    pub(crate) task: Option<Task>,
    /// The library, with its version.
    pub(crate) producer: String,
}

/// The columns that trees compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    Named(Vec<String>),
    /// This many, without names.
    Unnamed(usize),
}

impl Columns {
    /// Columns with the names that a file gives, if it gives any.
    pub(super) fn new(names: Vec<String>, count: usize) -> Self {
        match names.is_empty() {
            true => Self::Unnamed(count),
            false => Self::Named(names),
        }
    }
}

/// One of an output's values among zeros for the others.
pub(super) fn only(output: usize, outputs: usize, value: f64) -> Vec<f64> {
    let mut values = vec![0.0; outputs];
    values[output] = value;
    values
}
