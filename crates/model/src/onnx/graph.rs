//! Reading a graph.

use std::collections::HashSet;

use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, ValueInfoProto};

use super::OnnxError;

/// The graph of a checked model.
pub(super) fn graph(model: &ModelProto) -> Result<&GraphProto, OnnxError> {
    model.graph.as_ref().ok_or(NO_GRAPH)
}

const NO_GRAPH: OnnxError = OnnxError::Empty {
    problem: "there is no graph",
};

/// What a model takes, without the constants that stand among its inputs in old files.
pub(super) fn inputs(graph: &GraphProto) -> Vec<&ValueInfoProto> {
    let constants: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
    let inputs = graph.input.iter();
    inputs
        .filter(|input| !constants.contains(input.name.as_str()))
        .collect()
}

/// A node's name, or if it has none that of the first value it gives.
pub(super) fn name(node: &NodeProto) -> &str {
    let first = || node.output.first().map_or("", String::as_str);
    match node.name.as_str() {
        "" => first(),
        name => name,
    }
}
