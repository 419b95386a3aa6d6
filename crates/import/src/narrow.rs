//! Networks of 64-bit floats turned into ones of 32 bits: not all operators run in 64.

use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::{ModelProto, TensorProto, ValueInfoProto, type_proto};

use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::graph_mut;

const FLOAT: i32 = DataType::Float as i32;
const DOUBLE: i32 = DataType::Double as i32;

/// Turns every tensor of 64-bit floats into one of 32-bit floats.
pub(super) fn narrow(model: &mut ModelProto) -> Result<(), OnnxError> {
    let graph = graph_mut(model)?;
    for tensor in &mut graph.initializer {
        narrow_tensor(tensor)?;
    }
    for value in graph.input.iter_mut().chain(&mut graph.output) {
        narrow_value(value);
    }
    for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
        for tensor in attribute.t.iter_mut().chain(&mut attribute.tensors) {
            narrow_tensor(tensor)?;
        }
        // The type that Cast and others return.
        let names_a_type = matches!(attribute.name.as_str(), "to" | "dtype");
        if names_a_type && attribute.i == i64::from(DOUBLE) {
            attribute.i = i64::from(FLOAT);
        }
    }
    Ok(())
}

fn narrow_tensor(tensor: &mut TensorProto) -> Result<(), OnnxError> {
    if tensor.data_type != DOUBLE {
        return Ok(());
    }
    let raw = tensor.raw_data.as_chunks().0;
    let raw = raw.iter().map(|&bytes| f64::from_le_bytes(bytes));
    let numbers = raw.chain(tensor.double_data.iter().copied());
    let floats: Vec<f32> = numbers.map(|number| number as f32).collect();
    if let Some(value) = floats.iter().find(|number| !number.is_finite()) {
        return Err(OnnxError::NotFinite {
            tensor: tensor.name.clone(),
            value: f64::from(*value),
        });
    }
    tensor.data_type = FLOAT;
    tensor.raw_data.clear();
    tensor.double_data.clear();
    tensor.float_data = floats;
    Ok(())
}

fn narrow_value(value: &mut ValueInfoProto) {
    let found = value.r#type.as_mut().and_then(|found| found.value.as_mut());
    if let Some(type_proto::Value::TensorType(tensor)) = found
        && tensor.elem_type == DOUBLE
    {
        tensor.elem_type = FLOAT;
    }
}
