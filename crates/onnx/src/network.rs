//! A network, ready to run on records.

use std::sync::Arc;

use prost::Message as _;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{DimLike as _, TractErrorContext as _};
use tract_onnx::tract_hir::infer::Factoid as _;

use crate::pb::{GraphProto, ModelProto};
use crate::{OnnxError, Values, graph, sizes, trees};

/// A network with one input and one output of numbers, which takes a fixed number of records at once.
#[derive(Clone, Debug)]
pub struct Network {
    plan: Arc<TypedRunnableModel>,
    /// The sides of the input, that of the batch included.
    shape: Vec<usize>,
    kind: DatumType,
    /// How many bytes the values of a run take.
    bytes: usize,
    /// How many numbers the first output has, if that is known before it is computed.
    outputs: Option<usize>,
    /// The nodes' names and operators, for errors.
    nodes: Arc<[(String, String)]>,
}

impl Network {
    /// Makes a checked model ready to run on an input of this shape.
    pub fn compile(model: &ModelProto, shape: &[usize]) -> Result<Self, OnnxError> {
        if let names @ [_, _, ..] = graph::inputs(graph::graph(model)?).as_slice() {
            let names = names.iter().map(|input| input.name.clone()).collect();
            return Err(OnnxError::Inputs { names });
        }
        check_operators(model)?;
        let graph = graph::graph(model)?;
        let nodes: Arc<[(String, String)]> = named(graph).collect();
        guarded(&nodes.clone(), || {
            // What is stated about values between nodes may be for another batch.
            let parser = tract_onnx::onnx().with_ignore_value_info(true);
            let mut network = parser.parse(&theirs(model)?, None)?.model;
            let kind = network.input_fact(0)?.datum_type.concretize();
            let kind = kind.filter(|kind| kind.is_float());
            let kind = kind.context("its input isn't of floats")?;
            network.set_input_fact(0, InferenceFact::dt_shape(kind, shape))?;
            sizes::analyse(&mut network, graph)?;
            let network = network.into_typed()?;
            let bytes = sizes::check(&network)?;
            let sides = network.output_fact(0)?.shape.iter();
            let sides: Option<Vec<usize>> = sides.map(|side| side.to_usize().ok()).collect();
            Ok(Self {
                bytes,
                outputs: sides.map(|sides| sides.iter().product()),
                plan: network.into_optimized()?.into_runnable()?,
                nodes,
                shape: shape.to_vec(),
                kind,
            })
        })
    }

    /// How many bytes the values of a run take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many numbers the first output has, if that is known before it is computed.
    pub fn outputs(&self) -> Option<usize> {
        self.outputs
    }

    /// Runs it on numbers that fill the input row by row; returns the first output's.
    pub fn run(&self, numbers: &[f64]) -> Result<Values, OnnxError> {
        Ok(self.run_all(numbers)?.swap_remove(0))
    }

    /// Runs it on numbers that fill the input row by row; returns all outputs'.
    pub fn run_all(&self, numbers: &[f64]) -> Result<Vec<Values>, OnnxError> {
        guarded(&self.nodes, || {
            let input = Tensor::from_shape(&self.shape, numbers)?;
            let input = input.cast_to_dt(self.kind)?.into_owned();
            let outputs = self.plan.run(tvec!(input.into()))?;
            let outputs = outputs.into_iter().map(|output| {
                let shape = output.shape().to_vec();
                let numbers = output.cast_to::<f64>()?;
                let numbers = numbers.to_plain_array_view::<f64>()?;
                let numbers = numbers.iter().copied().collect();
                Ok(Values { numbers, shape })
            });
            outputs.collect()
        })
    }
}

/// Checks that the library has every operator.
fn check_operators(model: &ModelProto) -> Result<(), OnnxError> {
    const DOMAINS: [&str; 4] = ["", "ai.onnx", "ai.onnx.ml", "com.microsoft"];
    let known = tract_onnx::onnx().op_register.0;
    // ConstantLike, which ONNX doesn't have, would be as large as its attribute says before that is
    // checked.
    let is_known = |operator: &String| known.contains_key(operator) && operator != "ConstantLike";
    for node in &graph::graph(model)?.node {
        if !DOMAINS.contains(&node.domain.as_str()) || !is_known(&node.op_type) {
            let operator = [node.domain.as_str(), &node.op_type].join(" ");
            return Err(OnnxError::Operator {
                node: graph::name(node).to_owned(),
                operator: operator.trim_start().to_owned(),
            });
        }
        trees::check_runnable(node)?;
    }
    Ok(())
}

/// A model in the library's form: only the parts of a file that we know get there.
fn theirs(model: &ModelProto) -> TractResult<tract_onnx::pb::ModelProto> {
    Ok(tract_onnx::pb::ModelProto::decode(&*model.encode_to_vec())?)
}

/// The names and operators of a graph's nodes.
fn named(graph: &GraphProto) -> impl Iterator<Item = (String, String)> {
    let nodes = graph.node.iter();
    nodes.map(|node| (graph::name(node).to_owned(), node.op_type.clone()))
}

/// Calls the library, whose parser and operators panic on some attributes and shapes that don't fit. Of what it says only the
/// node is passed on: its words are about its own parts.
fn guarded<T>(
    nodes: &[(String, String)],
    work: impl FnOnce() -> TractResult<T>,
) -> Result<T, OnnxError> {
    match veilcast_card::guarded(work) {
        Some(result) => result.map_err(|error| match error.downcast::<OnnxError>() {
            Ok(own) => own,
            Err(error) => form(nodes, &format!("{error:#}")),
        }),
        None => Err(form(nodes, "")),
    }
}

/// The error that a node's form isn't supported: the one that a message names.
fn form(nodes: &[(String, String)], message: &str) -> OnnxError {
    let is_named = |(name, operator): &&(String, String)| {
        let building = format!("Building node {name} ({operator})");
        let quoted = format!("\"{name}\"");
        !name.is_empty() && (message.contains(&building) || message.contains(&quoted))
    };
    let named = nodes.iter().filter(is_named);
    let node = named.max_by_key(|(name, _)| name.len());
    OnnxError::Form {
        node: node.map(|(name, operator)| format!("the node {name:?} ({operator})").into()),
    }
}
