//! CryptoNets' architecture, with weights that look random: imported with all of them private.

use veilcast_card::{Activation, InputBits, InputKind, RawRecord, WeightBits};
use veilcast_engine::Paillier;
use veilcast_files::idx::Split;
use veilcast_import::{Import, ImportOptions};
use veilcast_model::Model;
use veilcast_onnx::pb::ModelProto;

use crate::common;
use crate::onnx::{bytes, floats, named as node, network, numbers, with_int, with_ints};

fn built(model: &ModelProto, options: ImportOptions, records: &[Vec<f64>]) -> Model {
    let raw: Vec<RawRecord<'_>> = records.iter().map(RawRecord::from).collect();
    let import = Import::open(&bytes(model), options).unwrap();
    import.build(&raw, &Paillier, &mut |_| {}).unwrap()
}

/// The weights of CryptoNets' architecture, in its order.
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
        let model = built(&weights.file(), options, &records);
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
