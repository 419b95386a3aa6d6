//! An answer's bits outside its slots are uniform, whatever the weights and the record.

use num_bigint::BigUint;
use veilcast_engine::Evaluator;
use veilcast_protocol::{InferRequest, Layout};

use crate::common;
use crate::common::geometry::{self, Geometry, number, window};
use crate::common::statistics::{are_alike, assert_fresh, is_uniform};

const FEATURES: usize = 4;
const OUTPUTS: usize = 2;
/// Bins of an eight-bit window.
const BYTE: usize = 256;
/// Rows of a request.
const ROWS: usize = 250;
/// Answers of each model.
const SAMPLES: usize = 10 * ROWS;

/// All weights as large as they can be, and of one sign.
fn weights(sign: i32) -> Vec<Vec<i32>> {
    vec![vec![127 * sign; FEATURES]; OUTPUTS]
}

fn evaluator(sign: i32) -> Evaluator {
    common::sides(common::model(&weights(sign), &[0; OUTPUTS], 8, 8)).1
}

/// What the windows next to an answer's slots show: the lowest, the middle and the highest byte of
/// each gap and of what lies above.
fn bytes_outside_slots(geometry: &Geometry, n: &BigUint, answer: &BigUint) -> Vec<usize> {
    let byte = |start| window(answer, start, 8) as usize;
    let gaps = geometry.gaps(geometry.slots).into_iter();
    let mut bytes: Vec<usize> = gaps
        .flat_map(|(start, end)| [start, (start + end) / 2, end - 8].map(byte))
        .collect();
    let end = geometry.end(geometry.slots);
    bytes.extend([end, (end + 1024) / 2].map(byte));
    // The highest byte is uniform up to the modulus's shape: a 256th of ⌊n/2^P⌋ is a bin.
    let highest = (answer >> end) * BYTE / (n >> end);
    bytes.push(usize::try_from(highest).unwrap().min(BYTE - 1));
    bytes
}

/// The samples of each window over many answers to one request, whose slots are checked each time.
fn samples(
    evaluator: &Evaluator,
    geometry: &Geometry,
    request: &InferRequest,
    score: i64,
) -> Vec<Vec<usize>> {
    let n = geometry::modulus(common::key().public_key());
    let slot_value = (score + (1 << (geometry.slot_bits - 1))) as u64;
    let mut samples: Vec<Vec<usize>> = Vec::new();
    for _ in 0..SAMPLES / ROWS {
        let answers = common::opened(&evaluator.evaluate(request).unwrap());
        assert_eq!(answers.len(), geometry.answers(OUTPUTS));
        for answer in &answers[0] {
            for slot in 0..geometry.slots {
                let value = window(answer, geometry.slot(slot), geometry.slot_bits);
                assert_eq!(value, slot_value, "slot {slot} never changes");
            }
            let end = geometry.end(geometry.slots);
            assert!(answer >> end < &n >> end, "nothing passes n");
            let bytes = bytes_outside_slots(geometry, &n, answer);
            samples.resize(bytes.len(), Vec::new());
            for (sample, byte) in samples.iter_mut().zip(bytes) {
                sample.push(byte);
            }
        }
    }
    samples
}

fn check(layout: Layout) {
    let [heavy, light] = [1, -1].map(evaluator);
    let secret = common::key();
    let key = secret.public_key();
    let geometry = Geometry::new(heavy.card(), layout, key.bits());
    assert_eq!(heavy.card_digest(), light.card_digest(), "one card");

    // The largest record, so that all that is to be hidden is as large as it can be.
    let input = |group: usize| -> BigUint {
        let features = (0..geometry.k).take(FEATURES - group * geometry.k);
        features
            .map(|j| BigUint::from(255u8) << (geometry.unit as usize * j))
            .sum()
    };
    let inputs: Vec<_> = (0..FEATURES.div_ceil(geometry.k)).map(input).collect();
    let row = common::encrypted(&inputs);
    let request = common::repeated(&heavy, layout, &row, ROWS);

    let score = 4 * 127 * 255;
    let of_heavy = samples(&heavy, &geometry, &request, score);
    let of_light = samples(&light, &geometry, &request, -score);
    let windows = 3 * geometry.gaps(geometry.slots).len() + 3;
    assert_eq!((of_heavy.len(), of_light.len()), (windows, windows));
    for (index, (heavy, light)) in of_heavy.iter().zip(&of_light).enumerate() {
        let what = format!("{layout:?}, window {index}");
        assert_fresh(heavy, BYTE, &what);
        assert_fresh(light, BYTE, &what);
        assert!(are_alike(heavy, light, BYTE), "{what}: one distribution");
    }

    // Without masks each window is the same in all answers, and distinguishes the models.
    let n = geometry::modulus(key);
    let unmasked = |sign| {
        let answer = geometry.unmasked(key, &weights(sign), 0, &row);
        let answer = number(&secret.decrypt(&answer).unwrap());
        bytes_outside_slots(&geometry, &n, &answer)
    };
    let (heavy, light) = (unmasked(1), unmasked(-1));
    for (index, (&heavy, &light)) in heavy.iter().zip(&light).enumerate() {
        let what = format!("{layout:?}, window {index}");
        assert_ne!(heavy, light, "{what}");
        let [heavy, light] = [heavy, light].map(|byte| vec![byte; SAMPLES]);
        assert!(!is_uniform(&heavy, BYTE), "{what}");
        assert!(!are_alike(&heavy, &light, BYTE), "{what}");
    }
}

#[test]
fn several_scores_and_features_a_ciphertext() {
    check(Layout::Features {
        features_per_ciphertext: 2,
        scores_per_answer: 2,
    });
}

#[test]
fn the_most_features_a_ciphertext() {
    check(Layout::Features {
        features_per_ciphertext: 4,
        scores_per_answer: 2,
    });
}

#[test]
fn several_scores_an_answer() {
    check(Layout::Scalar {
        scores_per_answer: 2,
    });
}
