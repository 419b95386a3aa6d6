//! Decision trees whose structure is public: which leaf a record reaches becomes its features.
//!
//! A sum of decision trees is affine in the leaves that a record reaches, and so is a sum of
//! functions of single columns in the bins that its numbers fall into. The client finds the leaves
//! in the clear; the values of the leaves are the model's weights, and stay private.

use serde::{Deserialize, Serialize};

/// The structure of one binary decision tree, without the values of its leaves.
///
/// Node 0 is the root. A step leads to a later node, by its index, or to leaf l, written as −1 − l.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// Which of the numbers that the steps before give each node looks at, from 0.
    pub feature: Vec<u32>,
    /// What that number is compared with, finite.
    pub threshold: Vec<f64>,
    /// Where a number up to the threshold leads.
    pub low: Vec<i32>,
    /// Where a greater number leads.
    pub high: Vec<i32>,
    /// Where a missing number leads; without it, or where it is null, a record is refused whose
    /// number is missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Option<i32>>,
}

/// A tree needs a number that is missing.
pub(super) struct Needed {
    /// Which of the numbers.
    pub(super) feature: usize,
}

impl Tree {
    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        let leaf = |(_, step): (usize, i32)| (step < 0).then(|| !step as usize + 1);
        self.steps().filter_map(leaf).max().unwrap_or(0)
    }

    /// Number of features that it gives: one per leaf but the last.
    pub fn features(&self) -> usize {
        self.leaves().saturating_sub(1)
    }

    /// Whether records may lack a number: no comparison of it is without a way for them.
    pub(super) fn takes_missing(&self, number: usize) -> bool {
        let compared = self.feature.iter().enumerate();
        let mut compared = compared.filter(|(_, feature)| **feature as usize == number);
        compared.all(|(node, _)| self.missing.get(node).copied().flatten().is_some())
    }

    /// All steps, each with its node.
    fn steps(&self) -> impl Iterator<Item = (usize, i32)> {
        let numbers = self
            .low
            .iter()
            .enumerate()
            .chain(self.high.iter().enumerate());
        let missing = self.missing.iter().enumerate();
        let missing = missing.filter_map(|(node, step)| Some((node, (*step)?)));
        numbers.map(|(node, &step)| (node, step)).chain(missing)
    }

    /// The leaf that a record reaches, of a tree that has been [checked](Self::check).
    pub(super) fn leaf(&self, numbers: &[Option<f64>]) -> Result<usize, Needed> {
        let mut node = 0;
        loop {
            let feature = self.feature[node] as usize;
            let step = match numbers[feature] {
                Some(number) if number <= self.threshold[node] => self.low[node],
                Some(_) => self.high[node],
                None => {
                    let step = self.missing.get(node).copied().flatten();
                    step.ok_or(Needed { feature })?
                }
            };
            match usize::try_from(step) {
                Ok(later) => node = later,
                Err(_) => return Ok(!step as usize),
            }
        }
    }

    /// Checks that every step leads on, so that every record reaches a leaf, and that every node and
    /// leaf can be led to.
    pub(super) fn check(&self, numbers: usize) -> Result<(), String> {
        let nodes = self.feature.len();
        let lengths = [self.threshold.len(), self.low.len(), self.high.len()];
        let is_complete = self.missing.is_empty() || self.missing.len() == nodes;
        if nodes == 0 || lengths != [nodes; 3] || !is_complete {
            return Err("its lists must have one entry per node, and it needs a node".to_owned());
        }
        if let Some(feature) = self.feature.iter().find(|&&f| f as usize >= numbers) {
            return Err(format!(
                "it looks at number {feature}, and there are {numbers}"
            ));
        }
        if let Some(threshold) = self.threshold.iter().find(|number| !number.is_finite()) {
            return Err(format!("the threshold {threshold} isn't finite"));
        }
        let leaves = self.leaves();
        if !(2..=3 * nodes).contains(&leaves) {
            return Err(format!("it has {leaves} leaves and {nodes} nodes"));
        }
        if let Some(node) = (0..nodes).find(|&node| self.low[node] == self.high[node]) {
            return Err(format!("node {node} leads to the same place either way"));
        }
        let (mut from, mut leaf_reached) = (vec![None; nodes], vec![false; leaves]);
        for (node, step) in self.steps() {
            match usize::try_from(step) {
                Ok(later) if later <= node || later >= nodes => {
                    return Err(format!(
                        "node {node} leads to {later}, which is no later one"
                    ));
                }
                Ok(later) if from[later].is_some_and(|other| other != node) => {
                    return Err(format!("two nodes lead to node {later}"));
                }
                Ok(later) => from[later] = Some(node),
                Err(_) => leaf_reached[!step as usize] = true,
            }
        }
        if let Some(node) = (1..nodes).find(|&node| from[node].is_none()) {
            return Err(format!("nothing leads to node {node}"));
        }
        match leaf_reached.iter().position(|led| !led) {
            Some(leaf) => Err(format!("nothing leads to leaf {leaf}")),
            None => Ok(()),
        }
    }
}
