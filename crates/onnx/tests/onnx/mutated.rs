//! Good networks with something changed are run or refused, and never panic.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use prost::Message as _;
use veilcast_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto};
use veilcast_onnx::{InterpretError, Interpreter};

use crate::common::{fixtures, float, floats, integer, integers, network, node, read, whole};

const OPERATORS: [&str; 17] = [
    "Add",
    "AveragePool",
    "Clip",
    "Conv",
    "Div",
    "Flatten",
    "Gemm",
    "Identity",
    "MatMul",
    "MaxPool",
    "Mul",
    "Relu",
    "Reshape",
    "Sigmoid",
    "Softmax",
    "Sub",
    "Tanh",
];
/// What sides, strides and axes are changed to.
const ODD: [i64; 18] = [
    0,
    1,
    -1,
    2,
    3,
    -3,
    7,
    255,
    4096,
    (1 << 24) - 1,
    1 << 24,
    1 << 31,
    (1 << 32) - 1,
    1 << 40,
    1 << 62,
    i64::MAX,
    i64::MIN,
    i64::MIN + 1,
];

/// Networks that are fine, with the shapes of their inputs.
fn originals() -> Vec<(ModelProto, Vec<usize>)> {
    let mut all = vec![(everything(), vec![1, 2, 9, 9])];
    for (name, shape) in [
        ("split/pytorch-tanh-regression-opset13", &[1, 30][..]),
        ("keras-rescaling-regression-opset15", &[1, 8]),
        ("pytorch-conv-1x28x28-opset18", &[1, 1, 28, 28]),
        ("pytorch-sigmoid-opset9", &[1, 20]),
        ("refused/product-of-inputs", &[1, 4]),
    ] {
        let model = read(&fixtures().join(format!("{name}.onnx")));
        all.push((model, shape.to_vec()));
    }
    all
}

/// A network with every operator.
fn everything() -> ModelProto {
    let ones = |name, sides: &[usize]| floats(name, sides, &vec![0.5; sides.iter().product()]);
    let window = |side| integers("kernel_shape", &[side; 2]);
    let grouped = vec![
        window(3),
        integers("pads", &[1, 0, 1, 2]),
        integers("strides", &[2, 1]),
        integers("dilations", &[1, 2]),
        integer("group", 2),
    ];
    let pooled = vec![
        window(2),
        integers("pads", &[0, 1, 1, 0]),
        integer("count_include_pad", 1),
    ];
    let scaled = vec![
        float("alpha", 0.5),
        float("beta", 2.0),
        integer("transB", 1),
    ];
    let nodes = vec![
        node("Conv", &["x", "w", "b"], "conv", grouped),
        node("Relu", &["conv"], "relu", vec![]),
        node(
            "MaxPool",
            &["relu"],
            "most",
            vec![window(2), integers("strides", &[2, 2])],
        ),
        node("AveragePool", &["most"], "mean", pooled),
        node("Mul", &["mean", "channels"], "mul", vec![]),
        node("Sub", &["mul", "channels"], "sub", vec![]),
        node("Flatten", &["sub"], "flat", vec![integer("axis", 1)]),
        node("Gemm", &["flat", "dense", "bias"], "gemm", scaled),
        node("Clip", &["gemm", "low", "high"], "clip", vec![]),
        node("MatMul", &["clip", "last"], "product", vec![]),
        node("Reshape", &["product", "shape"], "arranged", vec![]),
        node("Tanh", &["arranged"], "tanh", vec![]),
        node("Sigmoid", &["tanh"], "sigmoid", vec![]),
        node("Div", &["tanh", "sigmoid"], "div", vec![]),
        node("Identity", &["div"], "same", vec![]),
        node("Add", &["same", "shift"], "y", vec![]),
    ];
    let weights = vec![
        ones("w", &[4, 1, 3, 3]),
        ones("b", &[4]),
        ones("channels", &[4, 1, 1]),
        ones("dense", &[6, 24]),
        ones("bias", &[6]),
        ones("low", &[]),
        ones("high", &[1]),
        ones("last", &[6, 4]),
        whole("shape", &[0, 2, -1]),
        ones("shift", &[2, 1]),
    ];
    network(&[1, 2, 9, 9], nodes, weights)
}

/// One change, by four numbers that choose what and how.
fn change(graph: &mut GraphProto, shape: &mut [usize], [kind, which, place, value]: [usize; 4]) {
    let odd = ODD[value % ODD.len()];
    let names: Vec<String> = graph
        .node
        .iter()
        .flat_map(|node| node.input.iter().chain(&node.output).cloned())
        .collect();
    let Some(name) = names.get(value % names.len().max(1)).cloned() else {
        return;
    };
    let count = graph.node.len();
    let node: &mut NodeProto = &mut graph.node[which % count];
    let attribute = match node.attribute.len() {
        0 => None,
        count => node.attribute.get_mut(place % count),
    };
    match kind % 14 {
        0 => node.op_type = OPERATORS[value % OPERATORS.len()].to_owned(),
        1 => {
            let count = node.input.len().max(1);
            node.input.resize(count, String::new());
            node.input[place % count] = name;
        }
        2 => drop(node.input.pop()),
        3 => node.input.push(name),
        4 => node.output[0] = name,
        5 => drop(attribute.map(|attribute| attribute.i = odd)),
        6 | 7 => {
            if let Some(attribute) = attribute {
                match attribute.ints.len() {
                    0 => attribute.ints.push(odd),
                    count => attribute.ints[which % count] = odd,
                }
            }
        }
        8 => drop(attribute.map(|attribute| attribute.r#type = (value % 16) as i32)),
        9 => {
            if let Some(attribute) = attribute {
                attribute.ints.truncate(value % 4);
            }
        }
        10 if !shape.is_empty() => {
            let at = place % shape.len();
            shape[at] = usize::try_from(odd).unwrap_or(5);
        }
        11 => {
            let other = which % count;
            graph.node.swap(other, value % count);
        }
        _ => change_constant(graph, [which, place, value], odd),
    }
}

/// Changes a side or a number of a constant, or gives it other sides with numbers to fill them.
fn change_constant(graph: &mut GraphProto, [which, place, value]: [usize; 3], odd: i64) {
    let count = graph.initializer.len();
    if count == 0 {
        return;
    }
    let tensor: &mut TensorProto = &mut graph.initializer[which % count];
    if !tensor.int64_data.is_empty() {
        let count = tensor.int64_data.len();
        tensor.int64_data[place % count] = odd;
        return;
    }
    match value % 4 {
        0 => tensor.data_type = (place % 20) as i32,
        1 if !tensor.dims.is_empty() => {
            let count = tensor.dims.len();
            tensor.dims[place % count] = odd;
        }
        _ => {
            let sides: Vec<usize> = (0..place % 5).map(|i| (value >> (2 * i)) % 4).collect();
            let numbers = vec![1.0; sides.iter().product()];
            *tensor = floats(&tensor.name, &sides, &numbers);
        }
    }
}

/// Runs a network, if it can be: what comes out has the shape that was said beforehand.
fn attempt(model: &ModelProto, shape: &[usize]) -> Result<(), InterpretError> {
    let network = Interpreter::compile(model, shape)?;
    assert_eq!(network.shape(), shape);
    let found = network.run(&vec![0.5; shape.iter().product()])?;
    assert_eq!(found.shape, network.output_shape());
    let expected: usize = found.shape.iter().product();
    assert_eq!(found.numbers.len(), expected);
    Ok(())
}

fn config() -> Config {
    Config {
        failure_persistence: None,
        ..Config::with_cases(3000)
    }
}

#[test]
fn the_originals_run() {
    for (model, shape) in originals() {
        attempt(&model, &shape).unwrap();
    }
}

#[test]
fn changed_networks_never_panic() {
    let originals = originals();
    let (ran, unsupported, malformed) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let changes = prop::collection::vec(any::<[usize; 4]>(), 1..5);
    let mut runner = TestRunner::new(config());
    let strategy = (0..2 * originals.len(), changes);
    let result = runner.run(&strategy, |(original, changes)| {
        // The one with every operator as often as all others.
        let (mut model, mut shape) = originals[original.saturating_sub(originals.len())].clone();
        for change_by in changes {
            change(model.graph.as_mut().unwrap(), &mut shape, change_by);
        }
        let count = match attempt(&model, &shape) {
            Ok(()) => &ran,
            Err(error) if error.is_unsupported() => &unsupported,
            Err(_) => &malformed,
        };
        count.set(count.get() + 1);
        Ok(())
    });
    result.unwrap();
    let counts = [ran, unsupported, malformed].map(Cell::into_inner);
    assert!(counts.iter().all(|&count| count > 300), "{counts:?}");
}

#[test]
fn changed_bytes_never_panic() {
    let originals: Vec<(Vec<u8>, Vec<usize>)> = originals()
        .into_iter()
        .map(|(model, shape)| (model.encode_to_vec(), shape))
        .collect();
    let changes = prop::collection::vec(any::<(usize, u8)>(), 1..6);
    let read = Cell::new(0);
    let mut runner = TestRunner::new(config());
    let result = runner.run(&(0..originals.len(), changes), |(original, changes)| {
        let (mut bytes, shape) = originals[original].clone();
        for (place, value) in changes {
            let place = place % bytes.len();
            bytes[place] = value;
        }
        if let Ok(model) = ModelProto::decode(&*bytes) {
            read.set(read.get() + 1);
            drop(attempt(&model, &shape));
        }
        Ok(())
    });
    result.unwrap();
    assert!(read.get() > 500, "{}", read.get());
}
