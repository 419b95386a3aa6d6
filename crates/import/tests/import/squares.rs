//! Networks with squares between affine parts: taken apart, they give what the file's network computes.

use std::fs;

use veilcast_card::{Activation, InputKind, QuantizedRecord, RawRecord, Way, chain};
use veilcast_engine::Paillier;
use veilcast_import::{Import, ImportOptions, Split};
use veilcast_model::Model;
use veilcast_onnx::Network;
use veilcast_onnx::pb::{ModelProto, NodeProto, TensorProto};

use crate::common;
use crate::onnx::{bytes, floats, named as node, network, numbers};

fn table() -> ImportOptions {
    ImportOptions {
        kind: Some(InputKind::Array),
        max_change: 1e-3,
        ..ImportOptions::default()
    }
}

fn records(count: usize, features: usize) -> Vec<Vec<f64>> {
    let all = numbers(count * features, 17);
    let records = all.chunks(features);
    records
        .map(|r| r.iter().map(|&x| f64::from(3.0 * x)).collect())
        .collect()
}

fn built(
    model: &ModelProto,
    options: ImportOptions,
    records: &[Vec<f64>],
) -> Result<Model, String> {
    let raw: Vec<RawRecord<'_>> = records.iter().map(RawRecord::from).collect();
    let import = Import::open(&bytes(model), options).map_err(|error| chain(&error))?;
    import
        .build(&raw, &Paillier, &mut |_| {})
        .map_err(|error| chain(&error))
}

/// Checks the float network against the file's, run by tract, and the integers against both.
fn check(model: &Model, file: &ModelProto, records: &[Vec<f64>], name: &str) {
    let features = records[0].len();
    let shape = [1, features];
    let network = Network::compile(file, &shape).unwrap();
    let expected: Vec<Vec<f64>> = records
        .iter()
        .map(|record| network.run(record).unwrap().numbers)
        .collect();
    let largest = expected
        .iter()
        .flatten()
        .fold(0.0, |top: f64, y| top.max(y.abs()));
    assert!(largest > 0.0, "{name}");
    for (record, expected) in records.iter().zip(&expected) {
        let found = model.evaluate_float(record).unwrap();
        let quantized = QuantizedRecord::from_features(model.card(), record).unwrap();
        let scores = model.evaluate(&quantized).unwrap();
        let rounded = model.card().dequantize(&scores).unwrap();
        for ((found, rounded), expected) in found.iter().zip(rounded).zip(expected) {
            assert!(
                (found - expected).abs() < 1e-4 * largest,
                "{name}: {found}, {expected}"
            );
            assert!(
                (rounded - expected).abs() < 0.05 * largest,
                "{name}: {rounded}, {expected}"
            );
        }
    }
    let report = model.report().unwrap().import.as_ref().unwrap();
    assert!(report.deviation < 1e-4, "{name}: {}", report.deviation);
}

/// x·W₀ + b₀, squared in some way, ·W₁ + b₁.
fn one_layer(squaring: Vec<NodeProto>, constants: Vec<TensorProto>) -> ModelProto {
    let mut nodes = vec![node("Gemm", &["x", "w0", "b0"], "h")];
    nodes.extend(squaring);
    nodes.push(node("Gemm", &["s", "w1", "b1"], "y"));
    let mut weights = vec![
        floats("w0", &[4, 6], &numbers(24, 1)),
        floats("b0", &[6], &numbers(6, 2)),
        floats("w1", &[6, 3], &numbers(18, 3)),
        floats("b1", &[3], &numbers(3, 4)),
    ];
    weights.extend(constants);
    network(&[4], nodes, weights)
}

#[test]
fn squares_are_recognised_however_they_are_written() {
    let two = || floats("two", &[], &[2.0]);
    let a = || floats("a", &[1, 6], &[0.5, -1.0, 2.0, 0.25, -0.75, 3.0]);
    let b = || floats("b", &[6], &[1.0, 0.5, 0.0, -2.0, 4.0, -0.125]);
    let c = || floats("c", &[], &[-0.5]);
    let cases: Vec<(&str, Vec<NodeProto>, Vec<TensorProto>, &str)> = vec![
        ("Mul", vec![node("Mul", &["h", "h"], "s")], vec![], "mul-s"),
        (
            "Pow",
            vec![node("Pow", &["h", "two"], "s")],
            vec![two()],
            "pow-s",
        ),
        (
            "a copy",
            vec![node("Identity", &["h"], "g"), node("Mul", &["h", "g"], "s")],
            vec![],
            "mul-s",
        ),
        (
            "a·x² + b·x + c",
            vec![
                node("Mul", &["h", "h"], "hh"),
                node("Mul", &["a", "hh"], "ahh"),
                node("Mul", &["h", "b"], "bh"),
                node("Add", &["ahh", "bh"], "sum"),
                node("Add", &["sum", "c"], "s"),
            ],
            vec![a(), b(), c()],
            // What is added behind is the next part's.
            "add-sum",
        ),
        (
            "x·(a·x + b) + c",
            vec![
                node("Mul", &["a", "h"], "ah"),
                node("Add", &["ah", "b"], "sum"),
                node("Mul", &["sum", "h"], "product"),
                node("Sub", &["product", "c"], "s"),
            ],
            vec![a(), b(), c()],
            "mul-product",
        ),
        (
            "(x + c)² by Pow, scaled",
            vec![
                node("Add", &["h", "c"], "sum"),
                node("Pow", &["sum", "two"], "power"),
                node("Mul", &["power", "a"], "s"),
            ],
            vec![two(), a(), c()],
            "pow-power",
        ),
        (
            "x² − x",
            vec![
                node("Mul", &["h", "h"], "hh"),
                node("Sub", &["hh", "h"], "s"),
            ],
            vec![],
            "sub-s",
        ),
    ];
    let records = records(60, 4);
    for (name, squaring, constants, ended_by) in cases {
        let file = one_layer(squaring, constants);
        let model = built(&file, table(), &records);
        let model = model.unwrap_or_else(|error| panic!("{name}: {error}"));
        let hidden = model.card().hidden().expect(name);
        assert_eq!(hidden.sizes, [6], "{name}");
        assert_eq!(model.card().ways(), Way::DEFAULT);
        check(&model, &file, &records, name);
        let parts = &model.report().unwrap().import.as_ref().unwrap().parts;
        let sizes: Vec<_> = parts
            .iter()
            .map(|part| [part.inputs, part.outputs])
            .collect();
        assert_eq!(sizes, [[4, 6], [6, 3]], "{name}");
        assert_eq!(parts[0].squared_by.as_deref(), Some(ended_by), "{name}");
        assert_eq!(parts[1].squared_by, None);
        assert!(parts[0].operators.contains("Gemm"), "{parts:?}");
    }
}

#[test]
fn squares_at_either_end_and_one_after_another() {
    let records = records(40, 4);
    let weights = || {
        vec![
            floats("w", &[4, 2], &numbers(8, 5)),
            floats("b", &[2], &[0.5, -0.25]),
        ]
    };
    // The inputs are squared; the scores are squares; fourth powers.
    let first = vec![
        node("Mul", &["x", "x"], "s"),
        node("Gemm", &["s", "w", "b"], "y"),
    ];
    let last = vec![
        node("Gemm", &["x", "w", "b"], "h"),
        node("Mul", &["h", "h"], "y"),
    ];
    let twice = vec![
        node("Gemm", &["x", "w", "b"], "h"),
        node("Mul", &["h", "h"], "s"),
        node("Mul", &["s", "s"], "y"),
    ];
    for (name, nodes, sizes) in [
        ("first", first, vec![4]),
        ("last", last, vec![2]),
        ("twice", twice, vec![2, 2]),
    ] {
        let file = network(&[4], nodes, weights());
        let model = built(&file, table(), &records);
        let model = model.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(model.card().hidden().unwrap().sizes, sizes, "{name}");
        check(&model, &file, &records, name);
    }
}

#[test]
fn what_is_not_a_square_is_named() {
    let records = records(40, 4);
    let three = || floats("three", &[], &[3.0]);
    let zeros = || floats("zeros", &[6], &[1.0, 1.0, 0.0, 1.0, 1.0, 1.0]);
    let cases: Vec<(&str, Vec<NodeProto>, Vec<TensorProto>)> = vec![
        ("relu-s", vec![node("Relu", &["h"], "s")], vec![]),
        (
            "pow-s",
            vec![node("Pow", &["h", "three"], "s")],
            vec![three()],
        ),
        ("abs-s", vec![node("Abs", &["h"], "s")], vec![]),
        ("hardswish-s", vec![node("HardSwish", &["h"], "s")], vec![]),
        // A number that isn't squared at all.
        (
            "mul-hh",
            vec![
                node("Mul", &["h", "h"], "hh"),
                node("Mul", &["hh", "zeros"], "some"),
                node("Add", &["some", "h"], "s"),
            ],
            vec![zeros()],
        ),
        // Squares, and then something else.
        (
            "relu-s",
            vec![
                node("Mul", &["h", "h"], "hh"),
                node("Sub", &["hh", "three"], "less"),
                node("Relu", &["less"], "s"),
            ],
            vec![three()],
        ),
    ];
    for (name, squaring, constants) in cases {
        let mut file = one_layer(squaring, constants);
        file.opset_import[0].version = 14;
        let error = built(&file, table(), &records).unwrap_err();
        assert!(error.contains(&format!("{name:?}")), "{name}: {error}");
        assert!(error.contains("affine"), "{name}: {error}");
    }
}

/// What PyTorch computes with a file's network, and the sizes of the layers whose numbers are squared.
#[derive(serde::Deserialize)]
struct ByPyTorch {
    inputs: Vec<Vec<f64>>,
    scores: Vec<Vec<f64>>,
    activation: Activation,
    hidden: Vec<usize>,
}

#[test]
fn networks_of_both_of_pytorch_s_exporters_are_imported() {
    let files = common::onnx_files("onnx/squares");
    assert!(files.len() >= 4, "{files:?}");
    for path in files {
        let name = common::name(&path);
        let json = fs::read(path.with_extension("json")).unwrap();
        let expected: ByPyTorch = serde_json::from_slice(&json).unwrap();
        let raw: Vec<RawRecord<'_>> = expected.inputs.iter().map(RawRecord::from).collect();
        let import = Import::open(&fs::read(&path).unwrap(), table()).unwrap();
        let model = import.build(&raw, &Paillier, &mut |_| {}).unwrap();
        assert_eq!(
            model.card().hidden().unwrap().sizes,
            expected.hidden,
            "{name}"
        );
        assert_eq!(
            model.card().output().activation,
            expected.activation,
            "{name}"
        );
        let largest = expected.scores.iter().flatten();
        let largest = largest.fold(0.0, |top: f64, score| top.max(score.abs()));
        for (record, scores) in expected.inputs.iter().zip(&expected.scores) {
            let quantized = QuantizedRecord::from_features(model.card(), record).unwrap();
            let integers = model.evaluate(&quantized).unwrap();
            let rounded = model.card().dequantize(&integers).unwrap();
            let found = model.evaluate_float(record).unwrap();
            // Of softmax only differences count.
            let shift = match expected.activation {
                Activation::Softmax => scores[0] - found[0],
                _ => 0.0,
            };
            for ((found, rounded), score) in found.iter().zip(&rounded).zip(scores) {
                let (apart, by_rounding) = ((found + shift - score).abs(), (rounded - found).abs());
                assert!(apart < 1e-4 * largest, "{name}: {found} is not {score}");
                // Probabilities are kept, not scores.
                let is_kept = by_rounding < 0.02 * largest || shift != 0.0;
                assert!(is_kept, "{name}: {rounded}, {found}");
            }
            if expected.activation == Activation::Softmax {
                let class = |scores: &[f64]| veilcast_card::argmax(scores);
                assert_eq!(class(&rounded), class(scores), "{name}");
            }
        }
    }
}

#[test]
fn a_head_with_squares_may_follow_a_public_part() {
    let nodes = vec![
        node("Gemm", &["x", "w0", "b0"], "g"),
        node("Relu", &["g"], "r"),
        node("Gemm", &["r", "w2", "b0"], "h"),
        node("Mul", &["h", "h"], "s"),
        node("Gemm", &["s", "w1", "b1"], "y"),
    ];
    let weights = vec![
        floats("w0", &[4, 6], &numbers(24, 1)),
        floats("b0", &[6], &numbers(6, 2)),
        floats("w2", &[6, 6], &numbers(36, 6)),
        floats("w1", &[6, 3], &numbers(18, 3)),
        floats("b1", &[3], &numbers(3, 4)),
    ];
    let file = network(&[4], nodes, weights);
    let options = ImportOptions {
        split: Some(Split::At("relu-r".to_owned())),
        ..table()
    };
    let records = records(50, 4);
    let model = built(&file, options, &records).unwrap();
    assert!(model.card().public_part().is_some());
    assert_eq!(model.card().hidden().unwrap().sizes, [6]);
    let run = Network::compile(&file, &[1, 4]).unwrap();
    for record in &records {
        let features = common::encoder(&model).features(record).unwrap().features;
        let (found, expected) = (
            model.evaluate_float(&features).unwrap(),
            run.run(record).unwrap(),
        );
        for (found, expected) in found.iter().zip(&expected.numbers) {
            assert!((found - expected).abs() < 1e-3, "{found}, {expected}");
        }
    }
}

#[test]
fn more_layers_than_a_card_names_are_refused() {
    let mut nodes = Vec::new();
    for layer in 0..5 {
        let from = if layer == 0 {
            "x".to_owned()
        } else {
            format!("s{}", layer - 1)
        };
        let (h, s) = (format!("h{layer}"), format!("s{layer}"));
        nodes.push(node("Gemm", &[&from, "w"], &h));
        nodes.push(node("Mul", &[&h, &h], &s));
    }
    nodes.push(node("Gemm", &["s4", "w"], "y"));
    let file = network(&[4], nodes, vec![floats("w", &[4, 4], &numbers(16, 9))]);
    let error = built(&file, table(), &records(30, 4)).unwrap_err();
    assert!(
        error.contains("ring") || error.contains("sizes has 5 numbers"),
        "{error}"
    );
}
