//! Splitting a network that isn't affine: a public part, which the client runs in the clear, and a
//! private head, which is computed on ciphertexts.
//!
//! It can be cut at any value through which everything from the input to the scores passes. What
//! follows must be affine.

use std::collections::HashSet;

use prost::Message as _;
use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::{GraphProto, ModelProto, NodeProto};

use super::Split;
use super::affinity::Trial;
use super::build::{Names, node_of, whole_numbers, with_int};
use super::runner::Runner;
use super::tensor::TensorInput;
use veilcast_onnx::Network;
use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{constant, graph, graph_mut, keep_output, name, operators};

/// A network in two parts.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// The part that the client runs: from the network's input to `[batch, features]`.
    pub(super) public: ModelProto,
    /// What follows it.
    pub(super) head: ModelProto,
    /// What the head takes.
    pub(super) features: TensorInput,
    /// The name of the last public node.
    pub(super) node: String,
}

impl Parts {
    /// The bytes of the public part's file.
    pub(super) fn public_bytes(&self) -> Vec<u8> {
        self.public.encode_to_vec()
    }

    /// What is public and what is private, for people.
    pub(super) fn description(&self) -> String {
        format!(
            "Public, and run by the client in the clear: the network up to {:?} ({}), which computes {} \
             features of a record. Private, and computed on ciphertexts: the rest ({}), \
             as one affine map. Anyone with the public part has its weights, and learns from it \
             what the private part is given, but nothing about the private part's weights.",
            self.node,
            listed(&self.public),
            self.features.values(),
            listed(&self.head)
        )
    }
}

/// The operators of a model and how often each is there, for people.
pub(super) fn listed(model: &ModelProto) -> String {
    let counts = model.graph.iter().flat_map(operators);
    let shown = counts.map(|(name, count)| match count {
        1 => name,
        count => format!("{count} {name}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Splits a network where it is told to.
pub(super) fn split(
    model: &ModelProto,
    input: &TensorInput,
    split: &Split,
) -> Result<Parts, OnnxError> {
    if !input.has_batch {
        return Err(cannot(
            "its input has no side for the batch; export it with one",
        ));
    }
    let input = &free(model, input)?;
    match split {
        Split::At(node) => {
            let nodes = &graph(model)?.node;
            let found = nodes
                .iter()
                .position(|n| name(n) == node || n.output.contains(node));
            let index = found.ok_or_else(|| cannot(&format!("it has no node {node:?}")))?;
            let parts = part(model, input, index)?;
            parts.ok_or_else(|| {
                cannot(&format!(
                    "nodes after {node:?} also take values from before it; choose a node that \
                     everything goes through"
                ))
            })
        }
        Split::Auto => automatic(model, input),
    }
}

/// The input with a free side for the batch, since clients run the public part on one record.
pub(super) fn free(model: &ModelProto, input: &TensorInput) -> Result<TensorInput, OnnxError> {
    let free = TensorInput {
        fixed: None,
        ..input.clone()
    };
    let Some(records) = input.fixed else {
        return Ok(free);
    };
    let fixed = Runner::new(model, input)?;
    match Runner::new(model, &free) {
        Ok(alone) if alone.outputs() == fixed.outputs() => Ok(free),
        _ => Err(cannot(&format!(
            "it was exported for batches of {records} records, and clients run the public part on one; \
             export it with a free side for the batch (dynamic_axes={{\"{}\": {{0: \"batch\"}}}})",
            input.name
        ))),
    }
}

/// Splits a network behind its last node that isn't affine; or later, where nodes without weights,
/// which have nothing to keep private, leave fewer numbers.
fn automatic(model: &ModelProto, input: &TensorInput) -> Result<Parts, OnnxError> {
    let nodes = graph(model)?.node.len();
    let mut cuts = Vec::new();
    for index in 0..nodes {
        if separates(model, input, index)? {
            cuts.push(index);
        }
    }
    // Heads get smaller from cut to cut: from some cut on they are affine.
    let mut error = None;
    let first = cuts.partition_point(|&index| match is_affine_behind(model, input, index) {
        Ok(affine) => !affine,
        Err(found) => {
            error = Some(found);
            true
        }
    });
    let Some(&(mut chosen)) = cuts.get(first) else {
        return Err(error.unwrap_or_else(|| {
            cannot("no layers at its end are affine, so none can be computed on ciphertexts")
        }));
    };
    let size = |index| -> Result<usize, OnnxError> {
        let parts = part(model, input, index)?;
        Ok(parts.map_or(usize::MAX, |parts| parts.features.values()))
    };
    for &index in &cuts[first + 1..] {
        if has_weights(graph(model)?, cuts[first], index) {
            break;
        }
        if size(index)? < size(chosen)? {
            chosen = index;
        }
    }
    let parts = part(model, input, chosen)?;
    parts.ok_or_else(|| cannot("it can't be split after its last node that isn't affine"))
}

fn is_affine_behind(
    model: &ModelProto,
    input: &TensorInput,
    index: usize,
) -> Result<bool, OnnxError> {
    let Some(parts) = part(model, input, index)? else {
        return Ok(false);
    };
    let trial = Trial::new(&vec![1.0; parts.features.values()]);
    let runner = Runner::new(&parts.head, &parts.features)?;
    Ok(trial.is_affine(&runner.run(&trial.points)?))
}

/// Whether nodes behind one, up to another, have constants of floats.
fn has_weights(graph: &GraphProto, before: usize, behind: usize) -> bool {
    let values = graph.node[before + 1..=behind]
        .iter()
        .flat_map(|node| &node.input);
    let mut constants = values.filter_map(|value| constant(graph, value));
    let is_linear = |node: &NodeProto| node.op_type.starts_with("Linear");
    constants.any(|tensor| tensor.data_type == DataType::Float as i32)
        || graph.node[before + 1..=behind].iter().any(is_linear)
}

/// Whether everything from the input to the scores goes through a node's value.
fn separates(model: &ModelProto, input: &TensorInput, index: usize) -> Result<bool, OnnxError> {
    let graph = graph(model)?;
    let value = graph.node[index].output.first();
    let scores = graph.output.first().map(|output| &output.name);
    let (Some(value), Some(scores)) = (value, scores) else {
        return Ok(false);
    };
    let mut needed = HashSet::from([scores]);
    for node in graph.node.iter().rev() {
        let mut others = node.output.iter().filter(|output| *output != value);
        if others.any(|output| needed.contains(output)) {
            needed.extend(&node.input);
        }
    }
    Ok(scores != value && needed.contains(value) && !needed.contains(&input.name))
}

/// The graph from a value on, without what comes before it.
fn head(mut graph: GraphProto, value: &str) -> GraphProto {
    for node in &mut graph.node {
        for output in node.output.iter_mut().filter(|output| *output == value) {
            output.clear();
        }
    }
    let scores = graph.output.first().map(|output| output.name.clone());
    keep_output(&mut graph, &scores.unwrap_or_default());
    graph
}

/// Both parts, if everything goes through the node's first value.
pub(super) fn part(
    model: &ModelProto,
    input: &TensorInput,
    index: usize,
) -> Result<Option<Parts>, OnnxError> {
    if !separates(model, input, index)? {
        return Ok(None);
    }
    let whole = graph(model)?;
    let node = &whole.node[index];
    let value = node.output.first().cloned().unwrap_or_default();
    let (mut public, mut private) = (bare(model), bare(model));
    keep_output(graph_mut(&mut public)?, &value);
    private.graph = private.graph.map(|graph| head(graph, &value));
    let network = Network::compile(&public, &input.shape(1))?;
    let shape = network.run(&vec![0.0; input.values()])?.shape;
    let [1, sides @ ..] = shape.as_slice() else {
        return Ok(None);
    };
    let mut features = TensorInput {
        name: value.clone(),
        description: String::new(),
        has_batch: true,
        fixed: None,
        sides: vec![sides.iter().product()],
    };
    if sides.len() != 1 {
        let mut names = Names::of(whole);
        features.name = names.fresh(format!("{value}.flat"));
        let flatten = with_int(node_of("Flatten", &[&value], &features.name), "axis", 1);
        graph_mut(&mut public)?.node.push(flatten);
        // A side of 0 is the batch's, whatever its length.
        let sides = std::iter::once(0).chain(sides.iter().map(|&side| side as i64));
        let sides = whole_numbers(names.fresh(format!("{value}.sides")), sides.collect());
        let reshape = node_of("Reshape", &[&features.name, &sides.name], &value);
        let behind = graph_mut(&mut private)?;
        behind.node.insert(0, reshape);
        behind.initializer.push(sides);
    }
    graph_mut(&mut public)?.output = vec![features.value_info()];
    let behind = graph_mut(&mut private)?;
    behind.input.push(features.value_info());
    Ok(Some(Parts {
        public,
        head: private,
        features,
        node: name(node).to_owned(),
    }))
}

/// The model without the fields that only say where it came from: a public part reveals no more
/// than it must.
fn bare(model: &ModelProto) -> ModelProto {
    let mut bare = ModelProto {
        ir_version: model.ir_version,
        opset_import: model.opset_import.clone(),
        producer_name: "veilcast".to_owned(),
        graph: model.graph.clone(),
        ..ModelProto::default()
    };
    if let Some(graph) = &mut bare.graph {
        graph.doc_string.clear();
        graph
            .node
            .iter_mut()
            .for_each(|node| node.doc_string.clear());
        graph
            .initializer
            .iter_mut()
            .for_each(|tensor| tensor.doc_string.clear());
        graph
            .input
            .iter_mut()
            .for_each(|input| input.doc_string.clear());
    }
    bare
}

fn cannot(problem: &str) -> OnnxError {
    OnnxError::Split {
        problem: problem.to_owned(),
    }
}
