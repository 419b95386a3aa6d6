//! Networks with squares between affine parts: taken apart, they give what the file's network computes.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

#[path = "../../model/tests/common/mod.rs"]
mod common;
#[path = "common/onnx.rs"]
mod onnx;

use onnx::{bytes, floats, with_int};
use veilcast_card::{
    Activation, InputBits, InputKind, QuantizedRecord, RawRecord, Way, WeightBits, chain,
};
use veilcast_engine::Paillier;
use veilcast_files::idx::Split;
use veilcast_import::Split as Cut;
use veilcast_import::{Import, ImportOptions};
use veilcast_model::Model;
use veilcast_onnx::Network;
use veilcast_onnx::pb::attribute_proto::AttributeType;
use veilcast_onnx::pb::{AttributeProto, ModelProto, NodeProto, TensorProto};

/// A node, named by its operator and its result.
fn node(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
    let mut node = onnx::node(operator, inputs, output);
    node.name = format!("{}-{output}", node.name);
    node
}

/// A network of these nodes, from `x` to `y`.
fn network(shape: &[i64], nodes: Vec<NodeProto>, weights: Vec<TensorProto>) -> ModelProto {
    onnx::network(shape, nodes, weights)
}

/// Numbers between −1 and 1 that look random.
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    let number = |i: usize| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0;
    (0..count)
        .map(|i| number(i) * number(i + 3 * seed + 1))
        .collect()
}

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
            "add-s",
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
            "sub-s",
        ),
        (
            "(x + c)² by Pow, scaled",
            vec![
                node("Add", &["h", "c"], "sum"),
                node("Pow", &["sum", "two"], "power"),
                node("Mul", &["power", "a"], "s"),
            ],
            vec![two(), a(), c()],
            "mul-s",
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
        assert_eq!(model.card().ways(), [Way::Vouchers]);
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
        split: Some(Cut::At("relu-r".to_owned())),
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

fn with_ints(mut node: NodeProto, name: &str, values: &[i64]) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Ints as i32,
        ints: values.to_vec(),
        ..AttributeProto::default()
    });
    node
}

/// The weights of [`crypto_nets`], in its order.
struct Weights {
    kernels: Vec<f32>,
    dense: Vec<f32>,
    last: Vec<f32>,
    pooled: bool,
}

impl Weights {
    fn new(pooled: bool) -> Self {
        let places = if pooled { 36 } else { 169 };
        let times = |by: f32, numbers: Vec<f32>| numbers.iter().map(|x| by * x).collect();
        Self {
            kernels: times(0.3, numbers(5 * 25, 11)),
            dense: times(0.1, numbers(5 * places * 100, 12)),
            last: times(0.5, numbers(100 * 10, 13)),
            pooled,
        }
    }

    /// The network, computed here, loop by loop.
    fn evaluate(&self, image: &[f64]) -> Vec<f64> {
        let at = |row: usize, column: usize| {
            // One row and one column of padding in front.
            let row = row.checked_sub(1).filter(|row| *row < 28);
            let column = column.checked_sub(1).filter(|column| *column < 28);
            row.zip(column)
                .map_or(0.0, |(row, column)| image[28 * row + column])
        };
        let mut squares = Vec::new();
        for kernel in self.kernels.chunks(25) {
            let mut map = vec![0.0; 13 * 13];
            for (place, sum) in map.iter_mut().enumerate() {
                for (index, weight) in kernel.iter().enumerate() {
                    let (row, column) =
                        (2 * (place / 13) + index / 5, 2 * (place % 13) + index % 5);
                    *sum += f64::from(*weight) * at(row, column);
                }
                *sum = (*sum + 0.1) * (*sum + 0.1);
            }
            match self.pooled {
                false => squares.extend(map),
                // Means of 2 × 2, what is left over at the end left out.
                true => squares.extend((0..36).map(|place| {
                    let first = 2 * (place / 6) * 13 + 2 * (place % 6);
                    [0, 1, 13, 14]
                        .iter()
                        .map(|step| map[first + step])
                        .sum::<f64>()
                        / 4.0
                })),
            }
        }
        let product = |values: &[f64], weights: &[f32], outputs: usize| -> Vec<f64> {
            let output = |o: usize| {
                let column = weights.iter().skip(o).step_by(outputs);
                values
                    .iter()
                    .zip(column)
                    .map(|(x, w)| x * f64::from(*w))
                    .sum()
            };
            (0..outputs).map(output).collect()
        };
        let hidden = product(&squares, &self.dense, 100);
        let hidden: Vec<f64> = hidden.iter().map(|h| h * h).collect();
        product(&hidden, &self.last, 10)
    }

    /// CryptoNets' architecture: a convolution of 5 × 5 with steps of 2, squares, perhaps means of 2 × 2, a dense layer of 100,
    /// squares, and one of 10.
    fn file(&self) -> ModelProto {
        let conv = node("Conv", &["x", "kernels", "biases"], "maps");
        let conv = with_ints(with_ints(conv, "strides", &[2, 2]), "pads", &[1, 1, 1, 1]);
        let mut nodes = vec![conv, node("Mul", &["maps", "maps"], "squares")];
        let places = match self.pooled {
            false => 169,
            true => {
                let pool = node("AveragePool", &["squares"], "pooled");
                let pool = with_ints(with_ints(pool, "kernel_shape", &[2, 2]), "strides", &[2, 2]);
                nodes.push(pool);
                36
            }
        };
        let from = if self.pooled { "pooled" } else { "squares" };
        nodes.extend([
            with_int(node("Flatten", &[from], "flat"), "axis", 1),
            node("MatMul", &["flat", "dense"], "hidden"),
            node("Pow", &["hidden", "two"], "powers"),
            node("MatMul", &["powers", "last"], "scores"),
            with_int(node("Softmax", &["scores"], "y"), "axis", 1),
        ]);
        let weights = vec![
            floats("kernels", &[5, 1, 5, 5], &self.kernels),
            floats("biases", &[5], &[0.1; 5]),
            floats("dense", &[5 * places, 100], &self.dense),
            floats("two", &[], &[2.0]),
            floats("last", &[100, 10], &self.last),
        ];
        network(&[1, 28, 28], nodes, weights)
    }
}

#[test]
fn crypto_nets_architecture_is_imported_and_right_on_100_images() {
    let images = common::mnist(Split::Test, 100);
    let records: Vec<Vec<f64>> = images.images().records().collect();
    for pooled in [false, true] {
        let weights = Weights::new(pooled);
        let options = ImportOptions {
            kind: Some(InputKind::Image),
            input_bits: Some(InputBits::of::<4>()),
            // The search is tried once: it takes a while.
            weight_bits: pooled.then_some(WeightBits::of::<8>()),
            tolerance: 0.02,
            ..ImportOptions::default()
        };
        let model = built(&weights.file(), options, &records).unwrap();
        let hidden = model.card().hidden().unwrap();
        let places = if pooled { 36 } else { 169 };
        // Means come after squares: they are of the next part.
        assert_eq!(hidden.sizes, [845, 100]);
        assert!(hidden.ring_bits.get() > 64, "{hidden:?}");
        let parts = &model.report().unwrap().import.as_ref().unwrap().parts;
        let told: Vec<&str> = parts.iter().map(|part| part.operators.as_str()).collect();
        assert!(
            told[0].contains("Conv") && told[1].contains("MatMul"),
            "{told:?}"
        );
        assert_eq!(told[1].contains("AveragePool"), pooled, "{told:?}");
        assert_eq!(model.card().output().activation, Activation::Softmax);
        assert_eq!(weights.dense.len(), 5 * places * 100);

        let argmax = |scores: &[f64]| veilcast_card::argmax(scores);
        let mut agreeing = 0;
        for record in &records {
            let pixels: Vec<f64> = record.iter().map(|x| x / 255.0).collect();
            let features = common::encoder(&model).features(record).unwrap();
            let expected = weights.evaluate(match features.features.iter().any(|x| *x > 1.0) {
                true => record,
                false => &pixels,
            });
            let found = model.evaluate_float(&features.features).unwrap();
            // Scores are centred: all may be shifted alike.
            let shift = found[0] - expected[0];
            let largest = expected.iter().fold(0.0, |top: f64, y| top.max(y.abs()));
            for (found, expected) in found.iter().zip(&expected) {
                // As much as may be shifted depends on the record.
                let apart = (found - expected - shift).abs();
                assert!(apart < 1e-3 * largest, "{found}, {expected}");
            }
            let quantized = common::encoder(&model).round(&features).unwrap();
            let class = model.predict(&quantized).unwrap().class().unwrap().index;
            agreeing += usize::from(class == argmax(&expected));
        }
        assert!(agreeing >= 98, "{agreeing} of 100");
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
