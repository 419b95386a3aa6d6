//! ONNX files, as a model owner imports them from anyone.
//!
//! - A file is refused with what is wrong with it, or a model is made, whole or in two parts.
//! - The public part that an import makes is one that clients take.
//! - What it computes takes a gigabyte at most, convolutions as much again, and a file as much as it is large.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilcast_card::{Cell, Input, InputBits, RawRecord, WeightBits, silence_guarded_panics};
use veilcast_engine::Paillier;
use veilcast_fuzz::memory::{MIB, within};
use veilcast_import::{Import, ImportOptions, Split};

/// Most columns of a network that is run: an affine one is run once for each.
const MAX_COLUMNS: usize = 64;

fuzz_target!(init: silence_guarded_panics(), |onnx: &[u8]| {
    within(64 * onnx.len() + 2560 * MIB, || import(onnx));
});

fn import(onnx: &[u8]) {
    let options = ImportOptions {
        // One of both, since either takes most of a second.
        split: onnx.len().is_multiple_of(2).then_some(Split::Auto),
        // Given, so that no time goes into looking for them.
        input_bits: Some(InputBits::of::<8>()),
        weight_bits: Some(WeightBits::of::<8>()),
        ..ImportOptions::default()
    };
    let Ok(import) = Import::open(onnx, options) else {
        return;
    };
    if import.input().raw_features() > MAX_COLUMNS {
        return;
    }
    let records = [0.25, 1.0, 3.0].map(|number| record(import.input(), number));
    let records: Vec<RawRecord<'_>> = records.iter().map(|r| r[..].into()).collect();
    if let Ok(model) = import.build(&records, &Paillier, &mut |_| {}) {
        let encoder = veilcast_onnx::encoder(model.card().clone(), model.public_part());
        let encoder = encoder.expect("clients take the public part");
        let _ = encoder.encode(&records);
    }
}

fn record(input: &Input, number: f64) -> Vec<Cell> {
    let cell = |column| {
        let name = input.feature_name(column);
        match input.preprocessing.categories(&name) {
            Some((known, _)) => Cell::Text(known[0].clone()),
            None => Cell::Number(number),
        }
    };
    (0..input.raw_features()).map(cell).collect()
}
