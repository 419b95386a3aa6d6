//! What is checked in a file before `tract` sees it.

use std::collections::HashSet;

use crate::pb::tensor_proto::{DataLocation, DataType};
use crate::pb::{GraphProto, ModelProto, TensorProto};
use prost::Message as _;

use super::graph::name;
use super::opsets::{OPSETS, OWN_DOMAINS};
use super::{OnnxError, lists, wire};
use veilcast_card::MAX_FEATURES;

/// Most places of a picture that are pooled to one: as many as a record may have numbers.
const MAX_WINDOW: i64 = MAX_FEATURES as i64;

/// Decodes a file's bytes and checks everything described in [`onnx`](super).
pub fn parse(bytes: &[u8], limit: u64) -> Result<ModelProto, OnnxError> {
    let size = bytes.len() as u64;
    if size > limit {
        return Err(OnnxError::TooLarge { bytes: size, limit });
    }
    wire::check(bytes)?;
    let model = ModelProto::decode(bytes).map_err(|_| OnnxError::Malformed {
        problem: "one of its fields can't be decoded".to_owned(),
    })?;
    let opsets = model.opset_import.iter();
    let mut versions = opsets.filter(|set| OWN_DOMAINS.contains(&set.domain.as_str()));
    if let Some(set) = versions.find(|set| !OPSETS.contains(&set.version)) {
        return Err(OnnxError::Opset {
            version: set.version,
            known: OPSETS,
        });
    }
    if let Some(function) = model.functions.first() {
        return Err(OnnxError::Function {
            function: function.name.clone().unwrap_or_default(),
        });
    }
    let empty = |problem| OnnxError::Empty { problem };
    let graph = model.graph.as_ref().ok_or(empty("there is no graph"))?;
    if graph.output.is_empty() {
        return Err(empty("the graph has no output"));
    }
    check_tensors(graph)?;
    check_values(graph)?;
    Ok(model)
}

fn check_tensors(graph: &GraphProto) -> Result<(), OnnxError> {
    if let Some(sparse) = graph.sparse_initializer.first() {
        let values = sparse.values.as_ref();
        return Err(OnnxError::Sparse {
            tensor: values.map_or(String::new(), |values| values.name.clone()),
        });
    }
    for tensor in &graph.initializer {
        check_tensor(tensor, &tensor.name)?;
    }
    for node in &graph.node {
        for attribute in &node.attribute {
            let place = || format!("{}.{}", name(node), attribute.name);
            if attribute.g.is_some() || !attribute.graphs.is_empty() {
                return Err(OnnxError::Subgraph {
                    node: name(node).to_owned(),
                    operator: node.op_type.clone(),
                });
            }
            let window = attribute.ints.iter().try_fold(1_i64, |product, &side| {
                product
                    .checked_mul(side)
                    .filter(|&places| places <= MAX_WINDOW)
            });
            if attribute.name == "kernel_shape" && window.is_none() {
                return Err(OnnxError::Window {
                    node: name(node).to_owned(),
                    operator: node.op_type.clone(),
                });
            }
            if attribute.sparse_tensor.is_some() || !attribute.sparse_tensors.is_empty() {
                return Err(OnnxError::Sparse { tensor: place() });
            }
            for tensor in attribute.t.iter().chain(&attribute.tensors) {
                check_tensor(tensor, &place())?;
            }
            // NaN is what an Imputer replaces, or what else is no number.
            let is_missing = attribute.name == "replaced_value_float";
            let own = (!is_missing).then_some(&attribute.f);
            let numbers = attribute.floats.iter().chain(own);
            check_finite(numbers.copied().map(f64::from), place)?;
        }
        lists::check(node, &[])?;
    }
    Ok(())
}

/// Checks that a tensor holds as much as its shape says, in the file itself, and only finite
/// numbers.
fn check_tensor(tensor: &TensorProto, name: &str) -> Result<(), OnnxError> {
    let named = || name.to_owned();
    let external = tensor.data_location == Some(DataLocation::External as i32);
    if external || !tensor.external_data.is_empty() {
        return Err(OnnxError::ExternalData { tensor: named() });
    }
    let unsupported = |found: String| OnnxError::TensorType {
        tensor: named(),
        found,
    };
    let kind = DataType::try_from(tensor.data_type)
        .map_err(|_| unsupported(format!("type number {}", tensor.data_type)))?;
    // Bytes of an element in `raw_data`, and elements in the list for the type.
    let (size, listed) = match kind {
        DataType::Float => (4, tensor.float_data.len()),
        DataType::Double => (8, tensor.double_data.len()),
        DataType::Int64 => (8, tensor.int64_data.len()),
        DataType::Uint64 => (8, tensor.uint64_data.len()),
        DataType::Int32 | DataType::Uint32 => (4, tensor.int32_data.len()),
        DataType::Int16 | DataType::Uint16 => (2, tensor.int32_data.len()),
        DataType::Int8 | DataType::Uint8 | DataType::Bool => (1, tensor.int32_data.len()),
        DataType::String => (usize::MAX, tensor.string_data.len()),
        other => return Err(unsupported(other.as_str_name().to_lowercase())),
    };
    let raw = tensor.raw_data.len();
    let found = if raw > 0 { raw / size } else { listed };
    let claimed = tensor.dims.iter().try_fold(1_usize, |product, &side| {
        product.checked_mul(usize::try_from(side).ok()?)
    });
    if claimed != Some(found) || !raw.is_multiple_of(size) {
        return Err(OnnxError::TensorSize {
            tensor: named(),
            shape: tensor.dims.iter().copied().take(8).collect(),
            found,
        });
    }
    match kind {
        DataType::Float => {
            let raw = tensor.raw_data.as_chunks().0;
            let raw = raw.iter().map(|&bytes| f32::from_le_bytes(bytes));
            let numbers = raw.chain(tensor.float_data.iter().copied());
            check_finite(numbers.map(f64::from), named)
        }
        DataType::Double => {
            let raw = tensor.raw_data.as_chunks().0;
            let raw = raw.iter().map(|&bytes| f64::from_le_bytes(bytes));
            check_finite(raw.chain(tensor.double_data.iter().copied()), named)
        }
        _ => Ok(()),
    }
}

fn check_finite(
    mut numbers: impl Iterator<Item = f64>,
    tensor: impl Fn() -> String,
) -> Result<(), OnnxError> {
    match numbers.find(|number| !number.is_finite()) {
        None => Ok(()),
        Some(value) => Err(OnnxError::NotFinite {
            tensor: tensor(),
            value,
        }),
    }
}

/// Checks that every value that is taken is given once, and before it is taken.
fn check_values(graph: &GraphProto) -> Result<(), OnnxError> {
    let constants: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
    let mut given = constants.clone();
    if given.len() < graph.initializer.len() {
        let value = repeated(graph.initializer.iter().map(|tensor| tensor.name.as_str()));
        return Err(OnnxError::GivenTwice { value });
    }
    let twice = |value: &str| OnnxError::GivenTwice {
        value: value.to_owned(),
    };
    for input in &graph.input {
        // In old files the constants are listed among the inputs too.
        if !given.insert(&input.name) && !constants.contains(input.name.as_str()) {
            return Err(twice(&input.name));
        }
    }
    let undefined = |user: String, value: &str| OnnxError::Undefined {
        user,
        value: value.to_owned(),
    };
    for node in &graph.node {
        let taken = node.input.iter().filter(|value| !value.is_empty());
        if let Some(value) = taken.into_iter().find(|v| !given.contains(v.as_str())) {
            return Err(undefined(format!("the node {:?}", name(node)), value));
        }
        for value in node.output.iter().filter(|value| !value.is_empty()) {
            if !given.insert(value) {
                return Err(twice(value));
            }
        }
    }
    let outputs = graph.output.iter().map(|output| output.name.as_str());
    match outputs.into_iter().find(|value| !given.contains(value)) {
        None => Ok(()),
        Some(value) => Err(undefined("the network's output".to_owned(), value)),
    }
}

fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut seen = HashSet::new();
    let mut names = names;
    let repeated = names.find(|name| !seen.insert(*name));
    repeated.unwrap_or_default().to_owned()
}
