//! Whether sums of products run over sides of the same length.
//!
//! The library turns many operators into sums of products, and compares neither sides that are
//! given as numbers nor those that are open: where one is shorter, it reads past that value's end.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::scan::Scan;

use super::sizes::refused;

/// Checks all sums of products of a network, including those within loops.
pub(super) fn check(network: &TypedModel) -> TractResult<()> {
    for node in network.nodes() {
        if let Some(scan) = node.op_as::<Scan>() {
            check(&scan.body)?;
        }
        if let Some(sum) = node.op_as::<EinSum>() {
            check_sum(network, node, sum)?;
        }
    }
    Ok(())
}

fn check_sum(network: &TypedModel, node: &TypedNode, sum: &EinSum) -> TractResult<()> {
    let facts = network.node_input_facts(node.id)?;
    let shapes = sum.actual_input_shapes_from_facts(&facts)?;
    for axis in sum.axes.iter_all_axes() {
        let is_summed = axis.outputs.iter().all(|places| places.is_empty());
        let sides = axis.inputs.iter().zip(&shapes);
        let sides = sides.flat_map(|(places, shape)| places.iter().map(|&place| &shape[place]));
        // A side of 1 matches any other, except in a sum.
        let mut sides = sides.filter(|side| is_summed || **side != 1.into());
        let first = sides.next();
        if let Some((first, other)) = first.zip(sides.find(|side| Some(*side) != first)) {
            return Err(refused(format!(
                "{:?} multiplies tensors whose sides don't fit, of {first} and {other} numbers",
                node.name
            )));
        }
    }
    Ok(())
}
