//! Cutting off what follows the scores: softmax, sigmoid, argmax, and tables of labels.
//!
//! From each output of the graph the search goes back, through nodes that keep the order of the
//! scores, to the value that holds them: the root. A final function on the way becomes the card's.
//! What only reshapes stays, and acts on the scores instead of probabilities.

use veilcast_onnx::pb::attribute_proto::AttributeType;
use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::{GraphProto, ModelProto, NodeProto};

use super::labels;
use veilcast_card::{Activation, Task};
use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{attribute, constant, graph, graph_mut, keep_output, name, source};

/// A network that returns scores, and what followed them.
#[derive(Clone, Debug)]
pub(super) struct Peeled {
    /// The network, whose only output is the scores.
    pub(super) model: ModelProto,
    /// The final function, if the network had one.
    pub(super) activation: Option<Activation>,
    /// The classes' names, if the network knows them.
    pub(super) labels: Option<Vec<String>>,
    /// What the scores are, if the file says that they are quantities.
    pub(super) task: Option<Task>,
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

/// Cuts off what follows the scores of one output, or of all, if they come from the same.
pub(super) fn peel(mut model: ModelProto, wanted: Option<&str>) -> Result<Peeled, OnnxError> {
    let graph = graph(&model)?;
    let names = graph.output.iter().map(|output| output.name.as_str());
    let names: Vec<&str> = names
        .filter(|name| wanted.is_none_or(|wanted| *name == wanted))
        .collect();
    let ways = names.iter().map(|name| way_back(graph, name));
    let mut ways: Vec<Way> = ways.collect::<Result<_, _>>()?;
    let scored = ways.iter().position(|way| !way.is_label).unwrap_or(0);
    let Some(&output) = names.get(scored) else {
        let known: Vec<&str> = graph.output.iter().map(|o| o.name.as_str()).collect();
        return Err(OnnxError::Output {
            problem: format!("there is none by that name; there are {}", known.join(", ")),
        });
    };
    if ways.iter().any(|way| way.root != ways[scored].root) {
        return Err(OnnxError::Outputs {
            names: names.into_iter().map(str::to_owned).collect(),
        });
    }
    let activation = ways.iter().find_map(|way| way.activation);
    let labels = ways.iter().find_map(|way| way.labels.clone());
    let task = match labels.is_none() && !ways[scored].is_label {
        true => task(&model)?,
        false => None,
    };
    let (way, output) = (ways.swap_remove(scored), output.to_owned());
    cut(graph_mut(&mut model)?, &way);
    Ok(Peeled {
        model,
        activation,
        labels,
        task,
        output,
        removed: way.removed,
    })
}

/// What scores without labels are: quantities if scikit-learn's model has only one output, since
/// its classifiers return labels, too; otherwise the file doesn't say.
fn task(model: &ModelProto) -> Result<Option<Task>, OnnxError> {
    let are_quantities = model.producer_name == "skl2onnx" && graph(model)?.output.len() == 1;
    Ok(are_quantities.then_some(Task::Quantities))
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
    if let Some((index, _)) = source(graph, &way.root) {
        for attribute in &mut graph.node[index].attribute {
            match attribute.name.as_str() {
                POST_TRANSFORM => attribute.s = b"NONE".to_vec(),
                // Known by now, and the library takes numbers only.
                "classlabels_strings" => {
                    attribute.name = "classlabels_ints".to_owned();
                    attribute.r#type = AttributeType::Ints as i32;
                    attribute.ints = (0..attribute.strings.len() as i64).collect();
                    attribute.strings.clear();
                }
                _ => {}
            }
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
            "Identity" => {}
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
            "ArgMax" if is_over_classes(node) => way.is_label = true,
            // A class's column alone: the others say as much, and more.
            "ArrayFeatureExtractor" | "Slice" if takes_probabilities(graph, node) => {
                way.reshapes.clear();
            }
            "ArrayFeatureExtractor" => {
                let Some(table) = behind.and_then(|value| constant(graph, value)) else {
                    break;
                };
                way.is_label = true;
                way.labels = labels::of_tensor(table).or(way.labels);
                behind = node.input.get(1);
            }
            "Softmax" | "LogSoftmax" if is_over_classes(node) => {
                way.activation = way.activation.or(Some(Activation::Softmax));
            }
            "Sigmoid" => way.activation = way.activation.or(Some(Activation::Sigmoid)),
            "Normalizer" if normalizes_probabilities(graph, node)? => {}
            "Div" if divides_by_sum(graph, node) => {}
            "Concat" => match probability(graph, node) {
                Some(of_second_class) => behind = Some(of_second_class),
                None => break,
            },
            // Linear ones and others, which turn out not to be affine.
            operator if operator.ends_with("Classifier") || operator == "LinearRegressor" => {
                way.labels = labels::of_node(node)?.or(way.labels);
                way.activation = way.activation.or(post_transform(node)?);
                if operator != "LinearRegressor" && place == 0 {
                    way.is_label = true;
                    match node.output.get(1).filter(|scores| !scores.is_empty()) {
                        Some(scores) => way.root.clone_from(scores),
                        None => {
                            return Err(OnnxError::Output {
                                problem: format!(
                                    "the classifier {:?} gives labels, but no scores; export the \
                                     model with its probabilities",
                                    name(node)
                                ),
                            });
                        }
                    }
                }
                break;
            }
            _ => break,
        }
        let Some(behind) = behind else {
            break;
        };
        way.removed.push(node.op_type.clone());
        way.root.clone_from(behind);
    }
    if truncates && !way.is_label {
        // Numbers rounded to integers aren't scores followed by something.
        return Ok(Way {
            root: output.to_owned(),
            ..Way::default()
        });
    }
    Ok(way)
}

const POST_TRANSFORM: &str = "post_transform";

/// The final function within a linear model.
fn post_transform(node: &NodeProto) -> Result<Option<Activation>, OnnxError> {
    match attribute(node, POST_TRANSFORM).map(|attribute| attribute.s.as_slice()) {
        None | Some(b"NONE") => Ok(None),
        Some(b"SOFTMAX") => Ok(Some(Activation::Softmax)),
        Some(b"LOGISTIC") => Ok(Some(Activation::Sigmoid)),
        Some(other) => Err(OnnxError::Unsupported {
            problem: format!(
                "the node {:?} ends with {:?}; softmax and logistic are supported",
                name(node),
                String::from_utf8_lossy(other)
            ),
        }),
    }
}

fn casts_to_floats(node: &NodeProto) -> bool {
    let to = attribute(node, "to").and_then(|attribute| i32::try_from(attribute.i).ok());
    let floats = [DataType::Float, DataType::Double, DataType::Float16];
    floats.iter().any(|kind| to == Some(*kind as i32))
}

/// Whether a node works on the last side of `[batch, classes]`. Only ArgMax has another default.
fn is_over_classes(node: &NodeProto) -> bool {
    match attribute(node, "axis") {
        Some(axis) => matches!(axis.i, 1 | -1),
        None => node.op_type != "ArgMax",
    }
}

/// Whether a node makes probabilities sum to 1, which keeps their order.
fn normalizes_probabilities(graph: &GraphProto, node: &NodeProto) -> Result<bool, OnnxError> {
    let l1 = attribute(node, "norm").is_some_and(|norm| norm.s == b"L1");
    let before = node.input.first().and_then(|value| source(graph, value));
    let Some((index, _)) = before.filter(|_| l1) else {
        return Ok(false);
    };
    let before = &graph.node[index];
    match before.op_type.as_str() {
        "Sigmoid" | "Softmax" => Ok(true),
        "LinearClassifier" => Ok(post_transform(before)?.is_some()),
        _ => Ok(false),
    }
}

/// Whether a node takes the scores of a linear classifier, as they are or normalised.
fn takes_probabilities(graph: &GraphProto, node: &NodeProto) -> bool {
    let before = |node: &NodeProto| source(graph, node.input.first()?);
    let of_classifier = |(index, place): (usize, usize)| {
        graph.node[index].op_type == "LinearClassifier" && place == 1
    };
    let found = before(node);
    let normalizer = found.filter(|(index, _)| graph.node[*index].op_type == "Normalizer");
    let found = normalizer.map_or(found, |(index, _)| before(&graph.node[index]));
    found.is_some_and(of_classifier)
}

/// Whether a node divides probabilities by their sum, as a Normalizer does.
fn divides_by_sum(graph: &GraphProto, node: &NodeProto) -> bool {
    let of = |value: &String| source(graph, value).map(|(index, _)| &graph.node[index]);
    let [probabilities, sum] = node.input.as_slice() else {
        return false;
    };
    let (Some(before), Some(reduce)) = (of(probabilities), of(sum)) else {
        return false;
    };
    let is_final = matches!(before.op_type.as_str(), "Sigmoid" | "Softmax");
    let reduced = reduce.input.first();
    let magnitudes = reduced.and_then(of).filter(|node| node.op_type == "Abs");
    let summed = magnitudes.map_or(reduced, |node| node.input.first());
    let sums = matches!(reduce.op_type.as_str(), "ReduceSum" | "ReduceL1");
    is_final && sums && summed == Some(probabilities)
}

/// The value p, if a node puts 1 − p and p = sigmoid(…) side by side.
fn probability<'a>(graph: &'a GraphProto, node: &'a NodeProto) -> Option<&'a String> {
    let [rest, second] = node.input.as_slice() else {
        return None;
    };
    let of = |value: &str| source(graph, value).map(|(index, _)| &graph.node[index]);
    let complement = of(rest)?;
    let is_sigmoid = of(second)?.op_type == "Sigmoid";
    let [one, taken] = complement.input.as_slice() else {
        return None;
    };
    let is_one = constant(graph, one).and_then(labels::single_float) == Some(1.0);
    let fits = is_sigmoid && complement.op_type == "Sub" && taken == second && is_one;
    fits.then_some(second)
}
