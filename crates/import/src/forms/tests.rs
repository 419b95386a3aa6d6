use veilcast_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto};

use super::recognise;
use crate::build::{floats, node_of, whole_numbers, with_int};

/// The operators in front of `y`, last first, after rewriting.
fn way_to_y(nodes: Vec<NodeProto>, constants: Vec<TensorProto>) -> Vec<String> {
    let model = ModelProto {
        graph: Some(GraphProto {
            node: nodes,
            initializer: constants,
            ..GraphProto::default()
        }),
        ..ModelProto::default()
    };
    let graph = recognise(model).expect("it has a graph").graph;
    let nodes = graph.expect("it is still there").node;
    let mut value = "y".to_owned();
    let mut way = Vec::new();
    while let Some(node) = nodes.iter().find(|node| node.output.contains(&value)) {
        if node.op_type != "Identity" {
            way.push(node.op_type.clone());
        }
        value.clone_from(&node.input[0]);
    }
    way.push(value);
    way
}

fn one() -> Vec<TensorProto> {
    vec![
        floats("one".to_owned(), vec![], &[1.0]),
        floats("minus".to_owned(), vec![1], &[-1.0]),
        whole_numbers("axis".to_owned(), vec![1]),
        whole_numbers("column".to_owned(), vec![-1, 1]),
    ]
}

#[test]
fn sigmoid_has_many_spellings() {
    let exp = || vec![node_of("Neg", &["x"], "n"), node_of("Exp", &["n"], "e")];
    let sum = || node_of("Add", &["e", "one"], "s");
    let spellings = [
        vec![sum(), node_of("Reciprocal", &["s"], "y")],
        vec![sum(), node_of("Div", &["one", "s"], "y")],
        vec![sum(), node_of("Pow", &["s", "minus"], "y")],
    ];
    for spelling in spellings {
        let nodes = [exp(), spelling].concat();
        assert_eq!(way_to_y(nodes, one()), ["Sigmoid", "x"]);
    }
    let nodes = vec![
        node_of("Mul", &["x", "minus"], "n"),
        node_of("Exp", &["n"], "e"),
        sum(),
        node_of("Reciprocal", &["s"], "r"),
        node_of("Sub", &["one", "r"], "y"),
    ];
    assert_eq!(way_to_y(nodes, one()), ["Sigmoid", "Neg", "x"]);
    let nodes = vec![
        node_of("Exp", &["x"], "e"),
        sum(),
        node_of("Div", &["e", "s"], "y"),
    ];
    assert_eq!(way_to_y(nodes, one()), ["Sigmoid", "x"]);
}

#[test]
fn softmax_has_many_spellings() {
    let reduce = |operator: &str, of: &str, to: &str| node_of(operator, &[of, "axis"], to);
    let nodes = vec![
        reduce("ReduceLogSumExp", "x", "l"),
        node_of("Reshape", &["l", "column"], "c"),
        node_of("Sub", &["x", "c"], "d"),
        node_of("Exp", &["d"], "y"),
    ];
    assert_eq!(way_to_y(nodes, one()), ["Softmax", "x"]);
    let nodes = vec![
        reduce("ReduceMax", "x", "m"),
        node_of("Sub", &["x", "m"], "d"),
        node_of("Exp", &["d"], "e"),
        reduce("ReduceSum", "e", "s"),
        node_of("Div", &["e", "s"], "y"),
    ];
    assert_eq!(way_to_y(nodes, one()), ["Softmax", "x"]);
    let nodes = vec![
        node_of("Exp", &["x"], "e"),
        reduce("ReduceSum", "e", "s"),
        node_of("Log", &["s"], "l"),
        node_of("Sub", &["x", "l"], "y"),
    ];
    assert_eq!(way_to_y(nodes, one()), ["LogSoftmax", "x"]);
}

#[test]
fn sigmoids_side_by_side_and_divided_by_their_sum() {
    let nodes = vec![
        node_of("Sigmoid", &["a"], "p"),
        node_of("Sigmoid", &["b"], "q"),
        with_int(node_of("Concat", &["p", "q"], "c"), "axis", 1),
        node_of("ReduceSum", &["c", "axis"], "s"),
        node_of("Div", &["c", "s"], "y"),
    ];
    assert_eq!(
        way_to_y(nodes, one()),
        ["Normalizer", "Sigmoid", "Concat", "a"]
    );
}

#[test]
fn what_is_almost_a_final_function_stays() {
    // exp(−x) over 1 + exp(x).
    let nodes = vec![
        node_of("Neg", &["x"], "n"),
        node_of("Exp", &["n"], "e"),
        node_of("Exp", &["x"], "f"),
        node_of("Add", &["f", "one"], "s"),
        node_of("Div", &["e", "s"], "y"),
    ];
    assert_eq!(way_to_y(nodes, one()), ["Div", "Exp", "Neg", "x"]);
    // The logarithm of another value's sum.
    let nodes = vec![
        node_of("ReduceLogSumExp", &["z", "axis"], "l"),
        node_of("Sub", &["x", "l"], "y"),
    ];
    assert_eq!(way_to_y(nodes, one()), ["Sub", "x"]);
}
