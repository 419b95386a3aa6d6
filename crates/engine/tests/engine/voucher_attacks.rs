//! Whoever attacks with vouchers learns nothing in advance, and S bits per score afterwards.

use num_bigint::BigUint;
use veilcast_card::QuantizedRecord;
use veilcast_engine::{EvaluateError, Evaluator};
use veilcast_protocol::{
    BatchId, ByteMatrix, InferRequest, IntegerMatrix, IntegerType, Layout, MaskedRequest,
};

use crate::common;
use crate::common::geometry::{self, Geometry, number, weighted_sum, window};
use crate::common::statistics::{are_alike, assert_fresh, is_uniform};
use crate::common::vouchers::{FEATURES, OUTPUTS, by_hand, exchanged, filled, heavy};

/// A bin is a value of four bits.
const NIBBLE: usize = 16;

/// Those of an answer up to near n's highest bits: slots and what is between and above them.
const NIBBLES: usize = (1024 - 60) / 4;

fn nibbles_of(answer: &BigUint) -> Vec<usize> {
    let nibble = |place: u32| window(answer, 4 * place, 4) as usize;
    (0..NIBBLES as u32).map(nibble).collect()
}

fn nibble_samples(evaluator: &Evaluator, request: &InferRequest, count: usize) -> Vec<Vec<usize>> {
    let mut samples = vec![Vec::new(); NIBBLES];
    for _ in 0..count {
        let answers = common::opened(&evaluator.evaluate(request).unwrap());
        assert_eq!(answers.len(), OUTPUTS);
        for (sample, nibble) in samples.iter_mut().zip(nibbles_of(&answers[0][0])) {
            sample.push(nibble);
        }
    }
    samples
}

/// What comes back ahead of time is uniform for opposite weights, and without s and the mask it tells them apart.
#[test]
fn answers_ahead_of_time_are_independent_of_the_weights() {
    const ANSWERS: usize = 400;
    let [(_, heavy), (_, light)] = [1, -1].map(heavy);
    assert_eq!(heavy.card_digest(), light.card_digest(), "one card");
    let secret = common::key();
    let key = secret.public_key();
    let geometry = Geometry::new(heavy.card(), Layout::Vouchers, key.bits());
    let largest = (BigUint::from(1u8) << geometry.slot_bits) - 1u8;
    let slots = 0..geometry.slots;
    let full: BigUint = slots.map(|t| &largest << geometry.slot(t)).sum();
    let request = by_hand(&heavy, &vec![full.clone(); FEATURES], geometry.slots);

    let of_heavy = nibble_samples(&heavy, &request, ANSWERS);
    let of_light = nibble_samples(&light, &request, ANSWERS);
    for (place, (heavy, light)) in of_heavy.iter().zip(&of_light).enumerate() {
        assert_fresh(heavy, NIBBLE, format!("bit {}", 4 * place));
        assert_fresh(light, NIBBLE, format!("bit {}", 4 * place));
        assert!(
            are_alike(heavy, light, NIBBLE),
            "nibble {place}: one distribution"
        );
    }

    let n = geometry::modulus(key);
    let unmasked = |sign: i32| {
        let weights = vec![(127 * sign).into(); FEATURES];
        nibbles_of(&weighted_sum(&weights, &vec![full.clone(); FEATURES], &n))
    };
    let (heavy, light) = (unmasked(1), unmasked(-1));
    let apart = heavy.iter().zip(&light).filter(|(a, b)| a != b).count();
    assert!(apart > heavy.len() / 2, "{apart}");
    assert!(!is_uniform(&vec![heavy[0]; ANSWERS], NIBBLE));
}

/// Numbers far apart, larger than any r may be, of n's size: they read nothing ahead of time.
#[test]
fn numbers_that_are_no_r_read_nothing() {
    const ANSWERS: usize = 200;
    let (_, evaluator) = heavy(1);
    let key = common::key();
    let spread: Vec<BigUint> = (0..FEATURES)
        .map(|i| BigUint::from(1u8) << (200 * i))
        .collect();
    let large = |_| number(&key.public_key().random_plaintext());
    let large: Vec<BigUint> = (0..FEATURES).map(large).collect();
    for (what, row) in [("spread", spread), ("large", large)] {
        let request = by_hand(&evaluator, &row, 1);
        let samples = nibble_samples(&evaluator, &request, ANSWERS);
        for (place, sample) in samples.iter().enumerate() {
            assert_fresh(sample, NIBBLE, format!("{what}, bit {}", 4 * place));
        }
    }
}

/// With what was kept of a voucher and the answer to it, a client has W·e + b + X, where X is the slot of what it sent ahead of
/// time: S bits per score, as if it had sent a record. The mask of a voucher that is used again is the same, so that it gives a
/// second prediction, and no more than that.
#[test]
fn a_voucher_that_is_used_twice_gives_two_predictions() {
    let weights = vec![vec![3, 1, 2, 7, 5, 4], vec![7, 5, 0, 1, 6, 2]];
    let (session, evaluator) = common::sides(common::model(&weights, &[3, 1], 4, 4));
    let records = common::records(
        session.card(),
        [vec![1, 2, 3, 4, 5, 6], vec![15, 0, 7, 1, 0, 9]],
    );
    let [first, second] = records.try_into().unwrap();
    let (request, unmasking) = filled(&session, &evaluator, 1)
        .mask(session.card(), std::slice::from_ref(&first))
        .unwrap();
    let modulo = (1u64 << session.card().slot_bits().get()) - 1;
    let moved = request.records.values().iter().enumerate().map(|(i, e)| {
        let [from, to] = [&first, &second].map(|record| u64::from(record.values()[i]));
        e.wrapping_sub(from).wrapping_add(to) & modulo
    });
    let again = MaskedRequest {
        records: IntegerMatrix::new([1, 6], request.records.datatype(), moved.collect()).unwrap(),
        ..request.clone()
    };
    let score = |record: &QuantizedRecord| -> Vec<i64> {
        let scores = weights.iter().zip([3, 1]).map(|(row, bias)| {
            let products = row.iter().zip(record.values());
            products
                .map(|(&w, &x)| i64::from(w) * i64::from(x))
                .sum::<i64>()
                + bias
        });
        scores.collect()
    };
    let scores = |request| unmasking.scores(&exchanged(&evaluator, request)).unwrap();
    assert_eq!(scores(&request), [score(&first)]);
    assert_eq!(scores(&again), [score(&second)]);
}

/// The same r, sent twice, is answered under different masks: their difference would be worth nothing if it came twice, and all
/// the weights if two different r did.
#[test]
fn the_service_chooses_batches() {
    const ANSWERS: usize = 200;
    let (_, evaluator) = heavy(1);
    let row = vec![BigUint::from(1u8); FEATURES];
    let request = by_hand(&evaluator, &row, 1);
    let bits = evaluator.card().slot_bits().get();
    let mut batches = std::collections::HashSet::new();
    let mut slots = Vec::new();
    for _ in 0..ANSWERS {
        let answer = evaluator.evaluate(&request).unwrap();
        assert!(batches.insert(*answer.vouchers.unwrap().id.as_bytes()));
        slots.push(window(&common::opened(&answer)[0][0], bits - 4, 4) as usize);
    }
    assert_fresh(&slots, NIBBLE, "the highest bits of a");
}

/// What is masked for a batch that a client makes up is masked by numbers that nobody else knows.
#[test]
fn batches_that_a_client_makes_up_tell_nothing() {
    let (session, evaluator) = heavy(1);
    let records = common::records(session.card(), [vec![0; FEATURES]]);
    let (request, _) = filled(&session, &evaluator, 1)
        .mask(session.card(), &records)
        .unwrap();
    let bits = session.card().slot_bits().get();
    let answers = |change: &dyn Fn(&mut MaskedRequest, u32)| -> Vec<usize> {
        let each = (0..400).map(|i| {
            let mut request = MaskedRequest {
                records: IntegerMatrix::new([1, FEATURES], IntegerType::Uint32, vec![0; FEATURES])
                    .unwrap(),
                ..request.clone()
            };
            change(&mut request, i);
            let answer = evaluator.evaluate_masked(&request).unwrap();
            (answer.scores.values()[0] >> (bits - 4)) as usize
        });
        each.collect()
    };
    let of_batches = answers(&|request, i| {
        let mut batch = [0; 16];
        batch[..4].copy_from_slice(&i.to_be_bytes());
        request.vouchers[0].batch = BatchId::from(batch);
    });
    let of_numbers = answers(&|request, i| request.vouchers[0].number = i);
    let of_keys = answers(&|request, i| {
        request.key_fingerprint = veilcast_protocol::KeyFingerprint::of(&i.to_be_bytes());
    });
    for (what, sample) in [
        ("batch", of_batches),
        ("number", of_numbers),
        ("key", of_keys),
    ] {
        assert_fresh(&sample, NIBBLE, what);
    }
    // One and the same voucher has one mask.
    let same = answers(&|_, _| ());
    assert!(same.iter().all(|value| *value == same[0]));
}

#[test]
fn what_is_no_ciphertext_is_refused() {
    let (_, evaluator) = heavy(1);
    let key = common::key();
    let n = geometry::modulus(key.public_key());
    let width = key.public_key().ciphertext_bytes();
    for bad in [BigUint::ZERO, n.clone(), &n * 3u8, &n * &n, &n * &n + 1u8] {
        let mut bytes = bad.to_bytes_be();
        bytes.splice(0..0, vec![0; width - bytes.len()]);
        let matrix = ByteMatrix::new([1, FEATURES], width, bytes.repeat(FEATURES)).unwrap();
        let request = common::request(&evaluator, Layout::Vouchers, 1, matrix);
        let refused = evaluator.evaluate(&request).unwrap_err();
        assert!(
            matches!(refused, EvaluateError::Ciphertext(_)),
            "{refused:?}"
        );
    }
}
