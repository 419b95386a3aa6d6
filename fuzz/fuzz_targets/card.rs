//! Public cards, as a client gets them from a service, and all that it does with one.
//!
//! - A card that is read is the same when its fields are written and read again.
//! - A card needs no further checks: records are quantised, layouts planned and scores turned into
//!   predictions without a panic, and probabilities are numbers from 0 to 1.
//! - Memory is in proportion to the card.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilcast_card::{Card, CardSpec, Cell, Prediction, RawRecord};
use veilcast_card::{Encoder, EncoderError};
use veilcast_engine::Planner;
use veilcast_fuzz::memory::{MIB, within};

fuzz_target!(|json: &[u8]| {
    let Ok(card) = within(64 * json.len() + MIB, || Card::parse(json)) else {
        return;
    };
    assert_eq!(card.json(), json);
    let spec: CardSpec = serde_json::from_slice(json).expect("it has been read");
    let own = Card::new(spec).expect("it has been checked");
    let again = Card::parse(own.json()).expect("it has been written");
    assert_eq!(again, own);
    let size = card.raw_features() + card.features() + card.outputs();
    within(4096 * size + 8 * MIB, || {
        encode(&card);
        plan(&card);
        predict(&card);
    });
});

/// Records of the smallest and the largest numbers, of known and unknown texts, and of gaps.
fn encode(card: &Card) {
    let encoder = match Encoder::new(card.clone()) {
        Ok(encoder) => encoder,
        Err(EncoderError::NoPublicPart { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    let (most, columns) = (card.quantization().max(), card.raw_features());
    for number in [0.0, -0.0, 1.0, 255.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE] {
        let cells: Vec<Cell> = (0..columns)
            .map(|column| {
                let name = card.feature_name(column);
                match card.input().preprocessing.categories(&name) {
                    Some((known, _)) => Cell::Text(known[0].clone()),
                    None => Cell::Number(number),
                }
            })
            .collect();
        let Ok(quantized) = encoder.quantize(&cells[..]) else {
            continue;
        };
        assert_eq!(quantized.values().len(), card.features());
        assert!(quantized.values().iter().all(|&value| value <= most));
    }
    for cell in [Cell::Missing, Cell::Text("none of them".to_owned())] {
        let _ = encoder.quantize(RawRecord::from(vec![cell; columns]));
    }
    let _ = encoder.quantize(&[f64::NAN][..]);
}

/// Layouts for keys and records of the smallest and the largest sizes.
fn plan(card: &Card) {
    for (key_bits, records) in [(1024, 1), (2048, 1000), (4096, 1 << 32)] {
        let planner = Planner::new(card, key_bits);
        let candidates = planner.candidates(records);
        for candidate in &candidates {
            assert!(candidate.requests >= 1);
            assert!(candidate.total().is_finite());
        }
        let best = planner.best(records, usize::MAX).ok();
        assert_eq!(best.as_ref(), candidates.first());
    }
    assert!(Planner::new(card, 2048).candidates(0).is_empty());
}

/// Scores at the bounds, and beyond them.
fn predict(card: &Card) {
    let outputs = card.outputs();
    let scores = |score: fn(i64, i64) -> i64| -> Vec<i64> {
        (0..outputs)
            .map(|output| score(output as i64, card.largest_score(output) as i64))
            .collect()
    };
    for within in [
        scores(|_, _| 0),
        scores(|_, most| most),
        scores(|_, most| -most),
        scores(|output, most| if output % 2 == 0 { most } else { -most }),
    ] {
        match card.predict(&within).expect("they lie within the bounds") {
            Prediction::Class(class) => {
                assert!(class.index < card.output().labels.len());
                for probability in class.probabilities.iter().flatten() {
                    assert!((0.0..=1.0).contains(probability), "{probability}");
                }
            }
            Prediction::Quantities(values) => assert_eq!(values.len(), outputs),
        }
    }
    assert!(card.predict(&scores(|_, most| most + 1)).is_err());
    assert!(card.predict(&scores(|_, _| i64::MIN)).is_err());
}
