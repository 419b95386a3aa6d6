//! The classes' names in a file.

use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::{NodeProto, TensorProto};

use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{attribute, name};

/// The classes that a classifier, or a node that adds names to scores, lists in its attributes.
pub(super) fn of_node(node: &NodeProto) -> Result<Option<Vec<String>>, OnnxError> {
    if let Some(texts) = attribute(node, "classlabels_strings") {
        let texts = texts.strings.iter().cloned().map(String::from_utf8);
        let texts = texts.collect::<Result<Vec<_>, _>>();
        return texts.map(Some).map_err(|_| OnnxError::Malformed {
            problem: format!("the labels of the node {:?} aren't UTF-8", name(node)),
        });
    }
    let numbers = ["classlabels_ints", "classlabels_int64s"];
    let numbers = numbers.iter().find_map(|list| attribute(node, list));
    Ok(numbers.map(|list| list.ints.iter().map(i64::to_string).collect()))
}

/// The classes that a constant lists: texts, or whole numbers.
pub(super) fn of_tensor(tensor: &TensorProto) -> Option<Vec<String>> {
    match DataType::try_from(tensor.data_type).ok()? {
        DataType::String => {
            let texts = tensor.string_data.iter().cloned().map(String::from_utf8);
            texts.collect::<Result<_, _>>().ok()
        }
        DataType::Int64 => {
            let raw = tensor.raw_data.as_chunks().0;
            let raw = raw.iter().map(|&bytes| i64::from_le_bytes(bytes));
            let numbers = raw.chain(tensor.int64_data.iter().copied());
            Some(numbers.map(|number| number.to_string()).collect())
        }
        DataType::Int32 => {
            let raw = tensor.raw_data.as_chunks().0;
            let raw = raw.iter().map(|&bytes| i32::from_le_bytes(bytes));
            let numbers = raw.chain(tensor.int32_data.iter().copied());
            Some(numbers.map(|number| number.to_string()).collect())
        }
        _ => None,
    }
}

/// The number in a constant of one 32-bit float.
pub(super) fn single_float(tensor: &TensorProto) -> Option<f32> {
    if tensor.data_type != DataType::Float as i32 {
        return None;
    }
    match (
        tensor.raw_data.as_slice().try_into(),
        tensor.float_data.as_slice(),
    ) {
        (Ok(bytes), []) => Some(f32::from_le_bytes(bytes)),
        (_, [number]) => Some(*number),
        _ => None,
    }
}
