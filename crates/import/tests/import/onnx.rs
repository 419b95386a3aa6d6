//! Small networks in ONNX, written node by node.
use prost::Message as _;
use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use veilcast_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, attribute_proto, type_proto,
};

/// A network of these nodes, from `x` of a shape behind the batch's side to `y`.
pub(crate) fn network(
    shape: &[i64],
    nodes: Vec<NodeProto>,
    weights: Vec<TensorProto>,
) -> ModelProto {
    let batch = dimension::Value::DimParam("batch".to_owned());
    let sides = shape.iter().map(|&side| dimension::Value::DimValue(side));
    let sides: Vec<_> = std::iter::once(batch).chain(sides).collect();
    ModelProto {
        ir_version: 8,
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version: 13,
        }],
        graph: Some(GraphProto {
            name: "network".to_owned(),
            node: nodes,
            initializer: weights,
            input: vec![value("x", Some(sides))],
            output: vec![value("y", None)],
            ..GraphProto::default()
        }),
        ..ModelProto::default()
    }
}

/// A value of 32-bit floats.
pub(crate) fn value(name: &str, sides: Option<Vec<dimension::Value>>) -> ValueInfoProto {
    let dimension = |value| Dimension {
        value: Some(value),
        ..Dimension::default()
    };
    let shape = sides.map(|sides| TensorShapeProto {
        dim: sides.into_iter().map(dimension).collect(),
    });
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                elem_type: DataType::Float as i32,
                shape,
            })),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

/// A node, named by its operator.
pub(crate) fn node(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
    let own = |name: &&str| (*name).to_owned();
    NodeProto {
        name: operator.to_lowercase(),
        op_type: operator.to_owned(),
        input: inputs.iter().map(own).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

/// A node with a whole number as an attribute.
pub(crate) fn with_int(mut node: NodeProto, name: &str, value: i64) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: name.to_owned(),
        r#type: attribute_proto::AttributeType::Int as i32,
        i: value,
        ..AttributeProto::default()
    });
    node
}

/// A node, named by its operator and its result.
pub(crate) fn named(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
    let mut node = node(operator, inputs, output);
    node.name = format!("{}-{output}", node.name);
    node
}

/// A node with a list of whole numbers as an attribute.
pub(crate) fn with_ints(mut node: NodeProto, name: &str, values: &[i64]) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: name.to_owned(),
        r#type: attribute_proto::AttributeType::Ints as i32,
        ints: values.to_vec(),
        ..AttributeProto::default()
    });
    node
}

/// A constant of 32-bit floats.
pub(crate) fn floats(name: &str, shape: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: shape.to_vec(),
        data_type: DataType::Float as i32,
        float_data: values.to_vec(),
        ..TensorProto::default()
    }
}

/// The bytes of its file.
pub(crate) fn bytes(network: &ModelProto) -> Vec<u8> {
    network.encode_to_vec()
}

/// What a public part may be: `x` of 2 × 2 to relu(x)·W + b of two features.
pub(crate) fn stem() -> ModelProto {
    let weights = [1.0, 0.0, 0.0, 2.0, -1.0, 0.5, 0.25, 0.25];
    network(
        &[2, 2],
        vec![
            with_int(node("Flatten", &["x"], "flat"), "axis", 1),
            node("Relu", &["flat"], "positive"),
            node("Gemm", &["positive", "w", "b"], "y"),
        ],
        vec![
            floats("w", &[4, 2], &weights),
            floats("b", &[2], &[0.5, -0.5]),
        ],
    )
}

/// Numbers between −1 and 1 that look random.
pub(crate) fn numbers(count: usize, seed: usize) -> Vec<f32> {
    let number = |i: usize| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0;
    (0..count)
        .map(|i| number(i) * number(i + 3 * seed + 1))
        .collect()
}
