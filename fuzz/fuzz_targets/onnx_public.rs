//! The public part of a hybrid model: a network that a client gets from a service and runs on its records.
//!
//! - It is refused, or runs on every record: it gives as many numbers as the card says, or says what is wrong.
//! - What it computes takes a gigabyte at most, convolutions as much again, and a file as much as it is large.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use veilcast_card::{Card, CardSpec, PublicPart, silence_guarded_panics};
use veilcast_fuzz::memory::{MIB, within};
use veilcast_fuzz::{fixed, seeds};

/// What a network may take, by the first byte.
const SHAPES: [&[usize]; 8] = [
    &[4],
    &[2, 2],
    &[1, 8, 8],
    &[3],
    &[6],
    &[8],
    &[2],
    &[1, 28, 28],
];

/// Fixtures that run on one of these shapes, which one, and how many numbers they give then. Most of them are
/// refused as a private network, since they bend.
const FIXTURES: [(&str, u8, u8); 18] = [
    ("refused/abs", 0, 3),
    ("refused/classifier-without-intercepts", 0, 2),
    ("refused/clip-at-ten", 0, 3),
    ("refused/leakyrelu", 0, 3),
    ("refused/overflows", 0, 3),
    ("refused/product-of-inputs", 0, 3),
    ("../trees/onnx-forest-two", 0, 1),
    ("refused/relu", 0, 3),
    ("refused/round", 0, 3),
    ("refused/softmax-inside", 0, 3),
    ("refused/tanh", 0, 3),
    ("refused/window-of-one-side", 1, 2),
    ("onnx-conv-opset9", 2, 5),
    ("refused/gathers-behind-the-end", 2, 16),
    ("refused/qlinear", 2, 72),
    ("sklearn-linear-regression-float64", 3, 3),
    ("keras-sigmoid-opset15", 4, 1),
    ("keras-rescaling-regression-opset15", 5, 1),
];

fuzz_target!(
    init: {
        silence_guarded_panics();
        seeds::write(made)
    },
    |bytes: &[u8]| -> Corpus {
        match bytes {
            [shape, features, onnx @ ..] if !onnx.is_empty() => check(*shape, *features, onnx),
            _ => return Corpus::Reject,
        }
        Corpus::Keep
    }
);

fn check(shape: u8, features: u8, onnx: &[u8]) {
    let shape = SHAPES[usize::from(shape) % SHAPES.len()];
    let card = card(shape, usize::from(features).max(1), onnx);
    within(64 * onnx.len() + 2560 * MIB, || {
        let columns = card.raw_features();
        let Ok(encoder) = veilcast_onnx::encoder(card, Some(onnx)) else {
            return;
        };
        for number in [0.0, 1.0, -3.5, f64::MAX] {
            if let Ok(record) = encoder.quantize(&vec![number; columns]) {
                assert_eq!(record.values().len(), encoder.card().features());
            }
        }
    });
}

/// Fixtures behind the two bytes that suit them.
fn made() -> Vec<Vec<u8>> {
    let seed = |(name, shape, features): (&str, u8, u8)| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/fixtures/onnx");
        let onnx = std::fs::read(format!("{folder}/{name}.onnx")).expect("the fixture is there");
        [&[shape, features], &onnx[..]].concat()
    };
    FIXTURES.map(seed).to_vec()
}

/// The fields of a card without a public part.
static SPEC: LazyLock<CardSpec> = LazyLock::new(|| {
    let model = fixed::model();
    let mut spec: CardSpec = serde_json::from_slice(model.card_json()).expect("it is a card");
    spec.layouts.features = None;
    spec
});

/// The card that names this file.
fn card(shape: &[usize], features: usize, onnx: &[u8]) -> Card {
    let values: usize = shape.iter().product();
    let mut spec = SPEC.clone();
    spec.input.shape = vec![values];
    spec.input.features = Some((0..values).map(|column| format!("x{column}")).collect());
    let description = "A network for fuzzing.".to_owned();
    let part = PublicPart::of(onnx, shape.to_vec(), features, description);
    spec.public_part = Some(part);
    Card::new(spec).expect("the card is sound")
}
