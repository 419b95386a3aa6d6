//! What contradicts itself, or would take too much, is refused before it takes anything.

use veilcast_onnx::Interpreter;
use veilcast_onnx::pb::tensor_proto::{DataType, Segment};
use veilcast_onnx::pb::{ModelProto, StringStringEntryProto, TensorProto};

use crate::common::refusal::{malformed, too_large, unsupported};
use crate::common::{float, floats, integer, integers, network, node, single, whole};

#[test]
fn constants_must_be_whole_and_in_the_file() {
    let shape = [1, 4];
    let with = |how: &dyn Fn(&mut TensorProto)| {
        let mut weights = floats("w", &shape, &[1.0; 4]);
        how(&mut weights);
        single(&shape, "Add", &["x", "w"], vec![], vec![weights])
    };
    assert!(Interpreter::compile(&with(&|_| {}), &shape).is_ok());
    malformed(
        &with(&|w| w.dims[1] = 5),
        &shape,
        "holds 4 numbers, and its shape is for 5",
    );
    malformed(&with(&|w| w.dims[1] = -4), &shape, "side below 0");
    too_large(
        &with(&|w| w.dims = vec![i64::MAX; 2]),
        &shape,
        "numbers along a side",
    );
    too_large(
        &with(&|w| w.dims = vec![1 << 24; 2]),
        &shape,
        "more than 16777216 numbers",
    );
    too_large(
        &with(&|w| w.dims = vec![1; 17]),
        &shape,
        "more than 16 sides",
    );
    malformed(
        &with(&|w| w.float_data[2] = f32::NAN),
        &shape,
        "isn't finite",
    );
    malformed(
        &with(&|w| w.float_data[2] = f32::INFINITY),
        &shape,
        "isn't finite",
    );
    malformed(
        &with(&|w| w.raw_data = vec![0; 17]),
        &shape,
        "holds 4 numbers",
    );
    malformed(
        &with(&|w| w.raw_data = vec![0; 12]),
        &shape,
        "holds 3 numbers",
    );
    unsupported(
        &with(&|w| w.data_type = DataType::Double as i32),
        &shape,
        "holds double",
    );
    unsupported(&with(&|w| w.data_type = 99), &shape, "type number 99");
    unsupported(
        &with(&|w| w.data_location = Some(1)),
        &shape,
        "isn't in the file",
    );
    unsupported(
        &with(&|w| w.segment = Some(Segment::default())),
        &shape,
        "isn't in the file",
    );
    let elsewhere = with(&|w| w.external_data.push(StringStringEntryProto::default()));
    unsupported(&elsewhere, &shape, "isn't in the file");
    let mut twice = with(&|_| {});
    let weights = &mut twice.graph.as_mut().unwrap().initializer;
    weights.push(weights[0].clone());
    malformed(&twice, &shape, "\"w\" is there twice");
}

#[test]
fn graphs_must_hold_together() {
    let shape = [1, 4];
    malformed(&ModelProto::default(), &shape, "of which version");
    let mut none = single(&[1, 4], "Relu", &["x"], vec![], vec![]);
    none.graph = None;
    malformed(&none, &shape, "no graph");
    let nothing = single(&shape, "Relu", &["nothing"], vec![], vec![]);
    malformed(&nothing, &shape, "nothing before it gives \"nothing\"");
    let later = vec![
        node("Relu", &["a"], "y", vec![]),
        node("Relu", &["x"], "a", vec![]),
    ];
    malformed(
        &network(&shape, later, vec![]),
        &shape,
        "nothing before it gives \"a\"",
    );
    let own = single(&shape, "Add", &["x", "y"], vec![], vec![]);
    malformed(&own, &shape, "nothing before it gives \"y\"");
    let anew = vec![
        node("Relu", &["x"], "y", vec![]),
        node("Relu", &["y"], "y", vec![]),
    ];
    malformed(&network(&shape, anew, vec![]), &shape, "gives \"y\" again");
    malformed(
        &network(&shape, vec![], vec![]),
        &shape,
        "\"y\" is given by no node",
    );
    let mut no_value = single(&[1, 4], "Relu", &["x"], vec![], vec![]);
    no_value.graph.as_mut().unwrap().node[0].output[0].clear();
    malformed(&no_value, &shape, "gives no value");
    let lacking = single(&shape, "Add", &["x"], vec![], vec![]);
    malformed(&lacking, &shape, "lacks input 1");
    let lacking = single(&shape, "Add", &["", "x"], vec![], vec![]);
    malformed(&lacking, &shape, "lacks input 0");
    let more = single(&shape, "Relu", &["x", "x"], vec![], vec![]);
    malformed(&more, &shape, "takes at most 1 inputs");
    let twice = vec![integer("axis", 1), integer("axis", 1)];
    malformed(
        &single(&shape, "Flatten", &["x"], twice, vec![]),
        &shape,
        "\"axis\" is there twice",
    );
    let kind = single(&shape, "Flatten", &["x"], vec![float("axis", 1.0)], vec![]);
    malformed(
        &kind,
        &shape,
        "axis is of type Float, and must be of type Int",
    );
}

#[test]
fn shapes_must_fit() {
    let shape = [2, 3];
    let weights = |sides: &[usize]| floats("w", sides, &vec![1.0; sides.iter().product()]);
    let with = |operator, sides: &[usize], attributes| {
        single(
            &shape,
            operator,
            &["x", "w"],
            attributes,
            vec![weights(sides)],
        )
    };
    malformed(
        &with("Add", &[2], vec![]),
        &shape,
        "[2, 3] and [2] don't go together",
    );
    malformed(
        &with("MatMul", &[2, 3], vec![]),
        &shape,
        "[2, 3] can't be multiplied by [2, 3]",
    );
    let transposed = vec![integer("transB", 1)];
    malformed(
        &with("Gemm", &[3, 2], transposed),
        &shape,
        "by [3, 2] transposed",
    );
    malformed(
        &with("Gemm", &[3], vec![]),
        &shape,
        "can't be multiplied by [3]",
    );
    for sides in [&[2][..], &[3, 2], &[1, 2, 3], &[2, 3, 1]] {
        let c = TensorProto {
            name: "c".to_owned(),
            ..weights(sides)
        };
        let network = single(
            &shape,
            "Gemm",
            &["x", "w", "c"],
            vec![],
            vec![weights(&[3, 3]), c],
        );
        malformed(&network, &shape, "can't be added to [2, 3]");
    }
    malformed(&with("Clip", &[2], vec![]), &shape, "isn't a single number");
    for axis in [3, -3, i64::MIN, i64::MAX] {
        let flatten = single(
            &shape,
            "Flatten",
            &["x"],
            vec![integer("axis", axis)],
            vec![],
        );
        malformed(&flatten, &shape, "of a tensor of 2 sides");
    }
    let wrong: [&[i64]; 9] = [
        &[5],
        &[-1, 4],
        &[-1, -1],
        &[-2, 3],
        &[0, 0, 0],
        &[0, 4],
        &[i64::MIN],
        &[],
        &[-1, 12],
    ];
    for asked in wrong {
        let reshape = single(
            &shape,
            "Reshape",
            &["x", "s"],
            vec![],
            vec![whole("s", asked)],
        );
        malformed(&reshape, &shape, "does not go into");
    }
    let literal = vec![integer("allowzero", 1)];
    let reshape = single(
        &shape,
        "Reshape",
        &["x", "s"],
        literal,
        vec![whole("s", &[0, -1])],
    );
    malformed(&reshape, &shape, "does not go into");
}

#[test]
fn windows_must_fit() {
    let image = [1, 2, 4, 4];
    let pool = |attributes| single(&image, "AveragePool", &["x"], attributes, vec![]);
    let window = |sides: &[i64]| integers("kernel_shape", sides);
    malformed(&pool(vec![]), &image, "may lack its kernel_shape");
    malformed(
        &pool(vec![window(&[5, 1])]),
        &image,
        "[5, 1] does not go into",
    );
    malformed(
        &pool(vec![window(&[2])]),
        &image,
        "2 whole numbers of at least 1",
    );
    malformed(&pool(vec![window(&[0, 1])]), &image, "of at least 1");
    malformed(&pool(vec![window(&[-1, 1])]), &image, "of at least 1");
    for (name, list) in [
        ("strides", &[0, 1][..]),
        ("strides", &[1]),
        ("dilations", &[0, 1]),
        ("dilations", &[1, 1, 1]),
        ("pads", &[-1, 0, 0, 0]),
        ("pads", &[0, 0]),
    ] {
        malformed(
            &pool(vec![window(&[1, 1]), integers(name, list)]),
            &image,
            name,
        );
    }
    let far = pool(vec![window(&[2, 2]), integers("dilations", &[i64::MAX, 1])]);
    malformed(&far, &image, "does not go into");
    let steps = pool(vec![window(&[2, 2]), integers("strides", &[i64::MAX, 1])]);
    assert_eq!(
        Interpreter::compile(&steps, &image).unwrap().output_shape(),
        [1, 2, 1, 3]
    );
    too_large(
        &pool(vec![window(&[i64::MAX; 2])]),
        &image,
        "numbers along a side",
    );

    let conv = |sides: &[usize], attributes, biases: &[usize]| {
        let constant =
            |name, sides: &[usize]| floats(name, sides, &vec![1.0; sides.iter().product()]);
        let weights = vec![constant("w", sides), constant("b", biases)];
        single(&image, "Conv", &["x", "w", "b"], attributes, weights)
    };
    assert!(Interpreter::compile(&conv(&[3, 2, 1, 1], vec![], &[3]), &image).is_ok());
    let groups = |count| vec![integer("group", count)];
    assert!(Interpreter::compile(&conv(&[4, 1, 1, 1], groups(2), &[4]), &image).is_ok());
    for (sides, attributes, biases) in [
        (&[3, 1, 1, 1][..], vec![], 3),
        (&[3, 2, 1], vec![], 3),
        (&[3, 2, 1, 1], vec![], 4),
        (&[3, 1, 1, 1], groups(2), 3),
        (&[4, 1, 1, 1], groups(0), 4),
        (&[4, 1, 1, 1], groups(-2), 4),
        (&[4, 1, 1, 1], groups(i64::MAX), 4),
        (&[4, 0, 1, 1], groups(2), 4),
        (&[3, 2, 1, 1], vec![window(&[2, 1])], 3),
    ] {
        malformed(
            &conv(sides, attributes, &[biases]),
            &image,
            "do not suit [1, 2, 4, 4]",
        );
    }
    malformed(&conv(&[3, 2, 0, 1], vec![], &[3]), &image, "no pixels");
}

/// Small files that ask for much.
#[test]
fn what_would_take_too_much_is_refused() {
    let image = [1, 1, 4, 4];
    let window = |sides: &[i64]| integers("kernel_shape", sides);
    let pool = |attributes| single(&image, "MaxPool", &["x"], attributes, vec![]);
    let pads = |pad| integers("pads", &[pad; 4]);
    too_large(
        &pool(vec![window(&[1, 1]), pads(1 << 22)]),
        &image,
        "numbers",
    );
    too_large(
        &pool(vec![window(&[1, 1]), pads(1 << 24)]),
        &image,
        "its pads",
    );
    too_large(
        &pool(vec![window(&[1, 1]), pads(i64::MAX)]),
        &image,
        "its pads",
    );
    too_large(
        &pool(vec![window(&[1024, 1024]), pads(1024)]),
        &image,
        "products",
    );

    // Outer products.
    let shape = [1, 4096];
    let arrange = |asked: &[i64]| {
        let nodes = vec![
            node("Reshape", &["x", "s"], "down", vec![]),
            node("Add", &["x", "down"], "wide", vec![]),
            node("Reshape", &["wide", "t"], "far", vec![]),
            node("Add", &["far", "x"], "y", vec![]),
        ];
        let weights = vec![whole("s", &[4096, 1]), whole("t", asked)];
        network(&shape, nodes, weights)
    };
    too_large(
        &arrange(&[4096, 4096, 1]),
        &shape,
        "more than 16777216 numbers",
    );

    // Each node takes little, but there are many.
    let rows = [1 << 11, 1 << 11];
    let many = |operator: &str, inputs: fn(&str) -> [&str; 2], count: usize| {
        let mut nodes = Vec::new();
        let mut last = "x".to_owned();
        for i in 0..count {
            let next = if i + 1 == count {
                "y".to_owned()
            } else {
                format!("v{i}")
            };
            let inputs = inputs(&last);
            let inputs = if inputs[1].is_empty() {
                &inputs[..1]
            } else {
                &inputs
            };
            nodes.push(node(operator, inputs, &next, vec![]));
            last = next;
        }
        network(&rows, nodes, vec![])
    };
    too_large(
        &many("Relu", |last| [last, ""], 100),
        &rows,
        "the network would hold",
    );
    too_large(
        &many("MatMul", |last| [last, "x"], 2),
        &rows,
        "more than 268435456 products",
    );

    // Weights for nothing, which only their sides make large.
    for sides in [[0, 1, 1 << 24, 1 << 24], [1 << 20, 0, 1 << 12, 1 << 12]] {
        let weights = vec![floats("w", &sides, &[])];
        let attributes = vec![pads(1 << 23)];
        let conv = single(&image, "Conv", &["x", "w"], attributes, weights);
        assert!(Interpreter::compile(&conv, &image).is_err());
    }
}
