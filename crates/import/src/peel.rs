//! Cutting off what follows the scores: softmax, sigmoid, argmax, and tables of labels.
//!
//! From each output of the graph the search goes back, through nodes that keep the order of the
//! scores, to the value that holds them: the root. A final function on the way becomes the card's.
//! What only reshapes stays, and acts on the scores instead of probabilities.

mod choose;
mod tail;

use veilcast_card::Activation;
use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{attribute, constant, graph, graph_mut, inputs, keep_output, source};
use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::{GraphProto, ModelProto, NodeProto};

pub(super) use self::tail::Tail;
use super::labels;

/// A network that returns scores, and what followed them.
#[derive(Clone, Debug)]
pub(super) struct Peeled {
    /// The network, whose only output is the scores.
    pub(super) model: ModelProto,
    /// What followed them, from the scores to the output; nothing if that gave labels.
    pub(super) tail: Option<Tail>,
    /// The final function, if the network had one.
    pub(super) activation: Option<Activation>,
    /// The classes' names, if the network knows them.
    pub(super) labels: Option<Vec<String>>,
    /// Whether the output is of classes.
    pub(super) is_of_classes: bool,
    /// The network's name for its output.
    pub(super) output: String,
    /// The operators that were cut off, last first.
    pub(super) removed: Vec<String>,
}

/// The way back from an output to the scores.
#[derive(Default)]
struct Way {
    root: String,
    activation: Option<Activation>,
    labels: Option<Vec<String>>,
    /// Whether the output is the classes' names or numbers.
    is_label: bool,
    removed: Vec<String>,
    /// Nodes that only reshape, from the output backwards.
    reshapes: Vec<usize>,
}

/// Cuts off what follows the scores of the output, or of all, if what the others give comes from
/// the same.
pub(super) fn peel(mut model: ModelProto) -> Result<Peeled, OnnxError> {
    let graph = graph(&model)?;
    let names: Vec<&str> = graph.output.iter().map(|o| o.name.as_str()).collect();
    let ways = names.iter().map(|name| way_back(graph, name));
    let mut ways: Vec<Way> = ways.collect::<Result<_, _>>()?;
    let Some(chosen) = choose::choose(graph, &ways) else {
        return Err(OnnxError::Outputs {
            names: names.into_iter().map(str::to_owned).collect(),
        });
    };
    let root = ways[chosen].root.clone();
    if inputs(graph).iter().any(|input| input.name == root) && !ways[chosen].removed.is_empty() {
        let removed = &ways[chosen].removed;
        return Err(OnnxError::Nothing {
            removed: removed.join(", ").into(),
        });
    }
    let alike = || ways.iter().filter(|way| way.root == root);
    let activation = alike().find_map(|way| way.activation);
    let labels = alike().find_map(|way| way.labels.clone());
    let labels = match labels {
        Some(labels) => Some(labels),
        None => labels_of(graph, &root)?,
    };
    let is_of_classes = labels.is_some() || alike().any(|way| way.is_label);
    let output = names[chosen].to_owned();
    let way = ways.swap_remove(chosen);
    let tail = (!way.is_label && !way.removed.is_empty())
        .then(|| Tail::of(&model, &root, &output))
        .transpose()?;
    cut(graph_mut(&mut model)?, &way);
    Ok(Peeled {
        model,
        tail,
        activation,
        labels,
        is_of_classes,
        output,
        removed: way.removed,
    })
}

/// The labels that the graph chooses by the largest of these scores, for whatever output.
fn labels_of(graph: &GraphProto, root: &str) -> Result<Option<Vec<String>>, OnnxError> {
    for node in &graph.node {
        let is_table = |value: &String| constant(graph, value).is_some();
        if !matches!(node.op_type.as_str(), "Gather" | "ArrayFeatureExtractor")
            || !node.input.first().is_some_and(is_table)
        {
            continue;
        }
        if let Some(output) = node.output.first() {
            let way = way_back(graph, output)?;
            if way.is_label && way.root == root {
                return Ok(way.labels);
            }
        }
    }
    Ok(None)
}

/// Leaves the scores as the only output, reshaped as the output was.
fn cut(graph: &mut GraphProto, way: &Way) {
    let mut value = way.root.clone();
    let reshapes = if way.is_label {
        &[]
    } else {
        way.reshapes.as_slice()
    };
    for &index in reshapes.iter().rev() {
        let node = &mut graph.node[index];
        if let (Some(input), Some(output)) = (node.input.first_mut(), node.output.first()) {
            *input = value;
            value = output.clone();
        }
    }
    keep_output(graph, &value);
}

fn way_back(graph: &GraphProto, output: &str) -> Result<Way, OnnxError> {
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
