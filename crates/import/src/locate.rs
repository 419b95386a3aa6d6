//! Where a network stops being affine.
//!
//! The values of all its nodes are observed in one run on points that lie between others: the
//! first node, in the graph's order, whose value isn't affine in the input is the one to name.

use std::collections::HashSet;

use veilcast_onnx::pb::{ModelProto, ValueInfoProto};

use super::affinity::Trial;
use super::tensor::TensorInput;
use veilcast_onnx::Network;
use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{graph, graph_mut, name};

/// The name and the operator of the first node whose values aren't affine in the input, among the
/// first ones of a graph; none if that has none.
pub(super) fn first_bend(
    model: &ModelProto,
    nodes: usize,
    input: &TensorInput,
    trial: &Trial,
) -> Result<Option<(String, String)>, OnnxError> {
    let first = place_of_first_bend(model, nodes, input, trial)?;
    let graph = graph(model)?;
    Ok(first.map(|first| {
        let node = &graph.node[first];
        (name(node).to_owned(), node.op_type.clone())
    }))
}

/// The place of that node among all.
pub(super) fn place_of_first_bend(
    model: &ModelProto,
    nodes: usize,
    input: &TensorInput,
    trial: &Trial,
) -> Result<Option<usize>, OnnxError> {
    let mut watched = model.clone();
    let found = graph_mut(&mut watched)?;
    if nodes < found.node.len() {
        found.node.truncate(nodes);
        found.output.clear();
    }
    let taken = found
        .node
        .iter()
        .flat_map(|node| node.input.iter().cloned());
    let last = found.output.iter().map(|output| output.name.clone());
    let mut needed: HashSet<String> = taken.chain(last).collect();
    if found.output.is_empty() {
        needed.extend(
            found
                .node
                .iter()
                .flat_map(|node| node.output.iter().cloned()),
        );
    }
    let mut nodes = Vec::new();
    found.output.clear();
    for (index, node) in found.node.iter().enumerate() {
        for value in node.output.iter().filter(|value| needed.contains(*value)) {
            nodes.push(index);
            found.output.push(ValueInfoProto {
                name: value.clone(),
                ..ValueInfoProto::default()
            });
        }
    }
    if nodes.is_empty() {
        return Ok(None);
    }
    let network = Network::compile(&watched, &input.shape(input.least()))?;
    let mut is_bent = vec![false; nodes.len()];
    for group in trial.groups() {
        // No more than a group's values are held at a time: large networks have many.
        let mut values: Vec<Vec<f64>> = vec![Vec::new(); nodes.len()];
        for point in group.points.chunks(input.values()) {
            for (all, found) in values
                .iter_mut()
                .zip(network.run_all(&point.repeat(input.least()))?)
            {
                all.extend(found.numbers);
            }
        }
        for (is_bent, values) in is_bent.iter_mut().zip(values) {
            *is_bent |= !group.is_affine(&values);
        }
    }
    let first = is_bent.iter().position(|&is_bent| is_bent);
    Ok(first.map(|first| nodes[first]))
}
