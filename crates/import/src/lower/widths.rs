//! How many numbers of a record values have, as far as a graph says so.

use std::collections::HashMap;

use veilcast_onnx::graph::constant;
use veilcast_onnx::pb::tensor_shape_proto::dimension::Value::DimValue;
use veilcast_onnx::pb::type_proto::Value::TensorType;
use veilcast_onnx::pb::{GraphProto, NodeProto, TensorProto};

use crate::numbers::int;

/// The lengths of the last sides of values with two sides.
pub(super) struct Widths(HashMap<String, usize>);

impl Widths {
    /// Those that the graph's inputs declare.
    pub(super) fn of(graph: &GraphProto) -> Self {
        let inputs = graph.input.iter().filter_map(|input| {
            let TensorType(tensor) = input.r#type.as_ref()?.value.as_ref()?;
            let [_, last] = tensor.shape.as_ref()?.dim.as_slice() else {
                return None;
            };
            let Some(DimValue(columns)) = last.value else {
                return None;
            };
            Some((input.name.clone(), usize::try_from(columns).ok()?))
        });
        Self(inputs.collect())
    }

    pub(super) fn get(&self, value: &str) -> Option<usize> {
        self.0.get(value).copied()
    }

    /// Notes the width of what a node gives.
    pub(super) fn follow(&mut self, graph: &GraphProto, new: &[TensorProto], node: &NodeProto) {
        let find = |value: &str| {
            let own = new.iter().rev().find(|tensor| tensor.name == value);
            own.or_else(|| constant(graph, value))
        };
        let first = node.input.first().map(String::as_str).unwrap_or_default();
        let is_row = |axis: Option<i64>| matches!(axis, Some(1 | -1));
        let width = match node.op_type.as_str() {
            "Identity" | "Cast" | "Neg" | "Sigmoid" | "Softmax" => self.get(first),
            "Add" | "Sub" | "Mul" | "Div" => {
                let of = |value: &String| {
                    let constant = || Some(find(value)?.dims.last().copied().unwrap_or(1));
                    self.get(value)
                        .or_else(|| usize::try_from(constant()?).ok())
                };
                let widths: Option<Vec<usize>> = node.input.iter().map(of).collect();
                widths.and_then(|widths| widths.into_iter().max())
            }
            "MatMul" | "Gemm" => node.input.get(1).and_then(|weights| {
                let [rows, columns] = find(weights)?.dims.as_slice() else {
                    return None;
                };
                let is_transposed = int(node, "transB").unwrap_or(0) != 0;
                usize::try_from(if is_transposed { *rows } else { *columns }).ok()
            }),
            "Concat" if is_row(int(node, "axis")) => {
                node.input.iter().map(|value| self.get(value)).sum()
            }
            "Gather" if is_row(int(node, "axis")) => node.input.get(1).and_then(|places| {
                let [count] = find(places)?.dims.as_slice() else {
                    return None;
                };
                usize::try_from(*count).ok()
            }),
            _ => None,
        };
        if let (Some(width), Some(output)) = (width, node.output.first()) {
            self.0.insert(output.clone(), width);
        }
    }
}
