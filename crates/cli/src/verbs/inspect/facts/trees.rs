//! What a card says about trees.

use std::fmt;

use serde::Serialize;
use veilcast_card::Tree;

use crate::output::counted;

/// Trees that the client follows in the clear.
#[derive(Serialize)]
pub(super) struct TreesFacts {
    trees: usize,
    comparisons: usize,
    leaves: usize,
}

impl TreesFacts {
    pub(super) fn of(trees: &[Tree]) -> Self {
        Self {
            trees: trees.len(),
            comparisons: trees.iter().map(|tree| tree.feature.len()).sum(),
            leaves: trees.iter().map(Tree::leaves).sum(),
        }
    }
}

impl fmt::Display for TreesFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} with {} and {}, followed in the clear; the leaves' values are private",
            counted(self.trees as u64, "tree"),
            counted(self.comparisons as u64, "comparison"),
            match self.leaves {
                1 => "1 leaf".to_owned(),
                leaves => format!("{leaves} leaves"),
            },
        )
    }
}
