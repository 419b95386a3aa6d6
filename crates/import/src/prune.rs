//! Which of a graph's outputs may hold its scores, and what they need.

use std::collections::HashSet;

use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{graph, inputs, source};
use veilcast_onnx::pb::{GraphProto, ModelProto};

/// Leaves the wanted output, or all but those that only repeat an input, and what they need.
///
/// Inputs that nothing takes stay, since a table's columns may be among them, if no output was
/// chosen.
pub(super) fn prune(mut model: ModelProto, wanted: Option<&str>) -> Result<ModelProto, OnnxError> {
    let found = graph(&model)?;
    let is_copy = |name: &str| is_copy(found, name);
    let known: Vec<String> = found.output.iter().map(|o| o.name.clone()).collect();
    let kept: Vec<String> = match wanted {
        Some(wanted) if known.iter().any(|name| name == wanted) => vec![wanted.to_owned()],
        Some(_) => {
            return Err(OnnxError::Output {
                problem: format!("there is none by that name; there are {}", known.join(", ")),
            });
        }
        None => {
            let computed = known.iter().filter(|name| !is_copy(name));
            let computed: Vec<String> = computed.cloned().collect();
            if computed.is_empty() { known } else { computed }
        }
    };
    let graph = model.graph.get_or_insert_default();
    graph.output.retain(|output| kept.contains(&output.name));
    let mut needed: HashSet<String> = kept.into_iter().collect();
    let mut is_needed = vec![false; graph.node.len()];
    for (node, is_needed) in graph.node.iter().zip(&mut is_needed).rev() {
        *is_needed = node.output.iter().any(|output| needed.contains(output));
        if *is_needed {
            needed.extend(node.input.iter().cloned());
        }
    }
    let mut is_needed = is_needed.into_iter();
    graph.node.retain(|_| is_needed.next().unwrap_or(false));
    graph
        .initializer
        .retain(|tensor| needed.contains(&tensor.name));
    if wanted.is_some() {
        graph.input.retain(|input| needed.contains(&input.name));
    }
    Ok(model)
}

/// Whether an output is one of the inputs.
fn is_copy(graph: &GraphProto, output: &str) -> bool {
    let mut value = output;
    while let Some((index, _)) = source(graph, value) {
        let node = &graph.node[index];
        match node.input.as_slice() {
            [input] if node.op_type == "Identity" => value = input,
            _ => return false,
        }
    }
    inputs(graph).iter().any(|input| input.name == value)
}
