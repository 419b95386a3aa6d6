//! How large the values that a network computes are, determined before any of them is computed.
//!
//! While it determines shapes, the library evaluates everything that depends only on constants, so
//! that a file of a few hundred bytes could ask for any amount of memory. So here each node's
//! shapes are found and checked first, in the graph's order, and only then may the library evaluate
//! the node.

use std::collections::HashMap;

use crate::pb::{GraphProto, NodeProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{DimLike as _, TDim};
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_core::ops::source::TypedSource;
use tract_onnx::tract_hir::infer::{Factoid as _, InferenceOp};

use super::OnnxError;
use super::contractions;
use super::graph::name;
use super::list::Known;
use super::lists;
use super::refused::refused;

/// Most bytes that all values of a network may take, constants of the file aside. The library keeps several
/// copies of some of them, and all of it must fit into a gigabyte.
const MAX_BYTES: usize = 1 << 28;
/// Most dimensions of a value.
const MAX_SIDES: usize = 16;
/// Largest number that may tell a node how large its value is to be.
const MAX_COUNT: f64 = (1_u32 << 31) as f64;
/// Operators whose sizes come from a tensor's numbers. Larger ones could overflow the library's
/// integers, and seem small.
const COUNTING: [&str; 9] = [
    "ConstantOfShape",
    "MelWeightMatrix",
    "MultiBroadcastTo",
    "OneHot",
    "Pad",
    "Reshape",
    "Resize",
    "Tile",
    "Topk",
];
/// Operators whose results are at most as large as their inputs, although of unknown shape.
const SELECTING: [&str; 2] = ["Compress", "NonZero"];

type Facts = TVec<InferenceFact>;

/// Finds the shapes of all values, and the values that depend only on constants, within bounds.
/// Each node of the graph that the network was made from is checked against its inputs' shapes
/// first.
pub(super) fn analyse(network: &mut InferenceModel, graph: &GraphProto) -> TractResult<()> {
    let mut room = Room::default();
    let written = written(graph);
    for id in 0..network.nodes().len() {
        let label = network.outlet_label(OutletId::new(id, 0));
        let written_as = label.and_then(|label| written.get(label)).copied();
        if let Some(node) = written_as {
            let inputs = known(node, network.node_facts(id)?.0);
            for numbers in inputs.iter().filter_map(|input| input.numbers.as_ref()) {
                // Copied for every node that takes them.
                room.take(&node.name, &[numbers.len().into()], DatumType::I64)?;
            }
            lists::check(node, &inputs)?;
        }
        let shapes: Vec<String> = network.node_facts(id)?.0.into_iter().map(sides).collect();
        let inferred = infer(network, id, |op, i, o, seen| op.infer_facts(i, o, seen));
        let (inputs, found) =
            inferred.map_err(|error| misfit(network, id, &shapes, written_as, error))?;
        let node = network.node(id);
        let (name, operator) = (node.name.clone(), node.op.name());
        check_counts(&name, &operator, &inputs)?;
        check_columns(&name, &operator, &inputs, &found)?;
        let is_evaluated = inputs.iter().all(|fact| fact.value.concretize().is_some());
        let is_own = !matches!(&*operator, "Const" | "Source");
        for fact in found.iter().filter(|_| is_own) {
            let kind = fact.datum_type.concretize().unwrap_or(DatumType::F32);
            match fact.shape.concretize() {
                Some(shape) if is_known(&shape) => room.take(&name, &shape, kind)?,
                _ if is_evaluated && !SELECTING.contains(&&*operator) => {
                    return Err(refused(format!(
                        "{name:?} ({operator}) gives something of unknown size"
                    )));
                }
                _ => {}
            }
        }
        let inferred = infer(network, id, |op, i, o, seen| op.infer(i, o, seen));
        let (_, found) =
            inferred.map_err(|error| misfit(network, id, &shapes, written_as, error))?;
        for (slot, fact) in found.into_iter().enumerate() {
            let outlet = OutletId::new(id, slot);
            let fact = fact.unify(network.outlet_fact(outlet)?)?;
            network.set_outlet_fact(outlet, fact)?;
        }
    }
    Ok(())
}

/// A node that can't be computed on inputs of these shapes; another error stays.
fn misfit(
    network: &InferenceModel,
    id: usize,
    shapes: &[String],
    written: Option<&NodeProto>,
    error: TractError,
) -> TractError {
    if error.is::<OnnxError>() {
        return error;
    }
    let node = network.node(id);
    let (name, operator) = match written {
        Some(written) => (name(written).to_owned(), written.op_type.clone()),
        None => (node.name.clone(), node.op.name().into_owned()),
    };
    let shapes = match shapes {
        [shape] => format!("an input of the shape {shape}"),
        shapes => format!("inputs of the shapes {}", shapes.join(" and ")),
    };
    let misfit = OnnxError::Misfit {
        node: name.into(),
        operator: operator.into(),
        shapes: shapes.into(),
    };
    misfit.into()
}

/// The sides of a value, for people.
fn sides(fact: &InferenceFact) -> String {
    match fact.shape.concretize() {
        Some(shape) => shown(&shape),
        None => "[…]".to_owned(),
    }
}

/// Checks the values between nodes once all shapes are known; returns how many bytes they take.
pub(super) fn check(network: &TypedModel) -> TractResult<usize> {
    let mut room = Room::default();
    let is_given = |node: &&TypedNode| node.op_is::<Const>() || node.op_is::<TypedSource>();
    for node in network.nodes().iter().filter(|node| !is_given(node)) {
        for output in &node.outputs {
            room.take(&node.name, &output.fact.shape, output.fact.datum_type)?;
        }
    }
    contractions::check(network)?;
    Ok(MAX_BYTES - room.0)
}

/// The nodes of a graph by the first value that each gives.
fn written(graph: &GraphProto) -> HashMap<&str, &NodeProto> {
    let named = graph.node.iter().filter_map(|node| {
        let mut outputs = node.output.iter().filter(|name| !name.is_empty());
        Some((outputs.next()?.as_str(), node))
    });
    named.collect()
}

/// What is known about a node's inputs, at their places in the file: the library omits those
/// without names.
fn known(node: &NodeProto, facts: TVec<&InferenceFact>) -> Vec<Known> {
    let mut facts = facts.into_iter();
    let reads_numbers = lists::reads_numbers(&node.op_type);
    let inputs = node.input.iter().map(|name| {
        let fact = (!name.is_empty()).then(|| facts.next()).flatten();
        fact.map(|fact| known_of(fact, reads_numbers))
            .unwrap_or_default()
    });
    inputs.collect()
}

fn known_of(fact: &InferenceFact, reads_numbers: bool) -> Known {
    let shape = fact.shape.concretize();
    let shape = shape.and_then(|shape| shape.iter().map(|side| side.to_usize().ok()).collect());
    let value = fact.value.concretize().filter(|value| {
        let kind = value.datum_type();
        reads_numbers && (kind.is_integer() || kind.is_tdim())
    });
    let numbers = value.and_then(|value| {
        let numbers = value.cast_to::<i64>().ok()?;
        let numbers = numbers.to_plain_array_view::<i64>().ok()?;
        Some(numbers.iter().copied().collect())
    });
    Known { shape, numbers }
}

/// What a node says about its inputs and outputs.
fn infer(
    network: &mut InferenceModel,
    id: usize,
    how: impl FnOnce(
        &mut dyn InferenceOp,
        TVec<&InferenceFact>,
        TVec<&InferenceFact>,
        TVec<&InferenceFact>,
    ) -> TractResult<(Facts, Facts, Facts)>,
) -> TractResult<(Facts, Facts)> {
    let own = |facts: TVec<&InferenceFact>| facts.into_iter().cloned().collect::<Facts>();
    let (inputs, outputs) = network.node_facts(id)?;
    let (inputs, outputs) = (own(inputs), own(outputs));
    let node = network.node(id);
    let watched = node.op.observe_outlets(network, node)?.into_iter();
    let watched = watched.map(|outlet| network.outlet_fact(outlet).cloned());
    let watched = watched.collect::<TractResult<Facts>>()?;
    let op = network.node_mut(id).op.as_mut();
    let (inputs, outputs, _) = how(
        op,
        inputs.iter().collect(),
        outputs.iter().collect(),
        watched.iter().collect(),
    )?;
    Ok((inputs, outputs))
}

fn is_known(shape: &[TDim]) -> bool {
    shape.iter().all(|side| side.to_usize().is_ok())
}

fn shown(shape: &[TDim]) -> String {
    let sides: Vec<String> = shape.iter().map(TDim::to_string).collect();
    format!("[{}]", sides.join(", "))
}

/// How many numbers a value has; none if they can't be counted.
fn volume(shape: &[TDim]) -> Option<usize> {
    let mut sides = shape.iter();
    sides.try_fold(1_usize, |product, side| {
        product.checked_mul(side.to_usize().ok()?)
    })
}

/// The memory that values may take.
struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(MAX_BYTES)
    }
}

impl Room {
    fn take(&mut self, name: &str, shape: &[TDim], kind: DatumType) -> TractResult<()> {
        if shape.len() > MAX_SIDES {
            return Err(refused(format!(
                "{name:?} gives a tensor of {} sides; at most {MAX_SIDES} are accepted",
                shape.len()
            )));
        }
        let bytes = volume(shape).and_then(|volume| volume.checked_mul(kind.size_of()));
        match bytes.and_then(|bytes| self.0.checked_sub(bytes)) {
            Some(left) => self.0 = left,
            None => {
                return Err(refused(format!(
                    "{name:?} gives a tensor of the shape {}; what a network computes may take {} MB in \
                 all",
                    shown(shape),
                    MAX_BYTES >> 20
                )));
            }
        }
        Ok(())
    }
}

/// Checks the numbers that say how large a value is to be.
fn check_counts(name: &str, operator: &str, inputs: &[InferenceFact]) -> TractResult<()> {
    let numbers = |fact: &InferenceFact| {
        let value = fact.value.concretize()?;
        let numbers = value.cast_to::<f64>().ok()?;
        let numbers = numbers.to_plain_array_view::<f64>().ok()?;
        Some(numbers.iter().copied().collect::<Vec<f64>>())
    };
    let problem = if operator == "Range" {
        let ends: Vec<f64> = inputs.iter().filter_map(numbers).flatten().collect();
        let [start, limit, step] = ends[..] else {
            return Ok(());
        };
        let count = (limit - start) / step;
        (count.is_nan() || count > MAX_COUNT).then_some(count)
    } else if COUNTING.contains(&operator) {
        let whole = inputs.iter().filter(|fact| {
            let kind = fact.datum_type.concretize();
            kind.is_some_and(|kind| kind.is_integer() || kind.is_tdim())
        });
        let mut counts = whole.filter_map(numbers).flatten();
        counts.find(|count| count.abs() > MAX_COUNT)
    } else {
        None
    };
    match problem {
        None => Ok(()),
        Some(count) => Err(refused(format!(
            "{name:?} ({operator}) is told to make {count} numbers"
        ))),
    }
}

/// Checks the matrix that a convolution's patches are written to, which may be far larger than its
/// result.
fn check_columns(
    name: &str,
    operator: &str,
    inputs: &[InferenceFact],
    outputs: &[InferenceFact],
) -> TractResult<()> {
    let image = match operator {
        "ConvHir" => outputs.first(),
        "ConvTranspose" => inputs.first(),
        _ => return Ok(()),
    };
    let shape = |fact: Option<&InferenceFact>| fact.and_then(|fact| fact.shape.concretize());
    let (Some(image), Some(weights)) = (shape(image), shape(inputs.get(1))) else {
        return Ok(());
    };
    let channels = image.get(1).and_then(|side| side.to_usize().ok());
    // Of each, the numbers for one channel.
    let part = |shape: &[TDim]| Some(volume(shape)? / channels.filter(|&c| c > 0)?);
    let size = part(&image).zip(part(&weights));
    let size = size.and_then(|(image, weights)| image.checked_mul(weights)?.checked_mul(4));
    if size.is_none_or(|bytes| bytes > MAX_BYTES) {
        return Err(refused(format!(
            "{name:?} multiplies weights of the shape {} by too many places of an image",
            shown(&weights)
        )));
    }
    Ok(())
}
