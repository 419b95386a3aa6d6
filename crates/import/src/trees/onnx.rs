//! Trees in ONNX files: the operators `TreeEnsembleClassifier` and `TreeEnsembleRegressor`.
//!
//! They are described in ONNX's documentation, "ai.onnx.ml". Numbers are compared in 32 bits, and a
//! missing one fails every comparison, unless the node says otherwise.

use std::collections::{BTreeMap, HashMap};

use veilcast_card::{Activation, Task, UnknownCategory};
use veilcast_model::trees::{Missing, Node, TreeSum, ValuedTree, at_most, below};
use veilcast_onnx::graph::{attribute, constant, graph, source};
use veilcast_onnx::pb::{GraphProto, ModelProto, NodeProto};

use super::found::{Columns, TreesFile};
use crate::trees_error::TreesError;
use crate::{ImportError, labels, numbers};

const CLASSIFIER: &str = "TreeEnsembleClassifier";
const REGRESSOR: &str = "TreeEnsembleRegressor";

/// Trees in a graph, and the value that they look at.
pub(crate) struct Found {
    pub(crate) trees: TreesFile,
    pub(crate) input: String,
}

/// The trees of a graph, if it has any.
///
/// # Errors
/// [`ImportError`] if they can't be used, or something else than names follows them.
pub(crate) fn find(model: &ModelProto) -> Result<Option<Found>, ImportError> {
    let graph = graph(model)?;
    let is_trees = |node: &&NodeProto| node.op_type.starts_with("TreeEnsemble");
    let mut trees = graph.node.iter().filter(is_trees);
    let Some(node) = trees.next() else {
        return Ok(None);
    };
    if trees.next().is_some() {
        return Err(TreesError::unsupported(
            "several nodes hold trees",
            "export each model for itself",
        )
        .into());
    }
    check_rest(graph, node)?;
    let prefix = match node.op_type.as_str() {
        CLASSIFIER => "class",
        REGRESSOR => "target",
        other => {
            let what = format!("the operator {other} isn't known");
            return Err(
                TreesError::unsupported(what, "export with ai.onnx.ml version 1 to 3").into(),
            );
        }
    };
    let input = node.input.first().cloned();
    let input = input.ok_or_else(|| TreesError::malformed("the trees' input"))?;
    Ok(Some(Found {
        trees: Ensemble { node, prefix }.read()?,
        input,
    }))
}

/// Checks that what follows the trees changes no score.
fn check_rest(graph: &GraphProto, trees: &NodeProto) -> Result<(), TreesError> {
    let after = |node: &&NodeProto| {
        let mut values = node.input.clone();
        while let Some(value) = values.pop() {
            match source(graph, &value).map(|(index, _)| &graph.node[index]) {
                Some(found) if std::ptr::eq(found, trees) => return true,
                Some(found) => values.extend(found.input.iter().cloned()),
                None => {}
            }
        }
        false
    };
    let is_one = |value: &String| {
        let tensor = constant(graph, value);
        tensor.and_then(numbers::floats) == Some(vec![1.0])
    };
    let changes_nothing = |node: &NodeProto| match node.op_type.as_str() {
        "Identity"
        | "Cast"
        | "ZipMap"
        | "ArrayFeatureExtractor"
        | "Gather"
        | "Reshape"
        | "Squeeze" => true,
        "Mul" => node.input.iter().any(is_one),
        _ => false,
    };
    match graph
        .node
        .iter()
        .filter(after)
        .find(|node| !changes_nothing(node))
    {
        None => Ok(()),
        Some(node) => Err(TreesError::unsupported(
            format!("the operator {} follows the trees", node.op_type),
            "export the model that has the trees by itself",
        )),
    }
}

/// A node with trees.
struct Ensemble<'a> {
    node: &'a NodeProto,
    /// What the names of the leaves' attributes begin with.
    prefix: &'static str,
}

/// A node of a tree: its place in the node's lists.
type Place = usize;

impl Ensemble<'_> {
    fn read(&self) -> Result<TreesFile, TreesError> {
        let is_classifier = self.prefix == "class";
        let post = self.text("post_transform").unwrap_or_default();
        let classes =
            labels::of_node(self.node).map_err(|_| TreesError::malformed("the classes' labels"))?;
        let targets = match (&classes, is_classifier) {
            (Some(classes), true) => classes.len(),
            _ => attribute(self.node, "n_targets").map_or(1, |targets| targets.i as usize),
        };
        // With two classes, all leaves may give scores of the second, whichever they name.
        let ids = self.ints("ids");
        let one_of_two = is_classifier && targets == 2 && ids.iter().all(|id| *id == ids[0]);
        let outputs = if one_of_two { 1 } else { targets };
        let weights = self.leaves(outputs, one_of_two)?;
        let base = match attribute(self.node, "base_values") {
            Some(values) if values.floats.len() == outputs => values
                .floats
                .iter()
                .map(|&value| f64::from(value))
                .collect(),
            Some(values) if !values.floats.is_empty() => {
                return Err(TreesError::malformed("base_values"));
            }
            _ => vec![0.0; outputs],
        };
        let mut sum = TreeSum::new(base);
        let roots = self.roots();
        let factor = match self.text("aggregate_function").as_deref() {
            None | Some("SUM") => 1.0,
            Some("AVERAGE") => 1.0 / roots.len().max(1) as f64,
            Some(other) => {
                return Err(TreesError::unsupported(
                    format!("the trees are combined by {other}"),
                    "sums and averages can be imported",
                ));
            }
        };
        let places = self.places();
        for root in roots {
            sum.add(self.tree(root, &places, &weights, (outputs, factor))?)?;
        }
        let is_probability =
            post == "NONE" && one_of_two && weights.values().flatten().all(|w| *w >= 0.0);
        if is_probability {
            sum = sum.with_complement();
        }
        let (activation, task) = match (post.as_str(), is_classifier) {
            ("NONE" | "", true) if one_of_two && !is_probability => (Activation::Sigmoid, None),
            ("NONE" | "", true) => (Activation::None, Some(Task::Classes)),
            ("NONE" | "", false) => (Activation::None, Some(Task::Quantities)),
            ("LOGISTIC", _) => (Activation::Sigmoid, None),
            ("SOFTMAX", _) => (Activation::Softmax, None),
            (other, _) => {
                return Err(TreesError::unsupported(
                    format!("its final function is {other}"),
                    "LOGISTIC and SOFTMAX can be imported",
                ));
            }
        };
        Ok(TreesFile {
            columns: Columns::Unnamed(0),
            categories: BTreeMap::new(),
            imputed: BTreeMap::new(),
            unknown: UnknownCategory::Zeros,
            sum,
            activation,
            labels: classes,
            task,
            producer: String::new(),
        })
    }

    /// Each leaf's values.
    fn leaves(
        &self,
        outputs: usize,
        one_of_two: bool,
    ) -> Result<HashMap<(i64, i64), Vec<f64>>, TreesError> {
        let (trees, nodes) = (self.ints("treeids"), self.ints("nodeids"));
        let (ids, weights) = (self.ints("ids"), self.floats("weights"));
        if [trees.len(), nodes.len(), ids.len()] != [weights.len(); 3] {
            return Err(TreesError::malformed("the leaves' weights"));
        }
        let mut leaves = HashMap::new();
        for (((tree, node), id), weight) in trees.iter().zip(nodes).zip(ids).zip(weights) {
            let output = if one_of_two { 0 } else { *id as usize };
            let values = leaves
                .entry((*tree, *node))
                .or_insert_with(|| vec![0.0; outputs]);
            match values.get_mut(output) {
                Some(value) => *value += f64::from(*weight),
                None => return Err(TreesError::malformed("a leaf's class")),
            }
        }
        Ok(leaves)
    }

    /// The places of all nodes, by tree and node.
    fn places(&self) -> HashMap<(i64, i64), Place> {
        let (trees, nodes) = (self.node_ints("treeids"), self.node_ints("nodeids"));
        let keys = trees.iter().copied().zip(nodes.iter().copied());
        keys.enumerate().map(|(place, key)| (key, place)).collect()
    }

    /// The first node of each tree.
    fn roots(&self) -> Vec<Place> {
        let mut seen = std::collections::HashSet::new();
        let trees = self.node_ints("treeids").iter().enumerate();
        trees
            .filter(|(_, tree)| seen.insert(**tree))
            .map(|(place, _)| place)
            .collect()
    }

    fn tree(
        &self,
        root: Place,
        places: &HashMap<(i64, i64), Place>,
        weights: &HashMap<(i64, i64), Vec<f64>>,
        (outputs, factor): (usize, f64),
    ) -> Result<ValuedTree, TreesError> {
        let (trees, nodes) = (self.node_ints("treeids"), self.node_ints("nodeids"));
        let (features, edges) = (self.node_ints("featureids"), self.node_floats("values"));
        let (on_true, on_false) = (
            self.node_ints("truenodeids"),
            self.node_ints("falsenodeids"),
        );
        let modes = attribute(self.node, "nodes_modes").map_or(&[][..], |modes| &modes.strings);
        let tracks = self.node_ints("missing_value_tracks_true");
        let takes_missing = tracks.iter().any(|track| *track != 0);
        let broken = || TreesError::malformed("the trees' nodes");
        ValuedTree::from_root(root, |place| {
            let tree = *trees.get(place).ok_or_else(broken)?;
            let node = *nodes.get(place).ok_or_else(broken)?;
            let mode = modes.get(place).ok_or_else(broken)?;
            if mode == b"LEAF" {
                let values = weights.get(&(tree, node)).cloned();
                let values = values.unwrap_or_else(|| vec![0.0; outputs]);
                return Ok(Node::Leaf(
                    values.iter().map(|value| factor * value).collect(),
                ));
            }
            let next = |steps: &[i64]| {
                let node = *steps.get(place).ok_or_else(broken)?;
                places.get(&(tree, node)).copied().ok_or_else(broken)
            };
            let (on_true, on_false) = (next(on_true)?, next(on_false)?);
            let edge = *edges.get(place).ok_or_else(broken)?;
            let (threshold, is_low) = match mode.as_slice() {
                b"BRANCH_LEQ" => (at_most(edge), true),
                b"BRANCH_LT" => (below(edge), true),
                b"BRANCH_GTE" => (below(edge), false),
                b"BRANCH_GT" => (at_most(edge), false),
                other => {
                    return Err(TreesError::unsupported(
                        format!("a tree compares by {}", String::from_utf8_lossy(other)),
                        "one-hot encode the column before training",
                    ));
                }
            };
            let tracks_true = tracks.get(place).is_some_and(|track| *track != 0);
            Ok(Node::Split {
                feature: features
                    .get(place)
                    .and_then(|&feature| u32::try_from(feature).ok())
                    .ok_or_else(broken)?,
                threshold,
                low: if is_low { on_true } else { on_false },
                high: if is_low { on_false } else { on_true },
                missing: match (takes_missing, tracks_true == is_low) {
                    (false, _) => Missing::Refused,
                    (true, true) => Missing::Low,
                    (true, false) => Missing::High,
                },
            })
        })
    }

    fn ints(&self, name: &str) -> &[i64] {
        self.attribute_ints(&format!("{}_{name}", self.prefix))
    }

    fn floats(&self, name: &str) -> &[f32] {
        self.attribute_floats(&format!("{}_{name}", self.prefix))
    }

    fn node_ints(&self, name: &str) -> &[i64] {
        self.attribute_ints(&format!("nodes_{name}"))
    }

    fn node_floats(&self, name: &str) -> &[f32] {
        self.attribute_floats(&format!("nodes_{name}"))
    }

    fn attribute_ints(&self, name: &str) -> &[i64] {
        attribute(self.node, name).map_or(&[], |found| &found.ints)
    }

    fn attribute_floats(&self, name: &str) -> &[f32] {
        attribute(self.node, name).map_or(&[], |found| &found.floats)
    }

    fn text(&self, name: &str) -> Option<String> {
        let found = attribute(self.node, name)?;
        Some(String::from_utf8_lossy(&found.s).into_owned())
    }
}
