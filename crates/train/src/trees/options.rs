//! How trees are grown.

use crate::error::TrainError;
use crate::options::wrong;

/// How trees are grown.
#[derive(Clone, Debug, PartialEq)]
pub struct TreesOptions {
    /// Comparisons from a tree's root to a leaf at most, 1 to 8. With 1 the model is a sum of
    /// functions of single columns.
    pub depth: usize,
    /// Most trees, 1 to 10,000.
    pub rounds: usize,
    /// How much of its best change each tree makes, above 0 and at most 1.
    pub learning_rate: f64,
    /// Fewest training rows that reach a leaf, at least 1.
    pub leaf_rows: usize,
}

impl Default for TreesOptions {
    fn default() -> Self {
        Self {
            depth: 2,
            rounds: 1000,
            learning_rate: 0.1,
            leaf_rows: 20,
        }
    }
}

impl TreesOptions {
    pub(crate) fn check(&self) -> Result<(), TrainError> {
        if !(1..=8).contains(&self.depth) {
            return wrong("the depth of trees", &self.depth, "1 to 8");
        }
        if !(1..=10_000).contains(&self.rounds) {
            return wrong("the number of trees", &self.rounds, "1 to 10,000");
        }
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            let rate = self.learning_rate;
            return wrong(
                "the learning rate of trees",
                &rate,
                "above 0, and at most 1",
            );
        }
        if self.leaf_rows == 0 {
            return wrong("the number of rows per leaf", &0, "at least 1");
        }
        Ok(())
    }
}
