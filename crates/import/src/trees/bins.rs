//! Functions of columns that are tables of values by bin, as trees.

use veilcast_model::trees::{Missing, Node, ValuedTree};

use crate::trees_error::TreesError;

/// A tree under construction, in which branches that say the same are one.
#[derive(Clone, PartialEq)]
pub(super) enum Branch {
    Leaf(Vec<f64>),
    Split {
        number: u32,
        threshold: f64,
        /// Low, high, and missing if that is taken.
        branches: Box<(Branch, Branch, Option<Branch>)>,
    },
}

impl Branch {
    /// A balanced tree of one bin more than there are thresholds, in ascending order: a number is in the lower bin up to a
    /// threshold, and in the higher one above it.
    pub(super) fn by_thresholds(
        number: u32,
        thresholds: &[f64],
        bins: &[Self],
        missing: Option<&Self>,
    ) -> Self {
        if thresholds.is_empty() {
            return bins[0].clone();
        }
        let middle = thresholds.len() / 2;
        let (below, above) = (&thresholds[..middle], &thresholds[middle + 1..]);
        let low = Self::by_thresholds(number, below, &bins[..=middle], missing);
        let high = Self::by_thresholds(number, above, &bins[middle + 1..], missing);
        Self::joined(number, thresholds[middle], low, high, missing.cloned())
    }

    /// The tree of categories, the first of which has a number, and the others those after it; `others` is for none of them.
    pub(super) fn by_category(number: u32, categories: &[Self], others: Self) -> Self {
        let numbered = categories.iter().zip(number..);
        numbered.fold(others, |others, (own, number)| {
            Self::joined(number, 0.5, others, own.clone(), None)
        })
    }

    /// A comparison, unless it makes no difference.
    fn joined(number: u32, threshold: f64, low: Self, high: Self, missing: Option<Self>) -> Self {
        let is_missing_alike = missing.as_ref().is_none_or(|missing| *missing == low);
        if low == high && is_missing_alike {
            return low;
        }
        let branches = Box::new((low, high, missing));
        Self::Split {
            number,
            threshold,
            branches,
        }
    }

    pub(super) fn into_tree(self) -> Result<ValuedTree, TreesError> {
        ValuedTree::from_root(&self, |branch| {
            Ok(match branch {
                Self::Leaf(values) => Node::Leaf(values.clone()),
                Self::Split {
                    number,
                    threshold,
                    branches,
                } => {
                    let (low, high, missing) = branches.as_ref();
                    Node::Split {
                        feature: *number,
                        threshold: *threshold,
                        low,
                        high,
                        missing: match missing {
                            None => Missing::Refused,
                            Some(missing) if missing == low => Missing::Low,
                            Some(missing) if missing == high => Missing::High,
                            Some(missing) => Missing::Apart(missing),
                        },
                    }
                }
            })
        })
    }
}
