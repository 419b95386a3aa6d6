//! Nodes and constants that are put into a graph.

use std::collections::HashSet;

use veilcast_onnx::pb::attribute_proto::AttributeType;
use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

/// A node without attributes, named after its result.
pub(super) fn node_of(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
    let own = |name: &&str| (*name).to_owned();
    NodeProto {
        name: output.to_owned(),
        op_type: operator.to_owned(),
        input: inputs.iter().map(own).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

/// A node with a whole number as an attribute.
pub(super) fn with_int(mut node: NodeProto, name: &str, value: i64) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Int as i32,
        i: value,
        ..AttributeProto::default()
    });
    node
}

/// A node with a text as an attribute.
pub(super) fn with_text(mut node: NodeProto, name: &str, text: &str) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::String as i32,
        s: text.as_bytes().to_vec(),
        ..AttributeProto::default()
    });
    node
}

/// A node with a list of whole numbers as an attribute.
pub(super) fn with_ints(mut node: NodeProto, name: &str, values: Vec<i64>) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Ints as i32,
        ints: values,
        ..AttributeProto::default()
    });
    node
}

/// A constant list of whole numbers.
pub(super) fn whole_numbers(name: String, values: Vec<i64>) -> TensorProto {
    TensorProto {
        name,
        dims: vec![values.len() as i64],
        data_type: DataType::Int64 as i32,
        int64_data: values,
        ..TensorProto::default()
    }
}

/// A constant of floats.
pub(super) fn floats(name: String, dims: Vec<i64>, values: &[f64]) -> TensorProto {
    TensorProto {
        name,
        dims,
        data_type: DataType::Float as i32,
        float_data: values.iter().map(|&value| value as f32).collect(),
        ..TensorProto::default()
    }
}

/// The names of a graph's values.
pub(super) struct Names(HashSet<String>);

impl Names {
    pub(super) fn of(graph: &GraphProto) -> Self {
        let ends = graph.input.iter().chain(&graph.output).map(|end| &end.name);
        let values = graph
            .node
            .iter()
            .flat_map(|node| node.input.iter().chain(&node.output));
        let constants = graph.initializer.iter().map(|tensor| &tensor.name);
        Self(ends.chain(values).chain(constants).cloned().collect())
    }

    /// A name that no value has, given once.
    pub(super) fn fresh(&mut self, wanted: String) -> String {
        let mut name = wanted;
        while !self.0.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}
