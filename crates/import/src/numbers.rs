//! Constants and attributes, as numbers and texts.

use std::sync::Arc;

use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::{NodeProto, TensorProto};

use veilcast_onnx::graph::attribute;

/// The numbers of a constant of floats, if it has one for each element of a record, or for all: all
/// its sides but the last are 1.
pub(super) fn row(tensor: &TensorProto) -> Option<Vec<f64>> {
    let (_, outer) = tensor.dims.split_last().unwrap_or((&1, &[]));
    outer
        .iter()
        .all(|&side| side == 1)
        .then(|| floats(tensor))?
}

/// The numbers of a constant of whole numbers.
pub(super) fn whole(tensor: &TensorProto) -> Option<Vec<i64>> {
    let raw = tensor.raw_data.as_slice();
    match DataType::try_from(tensor.data_type).ok()? {
        DataType::Int64 if raw.is_empty() => Some(tensor.int64_data.clone()),
        DataType::Int64 => {
            let numbers = raw.as_chunks().0.iter();
            Some(numbers.map(|&bytes| i64::from_le_bytes(bytes)).collect())
        }
        DataType::Int32 if raw.is_empty() => {
            Some(tensor.int32_data.iter().map(|&x| x.into()).collect())
        }
        DataType::Int32 => {
            let numbers = raw.as_chunks().0.iter();
            Some(
                numbers
                    .map(|&bytes| i32::from_le_bytes(bytes).into())
                    .collect(),
            )
        }
        _ => None,
    }
}

/// The numbers of a constant of floats.
pub(super) fn floats(tensor: &TensorProto) -> Option<Vec<f64>> {
    let raw = tensor.raw_data.as_slice();
    match DataType::try_from(tensor.data_type).ok()? {
        DataType::Float if raw.is_empty() => {
            Some(tensor.float_data.iter().map(|&x| x.into()).collect())
        }
        DataType::Float => {
            let numbers = raw.as_chunks().0.iter();
            Some(
                numbers
                    .map(|&bytes| f32::from_le_bytes(bytes).into())
                    .collect(),
            )
        }
        DataType::Double if raw.is_empty() => Some(tensor.double_data.clone()),
        DataType::Double => {
            let numbers = raw.as_chunks().0.iter();
            Some(numbers.map(|&bytes| f64::from_le_bytes(bytes)).collect())
        }
        _ => None,
    }
}

pub(super) fn int(node: &NodeProto, name: &str) -> Option<i64> {
    attribute(node, name).map(|attribute| attribute.i)
}

pub(super) fn numbers(node: &NodeProto, name: &str) -> Option<Vec<f64>> {
    let numbers = attribute(node, name)?.floats.iter();
    Some(numbers.map(|&number| number.into()).collect())
}

/// A list of texts, or of whole numbers as texts, by the names of both attributes. Texts lose the
/// spaces and tabs at both ends, as a table's cells do.
pub(super) fn categories(node: &NodeProto, texts: &str, whole: &str) -> Option<Vec<Arc<str>>> {
    if let Some(list) = attribute(node, texts).filter(|list| !list.strings.is_empty()) {
        let texts = list.strings.iter().map(|text| {
            let text = str::from_utf8(text).ok()?;
            Some(Arc::from(text.trim_matches([' ', '\t'])))
        });
        return texts.collect();
    }
    let list = attribute(node, whole)?.ints.iter();
    Some(list.map(|number| number.to_string().into()).collect())
}
