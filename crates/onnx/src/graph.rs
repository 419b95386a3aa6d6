//! Reading and changing a graph: which node gives a value, and what remains when outputs are cut
//! off.

use std::collections::{BTreeMap, HashSet};

use crate::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};

use super::OnnxError;

/// The graph of a checked model.
pub fn graph(model: &ModelProto) -> Result<&GraphProto, OnnxError> {
    model.graph.as_ref().ok_or(NO_GRAPH)
}

/// The graph of a checked model, to change.
pub fn graph_mut(model: &mut ModelProto) -> Result<&mut GraphProto, OnnxError> {
    model.graph.as_mut().ok_or(NO_GRAPH)
}

const NO_GRAPH: OnnxError = OnnxError::Empty {
    problem: "there is no graph",
};

/// Index of the node that gives a value, and which of its outputs it is; none for inputs and
/// constants.
pub fn source(graph: &GraphProto, value: &str) -> Option<(usize, usize)> {
    let nodes = graph.node.iter().enumerate();
    let mut places = nodes.filter_map(|(index, node)| {
        let place = node.output.iter().position(|output| output == value);
        place.map(|place| (index, place))
    });
    places.next()
}

/// What a model takes, without the constants that old files list among its inputs.
pub fn inputs(graph: &GraphProto) -> Vec<&ValueInfoProto> {
    let constants: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
    let inputs = graph.input.iter();
    inputs
        .filter(|input| !constants.contains(input.name.as_str()))
        .collect()
}

/// How many nodes of each operator a graph has.
pub fn operators(graph: &GraphProto) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for node in &graph.node {
        *counts.entry(node.op_type.clone()).or_default() += 1;
    }
    counts
}

/// A node's name, or if it has none, that of the first value it gives.
pub fn name(node: &NodeProto) -> &str {
    let first = || node.output.first().map_or("", String::as_str);
    match node.name.as_str() {
        "" => first(),
        name => name,
    }
}

/// An attribute of a node.
pub fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute
        .iter()
        .find(|attribute| attribute.name == name)
}

/// A constant: an initializer, or the value of a node that only holds one.
pub fn constant<'a>(graph: &'a GraphProto, value: &str) -> Option<&'a TensorProto> {
    let stored = graph.initializer.iter().find(|tensor| tensor.name == value);
    stored.or_else(|| {
        let (index, _) = source(graph, value)?;
        let node = &graph.node[index];
        let held = attribute(node, "value").filter(|_| node.op_type == "Constant")?;
        held.t.as_ref()
    })
}

/// Makes a value the only output, and drops everything it doesn't need.
pub fn keep_output(graph: &mut GraphProto, value: &str) {
    let mut needed = HashSet::from([value.to_owned()]);
    let mut kept = vec![false; graph.node.len()];
    // Each node's values are taken only by later ones.
    for (node, kept) in graph.node.iter().zip(&mut kept).rev() {
        *kept = node.output.iter().any(|output| needed.contains(output));
        if *kept {
            needed.extend(node.input.iter().cloned());
        }
    }
    let mut kept = kept.into_iter();
    graph.node.retain(|_| kept.next().unwrap_or(false));
    graph
        .initializer
        .retain(|tensor| needed.contains(&tensor.name));
    graph.input.retain(|input| needed.contains(&input.name));
    graph.value_info.clear();
    graph.quantization_annotation.clear();
    graph.output = vec![ValueInfoProto {
        name: value.to_owned(),
        ..ValueInfoProto::default()
    }];
}
