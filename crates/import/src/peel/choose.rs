//! Which of several outputs to import.

use std::collections::HashSet;

use veilcast_onnx::graph::{inputs, source};
use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::{GraphProto, type_proto};

use super::Way;

/// The output that says the most, if the others add nothing: they come from the same scores, or
/// are computed from those alone, or are what those are computed from.
///
/// One with a final function or labels is preferred to plain numbers, and later ones to earlier
/// ones.
pub(super) fn choose(graph: &GraphProto, ways: &[Way]) -> Option<usize> {
    let is_known = |way: &Way| way.activation.is_some() || way.is_label;
    let place = |way: &Way| source(graph, &way.root).map_or(0, |(index, _)| index + 1);
    let suits = |chosen: usize| {
        let root = &ways[chosen].root;
        let before = before(graph, root, None);
        ways.iter().zip(&graph.output).all(|(way, output)| {
            let is_part = || !is_known(way) && before.contains(way.root.as_str());
            way.root == *root || is_part() || depends_only_on(graph, &output.name, root)
        })
    };
    let candidates = (0..ways.len()).filter(|&index| {
        let holds_floats = holds_floats(graph, index);
        ways.len() == 1 || ((holds_floats || ways[index].is_label) && suits(index))
    });
    // The first of several alike.
    candidates.rev().max_by_key(|&index| {
        let way = &ways[index];
        (
            is_known(way),
            place(way),
            way.activation.is_some(),
            !way.is_label,
        )
    })
}

/// Whether an output may hold scores, by what the file declares.
fn holds_floats(graph: &GraphProto, index: usize) -> bool {
    let found = graph.output[index].r#type.as_ref();
    match found.and_then(|found| found.value.as_ref()) {
        Some(type_proto::Value::TensorType(tensor)) => {
            let floats = [DataType::Float, DataType::Double, DataType::Float16];
            let is_open = tensor.elem_type == DataType::Undefined as i32;
            is_open || floats.iter().any(|kind| tensor.elem_type == *kind as i32)
        }
        // A ZipMap's maps.
        _ => true,
    }
}

/// The values that a value is computed from, and the value itself; none behind `end`.
fn before<'a>(graph: &'a GraphProto, value: &'a str, end: Option<&str>) -> HashSet<&'a str> {
    let mut found = HashSet::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        if !found.insert(value) || end == Some(value) {
            continue;
        }
        if let Some((index, _)) = source(graph, value) {
            open.extend(graph.node[index].input.iter().map(String::as_str));
        }
    }
    found
}

/// Whether a value depends on the graph's inputs only through another.
fn depends_only_on(graph: &GraphProto, value: &str, root: &str) -> bool {
    let before = before(graph, value, Some(root));
    let mut inputs = inputs(graph).into_iter();
    before.contains(root)
        && !inputs.any(|input| input.name != root && before.contains(input.name.as_str()))
}
