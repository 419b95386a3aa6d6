//! Final functions as exporters spell them, turned into the operators of those names.
//!
//! Each value is known by what it is in terms of earlier ones ([`Meaning`]): 1/(1 + exp(−x)) is
//! sigmoid, x − logsumexp(x) is log-softmax, and sigmoids side by side are the sigmoid of what is side
//! by side. Nodes that give a known function become that operator; equal nodes become one, so that the
//! same scores have the same name on all ways to them. What a graph computes stays the same.

mod meaning;

use std::collections::HashMap;

use prost::Message as _;
use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::graph;
use veilcast_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto};

use self::meaning::Meaning;
use crate::build::{Names, node_of, with_int, with_text};
use crate::numbers::floats;

/// Rewrites a graph that is checked and [lowered](super::lower).
pub(super) fn recognise(mut model: ModelProto) -> Result<ModelProto, OnnxError> {
    let found = graph(&model)?;
    let mut forms = Forms::of(found);
    for node in &found.node {
        forms.write(node);
    }
    let nodes = forms.nodes;
    model.graph.get_or_insert_default().node = nodes;
    Ok(model)
}

/// A graph that is being rewritten.
struct Forms<'a> {
    constants: HashMap<&'a str, &'a TensorProto>,
    meanings: HashMap<String, Meaning>,
    /// Values that are others under new names.
    aliases: HashMap<String, String>,
    /// What nodes give, by all that says what they do.
    known: HashMap<Vec<u8>, String>,
    names: Names,
    nodes: Vec<NodeProto>,
}

impl<'a> Forms<'a> {
    fn of(graph: &'a GraphProto) -> Self {
        let stored = graph.initializer.iter();
        let stored = stored.map(|tensor| (tensor.name.as_str(), tensor));
        let held = graph.node.iter().filter_map(|node| {
            let value = node.attribute.iter().find(|found| found.name == "value")?;
            let output = node.output.first()?;
            (node.op_type == "Constant").then_some((output.as_str(), value.t.as_ref()?))
        });
        Self {
            constants: stored.chain(held).collect(),
            meanings: HashMap::new(),
            aliases: HashMap::new(),
            known: HashMap::new(),
            names: Names::of(graph),
            nodes: Vec::with_capacity(graph.node.len()),
        }
    }

    /// Writes a node, or the operator that it is a spelling of.
    fn write(&mut self, original: &NodeProto) {
        let mut node = original.clone();
        for input in &mut node.input {
            if let Some(earlier) = self.aliases.get(input) {
                input.clone_from(earlier);
            }
        }
        let [output] = node.output.as_slice() else {
            self.nodes.push(node);
            return;
        };
        let output = output.clone();
        let meaning = self.meaning(&node);
        let written = meaning
            .as_ref()
            .and_then(|meaning| self.spelt(&output, meaning));
        if let Some(meaning) = meaning {
            self.meanings.insert(output, meaning);
        }
        match written {
            Some(written) => self.push(NodeProto {
                name: node.name,
                ..written
            }),
            None => self.push(node),
        };
    }

    /// The operator for a meaning; none if it is only a part of a function.
    fn spelt(&mut self, output: &str, meaning: &Meaning) -> Option<NodeProto> {
        Some(match meaning {
            Meaning::Same(of) => node_of("Identity", &[of], output),
            Meaning::Negated(of) => node_of("Neg", &[of], output),
            Meaning::Sigmoid { of, negated } => {
                let of = self.signed(of, *negated);
                node_of("Sigmoid", &[&of], output)
            }
            Meaning::Softmax { of, axis } => {
                with_int(node_of("Softmax", &[of], output), "axis", *axis)
            }
            Meaning::LogSoftmax { of, axis } => {
                with_int(node_of("LogSoftmax", &[of], output), "axis", *axis)
            }
            Meaning::Shares(of) => {
                let normalizer = with_text(node_of("Normalizer", &[of], output), "norm", "L1");
                NodeProto {
                    domain: "ai.onnx.ml".to_owned(),
                    ..normalizer
                }
            }
            Meaning::Exp { .. }
            | Meaning::OneAndExp { .. }
            | Meaning::Shifted { .. }
            | Meaning::ShiftedExp { .. }
            | Meaning::LogSumExp { .. }
            | Meaning::Sum { .. }
            | Meaning::Largest { .. }
            | Meaning::IsSum { .. }
            | Meaning::IsNoSum { .. }
            | Meaning::NoSum { .. } => return None,
        })
    }

    /// A value, or its opposite.
    fn signed(&mut self, of: &str, negated: bool) -> String {
        if !negated {
            return of.to_owned();
        }
        let name = self.names.fresh(format!("{of}/negated"));
        self.push(node_of("Neg", &[of], &name))
    }

    /// Adds a node, unless there is an equal one; returns the name of what it gives.
    fn push(&mut self, node: NodeProto) -> String {
        let output = node.output.first().cloned().unwrap_or_default();
        let is_random = ["Random", "Bernoulli", "Multinomial", "Dropout"]
            .iter()
            .any(|start| node.op_type.starts_with(start));
        if node.op_type == "Identity"
            && let [of] = node.input.as_slice()
        {
            self.aliases.insert(output.clone(), of.clone());
            self.nodes.push(node.clone());
            return of.clone();
        }
        if is_random || node.output.len() != 1 || node.op_type == "Constant" {
            self.nodes.push(node);
            return output;
        }
        let key = NodeProto {
            name: String::new(),
            doc_string: String::new(),
            output: Vec::new(),
            ..node.clone()
        };
        let earlier = self.known.entry(key.encode_to_vec()).or_insert(output);
        let earlier = earlier.clone();
        match node.output.first() {
            Some(output) if *output != earlier => {
                self.aliases.insert(output.clone(), earlier.clone());
                self.nodes.push(node_of("Identity", &[&earlier], output));
            }
            _ => self.nodes.push(node),
        }
        earlier
    }

    fn meaning_of(&self, value: &str) -> Option<&Meaning> {
        self.meanings.get(value)
    }

    /// The number of a constant of one float, which leaves the sides of what it is joined with.
    fn number(&self, value: &str) -> Option<f64> {
        let tensor = self.constants.get(value)?;
        let is_single = tensor.dims.len() <= 2 && tensor.dims.iter().all(|&side| side == 1);
        match is_single.then(|| floats(tensor))??.as_slice() {
            &[number] => Some(number),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
