//! Whether the lists that describe an ensemble of trees are trees.
//!
//! The library follows them from node to node, and adds to the classes that the leaves name,
//! without checking where that leads.

use std::collections::{HashMap, HashSet};

use crate::pb::NodeProto;

use super::OnnxError;
use super::graph::{attribute, name};
use super::list::{check_entries, entry, length, misfit};

/// The branching modes that the library reads correctly: it takes a node with any other one for a
/// leaf.
const BRANCHES: [&[u8]; 5] = [
    b"BRANCH_LEQ",
    b"BRANCH_LT",
    b"BRANCH_GT",
    b"BRANCH_EQ",
    b"BRANCH_NEQ",
];
const LEAF: &[u8] = b"LEAF";

/// Checks that the library can run an ensemble: it takes a base for each class to be there.
#[cfg(feature = "tract")]
pub(super) fn check_runnable(node: &NodeProto) -> Result<(), OnnxError> {
    let base = attribute(node, "base_values").map_or(0, length);
    match (node.op_type.as_str(), base) {
        ("TreeEnsembleClassifier", 1) => Err(OnnxError::Unsupported {
            problem: format!(
                "the trees of {:?} have one base for two classes",
                name(node)
            ),
        }),
        _ => Ok(()),
    }
}

/// Checks an ensemble, whose lists of the same things are equally long.
pub(super) fn check(node: &NodeProto) -> Result<(), OnnxError> {
    if node.op_type != "TreeEnsembleClassifier" {
        return Ok(());
    }
    let ints = |name: &str| attribute(node, name).map_or(&[][..], |list| list.ints.as_slice());
    let labels = ["classlabels_int64s", "classlabels_strings"];
    let classes: usize = labels
        .iter()
        .filter_map(|name| attribute(node, name))
        .map(length)
        .sum();
    if let Some(base) = attribute(node, "base_values").filter(|base| length(base) != classes) {
        // Of two classes, trees may score the second alone.
        if (classes, length(base)) != (2, 1) {
            let expected = format!("{classes}, one for each class");
            return Err(misfit(node, "base_values", length(base), expected));
        }
    }
    let last = i64::try_from(classes).unwrap_or(i64::MAX) - 1;
    check_entries(node, "class_ids", ints("class_ids"), 0..=last)?;

    let (ids, trees) = (ints("nodes_nodeids"), ints("nodes_treeids"));
    let nodes: Vec<(i64, i64)> = trees.iter().copied().zip(ids.iter().copied()).collect();
    // The library finds a tree's nodes by counting from 0, whatever they are called.
    let mut counts: HashMap<i64, i64> = HashMap::new();
    for &tree in trees {
        *counts.entry(tree).or_default() += 1;
    }
    let last = |tree: i64| counts.get(&tree).copied().unwrap_or_default() - 1;
    let mut seen = HashSet::new();
    for &(tree, id) in &nodes {
        if !(0..=last(tree)).contains(&id) || !seen.insert((tree, id)) {
            let expected = format!("the numbers from 0 to {} for the tree {tree}", last(tree));
            return Err(entry(node, "nodes_nodeids", id, expected));
        }
    }
    let modes = attribute(node, "nodes_modes").map_or(&[][..], |list| list.strings.as_slice());
    let children = ["nodes_truenodeids", "nodes_falsenodeids"];
    let mut leaves = HashSet::new();
    // The root has no parent, and each other node at most one, so no path is circular.
    let mut has_parent: HashSet<(i64, i64)> = HashSet::new();
    for (index, (&(tree, id), mode)) in nodes.iter().zip(modes).enumerate() {
        if mode == LEAF {
            leaves.insert((tree, id));
            continue;
        }
        if !BRANCHES.contains(&mode.as_slice()) {
            return Err(OnnxError::Unsupported {
                problem: format!(
                    "the trees of {:?} branch by {}, which isn't supported; write them with {}",
                    name(node),
                    String::from_utf8_lossy(mode),
                    String::from_utf8_lossy(BRANCHES[0])
                ),
            });
        }
        let [yes, no] = children.map(|list| ints(list).get(index).copied().unwrap_or_default());
        for (list, child) in children.into_iter().zip([yes, no]) {
            check_entries(node, list, &[child], 1..=last(tree))?;
        }
        for (list, child) in children.into_iter().zip([yes, no]) {
            let is_same = list == children[1] && yes == no;
            if !is_same && !has_parent.insert((tree, child)) {
                return Err(entry(node, list, child, "each node only once".to_owned()));
            }
        }
    }
    let class_nodes = ints("class_treeids").iter().zip(ints("class_nodeids"));
    for (&tree, &id) in class_nodes {
        if !leaves.contains(&(tree, id)) {
            return Err(entry(
                node,
                "class_nodeids",
                id,
                format!("leaves of the tree {tree}"),
            ));
        }
    }
    Ok(())
}
