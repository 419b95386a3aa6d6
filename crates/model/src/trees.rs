//! Sums of decision trees, as a public structure and a private map.
//!
//! A sum of decision trees is affine in the leaves that a record reaches. So the card has the trees'
//! structure, the client finds the leaves, and their values become the weights of a map on inputs of
//! one bit. For each tree the last leaf's values go into the biases, and the others' are counted from
//! there, which takes one input less. Trees of the same structure become one.

use std::collections::HashMap;

use veilcast_card::{Step, Tree};

use crate::FloatMap;
use crate::integer_map::ShapeError;

/// What a node of a tree is; `N` names the nodes, as the form does in which the tree is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Node<N> {
    /// A leaf, with a value per output.
    Leaf(Vec<f64>),
    /// A comparison of a number.
    Split {
        /// Which of the record's numbers it is, from 0.
        feature: u32,
        /// What it is compared with, finite.
        threshold: f64,
        /// Where a number up to the threshold leads.
        low: N,
        /// Where a greater number leads.
        high: N,
        /// Where a missing number leads.
        missing: Missing<N>,
    },
}

/// Where a missing number leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing<N> {
    /// Nowhere: its record is refused.
    Refused,
    /// Where a small number does.
    Low,
    /// Where a great number does.
    High,
    /// Elsewhere.
    Apart(N),
}

/// A decision tree with the values of its leaves. Private.
#[derive(Clone)]
pub struct ValuedTree {
    structure: Tree,
    /// For each leaf, a value per output.
    values: Vec<Vec<f64>>,
}

/// The nodes of a tree are too many, or lead in a circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a decision tree has more than {MAX_NODES} nodes, or nodes that lead in a circle")]
pub struct TooManyNodes;

/// Most nodes of one tree, its leaves included.
const MAX_NODES: usize = 1 << 20;

/// Decision trees that are added up. Private.
#[derive(Clone)]
pub struct TreeSum {
    biases: Vec<f64>,
    trees: Vec<ValuedTree>,
    /// The place of each structure among the trees.
    places: HashMap<Key, usize>,
}

/// A structure in a form that can be hashed.
type Key = (Vec<u32>, Vec<u64>, [Vec<i32>; 2], Vec<Option<i32>>);

/// A step from a node that is still to be set: `LOW`, `HIGH` or `MISSING`, and the node.
type Open = (usize, usize);
const LOW: usize = 0;
const HIGH: usize = 1;
const MISSING: usize = 2;

impl ValuedTree {
    /// Collects the nodes of a tree from its root on; `node` says what each is.
    ///
    /// # Errors
    /// Those of `node`, and [`TooManyNodes`].
    pub fn from_root<N: Copy, E: From<TooManyNodes>>(
        root: N,
        mut node: impl FnMut(N) -> Result<Node<N>, E>,
    ) -> Result<Self, E> {
        let (mut compared, mut thresholds) = (Vec::new(), Vec::new());
        let mut steps: [Vec<Option<i32>>; 3] = Default::default();
        let mut values = Vec::new();
        let mut waiting: Vec<(N, Vec<Open>)> = vec![(root, Vec::new())];
        while let Some((name, open)) = waiting.pop() {
            if compared.len() + values.len() == MAX_NODES {
                return Err(TooManyNodes.into());
            }
            let here = compared.len();
            let step = match node(name)? {
                Node::Leaf(leaf) => {
                    values.push(leaf);
                    -(values.len() as i32)
                }
                Node::Split {
                    feature,
                    threshold,
                    low,
                    high,
                    missing,
                } => {
                    compared.push(feature);
                    thresholds.push(threshold);
                    steps.iter_mut().for_each(|steps| steps.push(None));
                    let (mut on_low, mut on_high) = (vec![(LOW, here)], vec![(HIGH, here)]);
                    match missing {
                        Missing::Refused => {}
                        Missing::Low => on_low.push((MISSING, here)),
                        Missing::High => on_high.push((MISSING, here)),
                        Missing::Apart(apart) => waiting.push((apart, vec![(MISSING, here)])),
                    }
                    waiting.push((high, on_high));
                    waiting.push((low, on_low));
                    here as i32
                }
            };
            for (side, from) in open {
                steps[side][from] = Some(step);
            }
        }
        let [low, high, missing] = steps;
        let structure = Tree {
            feature: compared,
            threshold: thresholds,
            low: low.into_iter().flatten().collect(),
            high: high.into_iter().flatten().collect(),
            missing: match missing.iter().all(Option::is_none) {
                true => Vec::new(),
                false => missing,
            },
        };
        Ok(Self { structure, values })
    }

    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        self.values.len()
    }

    fn key(&self) -> Key {
        let Tree {
            feature,
            threshold,
            low,
            high,
            missing,
        } = self.structure.clone();
        let threshold = threshold.iter().map(|number| number.to_bits());
        (feature, threshold.collect(), [low, high], missing)
    }
}

impl TreeSum {
    /// The sum of no trees yet, plus a number per output.
    pub fn new(biases: Vec<f64>) -> Self {
        Self {
            biases,
            trees: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// Adds a tree.
    ///
    /// # Errors
    /// [`ShapeError`] if a leaf's number of values isn't that of the outputs.
    pub fn add(&mut self, tree: ValuedTree) -> Result<(), ShapeError> {
        let outputs = self.biases.len();
        if let Some(leaf) = tree.values.iter().find(|leaf| leaf.len() != outputs) {
            return Err(ShapeError::Input {
                found: leaf.len(),
                expected: outputs,
            });
        }
        if tree.structure.feature.is_empty() {
            add(&mut self.biases, &tree.values[0]);
            return Ok(());
        }
        match self.places.get(&tree.key()) {
            Some(&place) => {
                let sums = self.trees[place].values.iter_mut();
                sums.zip(&tree.values)
                    .for_each(|(sum, leaf)| add(sum, leaf));
            }
            None => {
                self.places.insert(tree.key(), self.trees.len());
                self.trees.push(tree);
            }
        }
        Ok(())
    }

    /// The same sum on the numbers from which `before` computes those that the trees compare. Each
    /// must come from a single one.
    ///
    /// # Errors
    /// [`Mixed`] says which doesn't.
    pub fn after(mut self, before: &FloatMap) -> Result<Self, Mixed> {
        let trees = std::mem::take(&mut self.trees);
        self.places.clear();
        for mut tree in trees {
            let structure = &mut tree.structure;
            for node in 0..structure.feature.len() {
                let feature = structure.feature[node] as usize;
                let (number, factor, shift) = single(before, feature)?;
                structure.feature[node] = number;
                if (factor, shift) != (1.0, 0.0) {
                    structure.threshold[node] = (structure.threshold[node] - shift) / factor;
                }
                if factor < 0.0 {
                    structure.threshold[node] = structure.threshold[node].next_down();
                    std::mem::swap(&mut structure.low[node], &mut structure.high[node]);
                }
            }
            self.places.insert(tree.key(), self.trees.len());
            self.trees.push(tree);
        }
        Ok(self)
    }

    /// The same sum of a single output as two: what is missing from 1 and the sum itself, where it
    /// is the second class's probability.
    pub fn with_complement(self) -> Self {
        let pair = |value: f64| vec![-value, value];
        let trees = self.trees.into_iter().map(|tree| ValuedTree {
            values: tree.values.iter().map(|leaf| pair(leaf[0])).collect(),
            ..tree
        });
        Self {
            trees: trees.collect(),
            biases: vec![1.0 - self.biases[0], self.biases[0]],
            places: self.places,
        }
    }

    /// Number of trees, those of the same structure counted once, and of their leaves.
    pub fn size(&self) -> (usize, usize) {
        let leaves = self.trees.iter().map(ValuedTree::leaves);
        (self.trees.len(), leaves.sum())
    }

    /// The step of preprocessing that finds the leaves, and the map from them to the scores.
    ///
    /// # Errors
    /// [`ShapeError`] if there is no tree, or a value isn't finite.
    pub fn into_map(self) -> Result<(Step, FloatMap), ShapeError> {
        let mut biases = self.biases;
        let mut rows = vec![Vec::new(); biases.len()];
        for tree in &self.trees {
            let Some((last, others)) = tree.values.split_last() else {
                continue;
            };
            add(&mut biases, last);
            for (output, row) in rows.iter_mut().enumerate() {
                row.extend(others.iter().map(|leaf| leaf[output] - last[output]));
            }
        }
        let inputs = rows.first().map_or(0, Vec::len);
        let map = FloatMap::new(inputs, biases.len(), rows.concat(), biases)?;
        let trees = self.trees.into_iter().map(|tree| tree.structure);
        let trees = trees.collect();
        Ok((Step::Trees { trees }, map))
    }
}

/// A number that trees compare is computed from several, or from none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the trees compare number {feature}, which is computed from {found} numbers of a record")]
pub struct Mixed {
    /// Which of those that are compared, from 0.
    pub feature: usize,
    /// From how many.
    pub found: usize,
}

/// The only number that a feature depends on, its factor, and what is added.
fn single(before: &FloatMap, feature: usize) -> Result<(u32, f64, f64), Mixed> {
    let outputs = before.outputs();
    if feature >= outputs {
        return Err(Mixed { feature, found: 0 });
    }
    let weights = before.row(feature).iter().enumerate();
    let mut factors = weights.filter(|(_, factor)| **factor != 0.0);
    match (factors.next(), factors.count()) {
        (Some((number, &factor)), 0) => Ok((number as u32, factor, before.biases()[feature])),
        (first, others) => Err(Mixed {
            feature,
            found: usize::from(first.is_some()) + others,
        }),
    }
}

fn add(sums: &mut [f64], values: &[f64]) {
    sums.iter_mut()
        .zip(values)
        .for_each(|(sum, value)| *sum += value);
}

/// The greatest 64-bit float that a comparison x ≤ `threshold` lets pass, if it rounds x to 32 bits
/// first, as most libraries of trees do.
pub fn at_most(threshold: f32) -> f64 {
    if !threshold.is_finite() {
        return f64::from(threshold);
    }
    let next = threshold.next_up();
    // What is halfway rounds to the one of both whose last bit is 0.
    let above = if next.is_finite() {
        f64::from(next)
    } else {
        2.0_f64.powi(128)
    };
    let halfway = f64::from(threshold).midpoint(above);
    match threshold.to_bits() & 1 {
        0 => halfway,
        _ => halfway.next_down(),
    }
}

/// As [`at_most`], for a comparison x < `threshold`.
pub fn below(threshold: f32) -> f64 {
    at_most(threshold.next_down())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use proptest::prelude::*;
    use veilcast_card::{Input, InputKind, Preprocessing, RawRecord};

    use super::*;

    /// A tree as its nodes, the root first.
    fn tree(nodes: &[Node<usize>]) -> ValuedTree {
        ValuedTree::from_root(0, |node| Ok::<_, TooManyNodes>(nodes[node].clone())).unwrap()
    }

    fn split(
        feature: u32,
        threshold: f64,
        low: usize,
        high: usize,
        missing: Missing<usize>,
    ) -> Node<usize> {
        Node::Split {
            feature,
            threshold,
            low,
            high,
            missing,
        }
    }

    fn leaf(value: f64) -> Node<usize> {
        Node::Leaf(vec![value])
    }

    /// What a record's sum is, by preprocessing and the map.
    fn score(sum: TreeSum, record: &[f64]) -> f64 {
        let (step, map) = sum.into_map().unwrap();
        let input = Input {
            kind: InputKind::Table,
            description: String::new(),
            shape: vec![record.len()],
            features: Some((0..record.len()).map(|i| format!("x{i}")).collect()),
            fit: None,
            about: Default::default(),
            preprocessing: Preprocessing::new(vec![step]),
        };
        input.check().unwrap();
        let features = input
            .preprocess(RawRecord::Numbers(record.into()))
            .unwrap()
            .features;
        map.evaluate(&features).unwrap()[0]
    }

    #[test]
    fn sums_of_trees_are_maps_on_their_leaves() {
        let deep = [
            split(0, 1.0, 1, 2, Missing::Refused),
            leaf(0.25),
            split(1, 0.0, 3, 4, Missing::Refused),
            leaf(4.0),
            leaf(16.0),
        ];
        let stump = [
            split(1, 5.0, 1, 2, Missing::Refused),
            leaf(100.0),
            leaf(-100.0),
        ];
        let mut sum = TreeSum::new(vec![0.5]);
        for nodes in [&deep[..], &stump, &deep, &[leaf(1.0)]] {
            sum.add(tree(nodes)).unwrap();
        }
        assert_eq!(sum.size(), (2, 5), "trees of the same structure become one");
        for (record, expected) in [
            ([1.0, 7.0], 0.5 - 100.0),
            ([1.5, 0.0], 8.0 + 100.0),
            ([2.0, 5.5], 32.0 - 100.0),
            ([2.0, 5.0], 32.0 + 100.0),
        ] {
            assert_eq!(score(sum.clone(), &record), 1.5 + expected, "{record:?}");
        }
    }

    #[test]
    fn missing_numbers_lead_where_the_tree_says() {
        let nodes = [
            split(0, 1.0, 1, 2, Missing::Apart(3)),
            leaf(1.0),
            leaf(2.0),
            split(1, 1.0, 4, 5, Missing::High),
            leaf(3.0),
            leaf(4.0),
        ];
        let Tree {
            feature,
            low,
            high,
            missing,
            ..
        } = tree(&nodes).structure;
        assert_eq!(
            (feature, low, high, missing),
            (
                vec![0, 1],
                vec![-1, -3],
                vec![-2, -4],
                vec![Some(1), Some(-4)]
            )
        );
    }

    #[test]
    fn nodes_in_a_circle_are_refused() {
        let nodes = [split(0, 1.0, 0, 1, Missing::Low), leaf(1.0)];
        let tree =
            ValuedTree::from_root(0, |node: usize| Ok::<_, TooManyNodes>(nodes[node].clone()));
        assert!(tree.is_err());
    }

    proptest! {
        #[test]
        fn comparisons_of_32_bits_are_those_of_64(threshold: f32, near in -3_i64..=3, x: f64) {
            prop_assume!(threshold.is_finite() && x.is_finite());
            let edge = at_most(threshold);
            // Next to the edge, and anywhere.
            let close = f64::from_bits(edge.to_bits().wrapping_add_signed(near));
            for x in [x, close, f64::from(threshold), -0.0, 0.0] {
                prop_assume!(x.is_finite());
                prop_assert_eq!(x <= edge, x as f32 <= threshold, "{} {}", x, threshold);
                prop_assert_eq!(x <= below(threshold), (x as f32) < threshold, "{} {}", x, threshold);
            }
        }
    }
}
