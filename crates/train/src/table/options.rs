//! What to make of a table, and how.

use veilcast_card::{InputBits, UnknownCategory};

use super::read::LabelledTable;
use crate::error::TrainError;
use crate::options::{Options, wrong};
use crate::trees::TreesOptions;

/// What to make of a table and how.
#[derive(Clone, Debug, PartialEq)]
pub struct TableOptions {
    /// What any training needs.
    pub training: Options,
    /// What is to be predicted.
    pub task: Task,
    /// The classes' names in predictions, for two the positive one last, or the name of the number
    /// that is predicted; the target's values, or its name, if not given.
    pub labels: Option<Vec<String>>,
    /// Every n-th row is held out, with this n; at least 2.
    pub held_out: usize,
    /// What to do with categories that no training row has.
    pub unknown: UnknownCategory,
    /// Fewest training rows of a category that is learnt; the others count as unknown, which needs
    /// [`UnknownCategory::Zeros`] if this is more than 1.
    pub fewest: usize,
    /// Whether training ends after the given number of passes. Otherwise a single layer, or layers
    /// that square, are trained until they have converged, with the penalty on their weights that
    /// predicts best.
    pub by_epochs: bool,
    /// Boosted trees in place of a network: their structure becomes public, their leaves' values
    /// stay private.
    pub trees: Option<TreesOptions>,
    /// How much quantisation may change the probability of a class for any training row, 0 to 1;
    /// for a regression how much it may change the number, in units of the target's standard
    /// deviation.
    pub max_change: f64,
}

/// What is to be predicted for a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// A class: the target's value.
    Classification {
        /// The value to be distinguished from all others; the greater of two values (as text), if
        /// not given.
        positive: Option<String>,
        /// The probability above which a row counts as positive, if not 0.5; only for two classes.
        threshold: Option<f64>,
    },
    /// A number, by least squares.
    Regression {
        /// Its unit, such as EUR.
        unit: Option<String>,
    },
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            training: Options {
                name: "table".to_owned(),
                description: String::new(),
                hidden: Vec::new(),
                learning_rate: 1e-2,
                ..Options::default()
            },
            task: Task::Classification {
                positive: None,
                threshold: None,
            },
            labels: None,
            held_out: 5,
            unknown: UnknownCategory::Error,
            fewest: 1,
            by_epochs: false,
            trees: None,
            max_change: 0.02,
        }
    }
}

impl TableOptions {
    /// Passes over the training rows that suit a table: few rows need more passes, since the
    /// weights need some steps to converge.
    pub fn suggested_epochs(&self, table: &LabelledTable) -> usize {
        let min_steps: usize = match self.task {
            Task::Classification { .. } => 200,
            Task::Regression { .. } => 2000,
        };
        let trained_on = table.len() - table.len() / self.held_out.max(1);
        let batches = trained_on.div_ceil(self.training.batch_size.max(1)).max(1);
        min_steps.div_ceil(batches).max(Options::default().epochs)
    }

    pub(super) fn check(&self) -> Result<(), TrainError> {
        self.training.check()?;
        self.trees.as_ref().map_or(Ok(()), TreesOptions::check)?;
        if self.held_out < 2 {
            return wrong(
                "the share of rows held out",
                &self.held_out,
                "one in 2 or more",
            );
        }
        if self.fewest > 1 && self.unknown == UnknownCategory::Error {
            return wrong(
                "the fewest rows of a category",
                &self.fewest,
                "1 where records of unknown categories are refused",
            );
        }
        if !(0.0..=1.0).contains(&self.max_change) {
            return wrong("the largest change by rounding", &self.max_change, "0 to 1");
        }
        Ok(())
    }

    /// The options, with the only number of input bits that trees' leaves need.
    pub(super) fn settled(&self) -> Self {
        let mut settled = self.clone();
        if self.trees.is_some() {
            settled.training.input_bits = Some(InputBits::MIN);
        }
        settled
    }

    pub(super) fn threshold(&self) -> Option<f64> {
        match self.task {
            Task::Classification { threshold, .. } => threshold,
            Task::Regression { .. } => None,
        }
    }

    /// Most input bits that are searched: probabilities hide small changes, numbers don't.
    pub(super) fn most_input_bits(&self) -> InputBits {
        match self.task {
            Task::Classification { .. } => InputBits::of::<8>(),
            Task::Regression { .. } => InputBits::of::<12>(),
        }
    }
}
