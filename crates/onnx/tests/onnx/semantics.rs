//! What a record becomes, where ONNX leaves a corner that matters.

use veilcast_onnx::Interpreter;
use veilcast_onnx::pb::{AttributeProto, ModelProto};

use crate::common;
use crate::common::{float, floats, integer, integers, network, node, repository, single, whole};

/// What `y` is of a record.
fn run(model: &ModelProto, shape: &[usize], values: &[f64]) -> Vec<f64> {
    let interpreter = Interpreter::compile(model, shape).unwrap();
    interpreter.run(values).unwrap().numbers
}

#[test]
fn an_interpreter_is_shared_by_threads() {
    fn is_shared<T: Send + Sync + Clone + std::fmt::Debug + 'static>() {}
    is_shared::<Interpreter>();
    let file = common::read(&repository("models/digits-hybrid/public.onnx"));
    let network = Interpreter::compile(&file, &[1, 1, 28, 28]).unwrap();
    let record = vec![0.5; 784];
    let expected = network.run(&record).unwrap();
    let threads = (0..2).map(|_| {
        let (network, record) = (network.clone(), record.clone());
        std::thread::spawn(move || network.run(&record).unwrap())
    });
    for thread in threads.collect::<Vec<_>>() {
        assert_eq!(thread.join().unwrap(), expected);
    }
    assert_eq!(network.shape(), [1, 1, 28, 28]);
    assert_eq!(network.output_shape(), [1, 64]);
    // Of its weights nothing is shown.
    assert!(format!("{network:?}").len() < 100, "{network:?}");
}

/// A record gives the same bits alone and among others.
#[test]
fn records_do_not_touch_each_other() {
    let file = common::read(&repository("models/digits-hybrid/public.onnx"));
    let alone = Interpreter::compile(&file, &[1, 1, 28, 28]).unwrap();
    let together = Interpreter::compile(&file, &[5, 1, 28, 28]).unwrap();
    let values: Vec<f64> = (0..5 * 784).map(|i| f64::from(i % 997) / 997.0).collect();
    let found = together.run(&values).unwrap();
    assert_eq!(found.shape, [5, 64]);
    for (record, found) in values.chunks(784).zip(found.numbers.chunks(64)) {
        assert_eq!(alone.run(record).unwrap().numbers, found);
    }
}

#[test]
fn values_are_rounded_to_32_bits_first() {
    let same = single(&[1], "Identity", &["x"], vec![], vec![]);
    assert_eq!(run(&same, &[1], &[0.1]), [f64::from(0.1_f32)]);
    assert_eq!(run(&same, &[1], &[1e300]), [f64::INFINITY]);
}

#[test]
fn what_is_no_number_stays_so() {
    let shape = [1, 1, 1, 4];
    let values = [f64::NAN, -1.0, 2.0, f64::NEG_INFINITY];
    let limits = || vec![floats("low", &[], &[-3.0]), floats("high", &[], &[1.0])];
    let window = || integers("kernel_shape", &[1, 2]);
    let far = || vec![floats("zero", &[], &[0.0])];
    for (model, expected) in [
        (
            single(&shape, "Relu", &["x"], vec![], vec![]),
            vec![f64::NAN, 0.0, 2.0, 0.0],
        ),
        (
            single(&shape, "Clip", &["x", "low", "high"], vec![], limits()),
            vec![f64::NAN, -1.0, 1.0, -3.0],
        ),
        (
            single(&shape, "Clip", &["x"], vec![float("min", f32::NAN)], vec![]),
            vec![f64::NAN; 4],
        ),
        (
            single(&shape, "MaxPool", &["x"], vec![window()], vec![]),
            vec![f64::NAN, 2.0, 2.0],
        ),
        (
            single(&shape, "AveragePool", &["x"], vec![window()], vec![]),
            vec![f64::NAN, 0.5, f64::NEG_INFINITY],
        ),
        (
            single(&shape, "Div", &["x", "zero"], vec![], far()),
            vec![
                f64::NAN,
                f64::NEG_INFINITY,
                f64::INFINITY,
                f64::NEG_INFINITY,
            ],
        ),
    ] {
        let found = run(&model, &shape, &values);
        let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
        let fits = found.len() == expected.len() && found.iter().zip(&expected).all(same);
        assert!(fits, "{found:?} {expected:?}: {model:#?}");
    }
}

#[test]
fn limits_that_cross_give_the_upper_one() {
    let limits = vec![floats("low", &[1], &[2.0]), floats("high", &[1, 1], &[1.0])];
    let clip = single(&[3], "Clip", &["x", "low", "high"], vec![], limits);
    assert_eq!(run(&clip, &[3], &[0.0, 1.5, 9.0]), [1.0; 3]);
}

#[test]
fn limits_may_be_computed() {
    let nodes = vec![
        node(
            "MaxPool",
            &["x"],
            "most",
            vec![integers("kernel_shape", &[1, 3])],
        ),
        node("Mul", &["most", "half"], "high", vec![]),
        node("Clip", &["x", "", "high"], "y", vec![]),
    ];
    let shape = [1, 1, 1, 3];
    let clip = network(&shape, nodes, vec![floats("half", &[], &[0.5])]);
    assert_eq!(run(&clip, &shape, &[1.0, 5.0, 8.0]), [1.0, 4.0, 4.0]);
}

#[test]
fn windows_may_see_nothing_but_padding() {
    let shape = [1, 1, 1, 1];
    let attributes = |more: Vec<AttributeProto>| {
        let mut attributes = vec![
            integers("kernel_shape", &[1, 1]),
            integers("pads", &[0, 1, 0, 1]),
        ];
        attributes.extend(more);
        attributes
    };
    let maximum = single(&shape, "MaxPool", &["x"], attributes(vec![]), vec![]);
    let most = run(&maximum, &shape, &[3.0]);
    assert_eq!(most, [f64::NEG_INFINITY, 3.0, f64::NEG_INFINITY]);
    let mean = single(&shape, "AveragePool", &["x"], attributes(vec![]), vec![]);
    let mean = run(&mean, &shape, &[3.0]);
    assert!(
        mean[0].is_nan() && mean[1] == 3.0 && mean[2].is_nan(),
        "{mean:?}"
    );
    let counted = attributes(vec![integer("count_include_pad", 1)]);
    let mean = single(&shape, "AveragePool", &["x"], counted, vec![]);
    assert_eq!(run(&mean, &shape, &[3.0]), [0.0, 3.0, 0.0]);
}

#[test]
fn values_are_kept_as_long_as_they_are_taken() {
    let nodes = vec![
        node("Relu", &["x"], "a", vec![]),
        node("Add", &["a", "x"], "b", vec![]),
        node("Identity", &["a"], "c", vec![]),
        node("Sigmoid", &["b"], "unused", vec![]),
        node("Mul", &["b", "b"], "d", vec![]),
        node("Sub", &["d", "c"], "y", vec![]),
        node("Sub", &["y", "x"], "unused too", vec![]),
    ];
    let chain = network(&[2], nodes, vec![]);
    let interpreter = Interpreter::compile(&chain, &[2]).unwrap();
    for _ in 0..2 {
        let found = interpreter.run(&[3.0, -2.0]).unwrap();
        assert_eq!((found.numbers, found.shape), (vec![33.0, 4.0], vec![2]));
    }
}

#[test]
fn outputs_may_be_the_input_or_a_constant() {
    let mut same = network(&[2], vec![], vec![floats("w", &[3], &[1.0, 2.0, 3.0])]);
    same.graph.as_mut().unwrap().output[0].name = "x".to_owned();
    assert_eq!(run(&same, &[2], &[4.0, 5.0]), [4.0, 5.0]);
    same.graph.as_mut().unwrap().output[0].name = "w".to_owned();
    assert_eq!(run(&same, &[2], &[4.0, 5.0]), [1.0, 2.0, 3.0]);
}

/// Tensors without numbers go through as ONNX says.
#[test]
fn sides_may_be_empty() {
    let empty = [0, 3];
    let weights = || vec![floats("w", &[3, 2], &[1.0; 6])];
    let found = single(&empty, "MatMul", &["x", "w"], vec![], weights());
    let found = Interpreter::compile(&found, &empty).unwrap();
    assert_eq!(found.output_shape(), [0, 2]);
    assert_eq!(found.run(&[]).unwrap().numbers, [0.0; 0]);

    let nothing = [2, 0];
    let sums = single(
        &nothing,
        "MatMul",
        &["x", "w"],
        vec![],
        vec![floats("w", &[0, 9], &[])],
    );
    assert_eq!(run(&sums, &nothing, &[]), [0.0; 18]);
    let joined = single(
        &nothing,
        "Add",
        &["x", "w"],
        vec![],
        vec![floats("w", &[1], &[1.0])],
    );
    assert_eq!(run(&joined, &nothing, &[]), [0.0; 0]);
    let literal = vec![integer("allowzero", 1)];
    let shape = vec![whole("s", &[0, 5])];
    let arranged = single(&nothing, "Reshape", &["x", "s"], literal, shape);
    let arranged = Interpreter::compile(&arranged, &nothing).unwrap();
    assert_eq!(arranged.output_shape(), [0, 5]);

    let image = [1, 0, 2, 2];
    let weights = vec![
        floats("w", &[2, 0, 1, 1], &[]),
        floats("b", &[2], &[1.0, 2.0]),
    ];
    let conv = single(&image, "Conv", &["x", "w", "b"], vec![], weights);
    assert_eq!(
        run(&conv, &image, &[]),
        [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]
    );
    let weights = vec![floats("w", &[0, 0, 1, 1], &[])];
    let groups = vec![integer("group", i64::MAX)];
    let conv = single(&image, "Conv", &["x", "w"], groups, weights);
    assert_eq!(run(&conv, &image, &[]), [0.0; 0]);
    let window = vec![integers("kernel_shape", &[1, 1]), integers("pads", &[1; 4])];
    let padded = [1, 1, 0, 0];
    let pool = single(&padded, "MaxPool", &["x"], window, vec![]);
    assert_eq!(run(&pool, &padded, &[]), [f64::NEG_INFINITY; 4]);
}
