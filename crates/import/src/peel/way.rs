//! The way back from an output to the scores.

use veilcast_card::Activation;
use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{attribute, constant, source};
use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::{GraphProto, NodeProto};

use crate::labels;

/// The way back from an output to the scores.
#[derive(Default)]
pub(super) struct Way {
    pub(super) root: String,
    pub(super) activation: Option<Activation>,
    pub(super) labels: Option<Vec<String>>,
    /// Whether the output is the classes' names or numbers.
    pub(super) is_label: bool,
    pub(super) removed: Vec<String>,
    /// Nodes that only reshape, from the output backwards.
    pub(super) reshapes: Vec<usize>,
}

/// Goes back from an output.
pub(super) fn way_back(graph: &GraphProto, output: &str) -> Result<Way, OnnxError> {
    let mut way = Way {
        root: output.to_owned(),
        ..Way::default()
    };
    let mut truncates = false;
    while let Some((index, place)) = source(graph, &way.root) {
        let node = &graph.node[index];
        let mut behind = node.input.first();
        match node.op_type.as_str() {
            "Identity" => {
                if let Some(value) = behind {
                    way.root.clone_from(value);
                    continue;
                }
            }
            "Dropout" if place == 0 => {}
            "ZipMap" => way.labels = labels::of_node(node)?.or(way.labels),
            "Cast" => truncates |= !casts_to_floats(node),
            "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" if place == 0 => {
                way.reshapes.push(index);
                match behind {
                    Some(value) => way.root.clone_from(value),
                    None => break,
                }
                continue;
            }
            "ArgMax" if is_over_classes(node) && way.activation.is_none() => way.is_label = true,
            // A class's column alone: the others say as much, and more.
            "Gather" | "Slice" if takes_probabilities(graph, node) => way.reshapes.clear(),
            "ArrayFeatureExtractor" | "Gather" => {
                let Some(table) = behind.and_then(|value| constant(graph, value)) else {
                    break;
                };
                way.is_label = true;
                way.labels = labels::of_tensor(table).or(way.labels);
                behind = node.input.get(1);
            }
            // Of another final function it would be another function than that alone.
            "Softmax" | "LogSoftmax" if is_over_classes(node) && way.takes_more() => {
                way.activation = Some(Activation::Softmax);
            }
            "Sigmoid" if way.takes_more() => way.activation = Some(Activation::Sigmoid),
            // It keeps the order.
            "Exp" if way.is_label => {}
            "Exp" if way.takes_more() => way.activation = Some(Activation::Exp),
            "Normalizer" if way.takes_more() && normalizes_sigmoids(graph, node) => {
                way.activation = Some(Activation::NormalizedSigmoid);
                way.removed.push(node.op_type.clone());
                let sigmoid = behind.and_then(|value| source(graph, value));
                behind = sigmoid.and_then(|(index, _)| graph.node[index].input.first());
                if let Some(value) = behind {
                    way.removed.push("Sigmoid".to_owned());
                    way.root.clone_from(value);
                }
                continue;
            }
            // Of trees, which turn out not to be affine.
            operator if operator.ends_with("Classifier") => {
                way.labels = labels::of_node(node)?.or(way.labels);
                if place == 0 {
                    way.is_label = true;
                    let scores = node.output.get(1).filter(|scores| !scores.is_empty());
                    if let Some(scores) = scores {
                        way.root.clone_from(scores);
                    }
                }
                return Ok(way);
            }
            _ => break,
        }
        let Some(behind) = behind else {
            break;
        };
        way.removed.push(node.op_type.clone());
        way.root.clone_from(behind);
    }
    let is_table_alone = way.is_label && !way.removed.iter().any(|operator| operator == "ArgMax");
    if (truncates && !way.is_label) || is_table_alone {
        // Numbers rounded to integers, or used as places, aren't scores followed by something.
        return Ok(Way {
            root: output.to_owned(),
            ..Way::default()
        });
    }
    Ok(way)
}

impl Way {
    /// Whether a final function may still come; of labels, whatever keeps the order.
    fn takes_more(&self) -> bool {
        self.activation.is_none()
    }
}

fn casts_to_floats(node: &NodeProto) -> bool {
    let to = attribute(node, "to").and_then(|attribute| i32::try_from(attribute.i).ok());
    let floats = [DataType::Float, DataType::Double, DataType::Float16];
    floats.iter().any(|kind| to == Some(*kind as i32))
}

/// Whether a node works on the last side of `[batch, classes]`; ArgMax has another default.
fn is_over_classes(node: &NodeProto) -> bool {
    match attribute(node, "axis") {
        Some(axis) => matches!(axis.i, 1 | -1),
        None => node.op_type != "ArgMax",
    }
}

/// Whether a node divides sigmoids by their sum.
fn normalizes_sigmoids(graph: &GraphProto, node: &NodeProto) -> bool {
    let l1 = attribute(node, "norm").is_some_and(|norm| norm.s == b"L1");
    let before = node.input.first().and_then(|value| source(graph, value));
    l1 && before.is_some_and(|(index, _)| graph.node[index].op_type == "Sigmoid")
}

/// Whether a node takes columns of probabilities.
fn takes_probabilities(graph: &GraphProto, node: &NodeProto) -> bool {
    let before = node.input.first().and_then(|value| source(graph, value));
    before.is_some_and(|(index, _)| {
        let operator = graph.node[index].op_type.as_str();
        matches!(operator, "Softmax" | "Normalizer")
    })
}
