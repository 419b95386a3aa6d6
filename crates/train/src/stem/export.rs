//! A stem as an ONNX file.

use prost::Message as _;
use veilcast_onnx::pb;

/// The version of ONNX's operators.
const OPERATORS: i64 = 13;
/// The oldest version of the file format that has them.
const FILE_FORMAT: i64 = 7;
/// The name of the batch axis, whose length is the client's choice.
const BATCH: &str = "batch";

/// A network in ONNX: each node takes the output of the one before.
pub(super) struct Chain {
    graph: pb::GraphProto,
    last: String,
}

/// The numbers of a tensor, row by row.
pub(super) struct Numbers {
    pub(super) sides: Vec<usize>,
    pub(super) values: Vec<f32>,
}

impl Chain {
    /// A network that takes tensors `[batch, …shape]`.
    pub(super) fn new(name: &str, input: &str, shape: &[usize]) -> Self {
        Self {
            graph: pb::GraphProto {
                name: name.to_owned(),
                input: vec![tensor_type(input, shape)],
                ..Default::default()
            },
            last: input.to_owned(),
        }
    }

    /// Adds a node; its own name names its output too.
    pub(super) fn then(
        &mut self,
        operator: &str,
        name: &str,
        constants: &[(&str, Numbers)],
        attributes: Vec<pb::AttributeProto>,
    ) {
        let mut input = vec![std::mem::replace(&mut self.last, name.to_owned())];
        for (role, numbers) in constants {
            let constant = format!("{name}.{role}");
            self.graph.initializer.push(tensor(&constant, numbers));
            input.push(constant);
        }
        self.graph.node.push(pb::NodeProto {
            input,
            output: vec![name.to_owned()],
            name: name.to_owned(),
            op_type: operator.to_owned(),
            attribute: attributes,
            ..Default::default()
        });
    }

    /// The file, if the last node returns `[batch, …shape]`.
    pub(super) fn finish(mut self, shape: &[usize]) -> Vec<u8> {
        self.graph.output = vec![tensor_type(&self.last, shape)];
        let model = pb::ModelProto {
            ir_version: FILE_FORMAT,
            opset_import: vec![pb::OperatorSetIdProto {
                domain: String::new(),
                version: OPERATORS,
            }],
            producer_name: "veilcast".to_owned(),
            graph: Some(self.graph),
            ..Default::default()
        };
        model.encode_to_vec()
    }
}

/// An attribute that is a list of whole numbers.
pub(super) fn integers(name: &str, values: &[usize]) -> pb::AttributeProto {
    pb::AttributeProto {
        name: name.to_owned(),
        r#type: pb::attribute_proto::AttributeType::Ints.into(),
        ints: values.iter().map(|&value| value as i64).collect(),
        ..Default::default()
    }
}

fn tensor(name: &str, Numbers { sides, values }: &Numbers) -> pb::TensorProto {
    pb::TensorProto {
        dims: sides.iter().map(|&side| side as i64).collect(),
        data_type: pb::tensor_proto::DataType::Float.into(),
        name: name.to_owned(),
        raw_data: values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        ..Default::default()
    }
}

fn tensor_type(name: &str, shape: &[usize]) -> pb::ValueInfoProto {
    use pb::tensor_shape_proto::{Dimension, dimension::Value};
    let batch = Value::DimParam(BATCH.to_owned());
    let sides = shape.iter().map(|&side| Value::DimValue(side as i64));
    let dimension = |value| Dimension {
        value: Some(value),
        ..Default::default()
    };
    let shape = pb::TensorShapeProto {
        dim: [batch].into_iter().chain(sides).map(dimension).collect(),
    };
    let value = pb::type_proto::Value::TensorType(pb::type_proto::Tensor {
        elem_type: pb::tensor_proto::DataType::Float.into(),
        shape: Some(shape),
    });
    pb::ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(pb::TypeProto {
            value: Some(value),
            ..Default::default()
        }),
        ..Default::default()
    }
}
