//! The public part of a hybrid model: a network that a client gets from a service and runs on its records.
//!
//! - It is refused, or runs on every record: it gives as many numbers as the card says, or says what is wrong.
//! - What it computes takes a gigabyte at most, convolutions as much again, and a file as much as it is large.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use veilcast_fuzz::fixed;
use veilcast_fuzz::memory::{MIB, within};
use veilcast_model::Encoder;
use veilcast_model::card::{Card, CardSpec, PublicPart};

/// What a network may take, by the first byte: a list of shapes that the fixtures have.
const SHAPES: [&[usize]; 8] = [
    &[2, 2],
    &[4],
    &[6],
    &[1, 28, 28],
    &[1, 8, 8],
    &[3, 16, 16],
    &[16, 16, 3],
    &[1],
];

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let [shape, features, onnx @ ..] = bytes else {
        return Corpus::Reject;
    };
    let shape = SHAPES[usize::from(*shape) % SHAPES.len()];
    let card = card(shape, usize::from(*features).max(1), onnx);
    within(64 * onnx.len() + 2560 * MIB, || {
        let columns = card.raw_features();
        let Ok(encoder) = Encoder::with_public_part(card, onnx) else {
            return;
        };
        for number in [0.0, 1.0, -3.5, f64::MAX] {
            if let Ok(record) = encoder.quantize(&vec![number; columns]) {
                assert_eq!(record.values.len(), encoder.card().features());
            }
        }
    });
    Corpus::Keep
});

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
