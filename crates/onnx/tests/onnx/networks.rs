//! Networks made by other tools give what those tools said that they give.

use serde_json::Value;
use veilcast_onnx::Interpreter;
use veilcast_onnx::pb::tensor_shape_proto::dimension::Value::DimValue;
use veilcast_onnx::pb::type_proto::Value::TensorType;
use veilcast_onnx::pb::{ModelProto, ValueInfoProto};

use crate::common::{fixtures, read};

/// Those that have the interpreter's operators, but for the last function, which is left out.
const NETWORKS: [&str; 11] = [
    "keras-dense-tf2onnx-opset13",
    "keras-rescaling-regression-opset15",
    "onnx-gemm-opset13",
    "onnx-sigmoid-opset20",
    "pytorch-conv-1x28x28-opset18",
    "pytorch-conv-3x32x32-opset20",
    "pytorch-example-opset20",
    "pytorch-sigmoid-opset9",
    "split/pytorch-relu-conv-opset17",
    "split/pytorch-relu-conv-opset18",
    "split/pytorch-tanh-regression-opset13",
];
const ENDS: [&str; 3] = ["Softmax", "LogSoftmax", "Sigmoid"];

#[test]
fn networks_give_what_other_tools_compute() {
    for name in NETWORKS {
        let mut network = read(&fixtures().join(format!("{name}.onnx")));
        cut_end(&mut network);
        let shape = shape(&network);
        let interpreter = Interpreter::compile(&network, &shape).unwrap();
        let json = std::fs::read(fixtures().join(format!("{name}.json"))).unwrap();
        let json: Value = serde_json::from_slice(&json).unwrap();
        let lists =
            |key: &str| -> Vec<Vec<f64>> { serde_json::from_value(json[key].clone()).unwrap() };
        let (inputs, scores) = (lists("inputs"), lists("scores"));
        assert!(!inputs.is_empty());
        for (input, scores) in inputs.iter().zip(&scores) {
            let found = interpreter.run(input).unwrap();
            assert_eq!(found.shape, interpreter.output_shape());
            assert_eq!(found.numbers.len(), scores.len(), "{name}");
            let largest = scores.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            for (found, score) in found.numbers.iter().zip(scores) {
                let distance = (found - score).abs();
                assert!(distance <= 1e-5 * largest, "{name}: {found} {score}");
            }
        }
    }
}

/// Leaves out the last node, if it is a function that clients apply to scores.
fn cut_end(network: &mut ModelProto) {
    let graph = network.graph.as_mut().unwrap();
    let last = graph.node.last().unwrap();
    if ENDS.contains(&last.op_type.as_str()) {
        graph.output[0].name = last.input[0].clone();
        graph.node.pop();
    }
}

/// The shape of the input for one record.
fn shape(network: &ModelProto) -> Vec<usize> {
    let graph = network.graph.as_ref().unwrap();
    let is_constant = |input: &&ValueInfoProto| {
        let mut constants = graph.initializer.iter();
        constants.any(|tensor| tensor.name == input.name)
    };
    let input = graph
        .input
        .iter()
        .find(|input| !is_constant(input))
        .unwrap();
    let Some(TensorType(tensor)) = &input.r#type.as_ref().unwrap().value else {
        panic!("{input:?}");
    };
    let sides = tensor.shape.as_ref().unwrap().dim.iter();
    let own = sides.skip(1).map(|side| match side.value {
        Some(DimValue(side)) => usize::try_from(side).unwrap(),
        _ => 1,
    });
    std::iter::once(1).chain(own).collect()
}
