//! Cutting off what follows the scores: softmax, sigmoid, argmax, and tables of labels.
//!
//! From each output of the graph the search goes back, through nodes that keep the order of the
//! scores, to the value that holds them: the root. A final function on the way becomes the card's.
//! What only reshapes stays, and acts on the scores instead of probabilities.

mod choose;
mod tail;
mod way;

use veilcast_card::Activation;
use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{constant, graph, graph_mut, inputs, keep_output};
use veilcast_onnx::pb::{GraphProto, ModelProto};

pub(super) use self::tail::Tail;
use self::way::{Way, way_back};

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
    /// The other outputs, unless they come from the same scores in a way that is known.
    pub(super) others: Vec<String>,
    /// The operators that were cut off, last first.
    pub(super) removed: Vec<String>,
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
    // A label's way may pass less of the same function than the chosen output's.
    let activation = ways[chosen].activation;
    let activation = activation.or_else(|| alike().find_map(|way| way.activation));
    let labels = alike().find_map(|way| way.labels.clone());
    let labels = match labels {
        Some(labels) => Some(labels),
        None => labels_of(graph, &root)?,
    };
    let is_of_classes = labels.is_some() || alike().any(|way| way.is_label);
    let output = names[chosen].to_owned();
    let others = names.iter().zip(&ways);
    let others = others.filter(|(_, way)| way.root != root);
    let others = others.map(|(name, _)| (*name).to_owned()).collect();
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
        others,
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
