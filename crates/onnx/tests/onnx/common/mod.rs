//! Files of the repository, and small networks written node by node.

pub(crate) mod library;
pub(crate) mod refusal;

use std::path::{Path, PathBuf};

use prost::Message as _;
use veilcast_onnx::pb::attribute_proto::AttributeType;
use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use veilcast_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

/// A file or directory of the repository.
pub(crate) fn repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}

/// Where the ONNX files are that the tests of several crates read.
pub(crate) fn fixtures() -> PathBuf {
    repository("testdata/fixtures/onnx")
}

/// The ONNX files of a folder, by name.
pub(crate) fn onnx_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "onnx"))
        .collect();
    paths.sort();
    paths
}

/// A file's network.
pub(crate) fn read(path: &Path) -> ModelProto {
    ModelProto::decode(&*std::fs::read(path).unwrap()).unwrap()
}

/// A network of these nodes, from `x` of this shape to `y`.
pub(crate) fn network(
    shape: &[usize],
    nodes: Vec<NodeProto>,
    weights: Vec<TensorProto>,
) -> ModelProto {
    let value = |name: &str, shape: Option<&[usize]>| {
        let dimension = |&side: &usize| Dimension {
            value: Some(dimension::Value::DimValue(side as i64)),
            ..Dimension::default()
        };
        let shape = shape.map(|shape| TensorShapeProto {
            dim: shape.iter().map(dimension).collect(),
        });
        let tensor = type_proto::Tensor {
            elem_type: DataType::Float as i32,
            shape,
        };
        ValueInfoProto {
            name: name.to_owned(),
            r#type: Some(TypeProto {
                value: Some(type_proto::Value::TensorType(tensor)),
                ..TypeProto::default()
            }),
            ..ValueInfoProto::default()
        }
    };
    ModelProto {
        ir_version: 8,
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version: 19,
        }],
        graph: Some(GraphProto {
            name: "network".to_owned(),
            node: nodes,
            initializer: weights,
            input: vec![value("x", Some(shape))],
            output: vec![value("y", None)],
            ..GraphProto::default()
        }),
        ..ModelProto::default()
    }
}

/// A network of one node, which takes `x` and maybe constants, and gives `y`.
pub(crate) fn single(
    shape: &[usize],
    operator: &str,
    inputs: &[&str],
    attributes: Vec<AttributeProto>,
    weights: Vec<TensorProto>,
) -> ModelProto {
    let node = node(operator, inputs, "y", attributes);
    network(shape, vec![node], weights)
}

/// A node, named by what it gives.
pub(crate) fn node(
    operator: &str,
    inputs: &[&str],
    output: &str,
    attributes: Vec<AttributeProto>,
) -> NodeProto {
    NodeProto {
        name: output.to_owned(),
        op_type: operator.to_owned(),
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute: attributes,
        ..NodeProto::default()
    }
}

/// An attribute that is a whole number.
pub(crate) fn integer(name: &str, i: i64) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Int as i32,
        i,
        ..AttributeProto::default()
    }
}

/// An attribute that is a 32-bit float.
pub(crate) fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Float as i32,
        f,
        ..AttributeProto::default()
    }
}

/// An attribute that is a list of whole numbers.
pub(crate) fn integers(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Ints as i32,
        ints: ints.to_vec(),
        ..AttributeProto::default()
    }
}

/// An attribute that is a text.
pub(crate) fn text(name: &str, s: &str) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::String as i32,
        s: s.as_bytes().to_vec(),
        ..AttributeProto::default()
    }
}

/// A constant of 32-bit floats.
pub(crate) fn floats(name: &str, shape: &[usize], values: &[f32]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: shape.iter().map(|&side| side as i64).collect(),
        data_type: DataType::Float as i32,
        float_data: values.to_vec(),
        ..TensorProto::default()
    }
}

/// A constant list of whole numbers.
pub(crate) fn whole(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: vec![values.len() as i64],
        data_type: DataType::Int64 as i32,
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}
