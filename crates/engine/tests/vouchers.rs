//! Vouchers: exact, of no use to whoever attacks with them, and refused when they don't fit.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::sync::Arc;

use common::geometry::{self, Geometry, number, weighted_sum, window};
use common::statistics::{are_alike, assert_fresh, is_uniform};
use num_bigint::BigUint;
use proptest::prelude::*;
use veilcast_card::{CardDigest, QuantizedRecord, Way};
use veilcast_engine::{
    EvaluateError, Evaluator, LayoutError, Session, SessionError, VoucherError, VoucherSecret,
    VoucherSecrets, Vouchers,
};
use veilcast_model::Model;
use veilcast_protocol::{
    BatchId, ByteMatrix, Framing, InferRequest, Inference, IntegerMatrix, IntegerType, Layout,
    Limits, MaskedRequest, MaskedResponse,
};

/// Vouchers as a client gets them.
fn filled(session: &Session, evaluator: &Evaluator, count: usize) -> Vouchers {
    let (drawn, request) = session.draw_vouchers(count).unwrap();
    let answer = evaluator.evaluate(&request).unwrap();
    session.vouchers(drawn, &request, &answer).unwrap()
}

/// The same after a stay in a store.
fn stored(vouchers: Vouchers, outputs: usize) -> Vouchers {
    let count = vouchers.len();
    let kept = vouchers.into_stored();
    let vouchers = Vouchers::from_stored(kept, outputs).unwrap();
    assert_eq!(vouchers.len(), count);
    vouchers
}

/// The request and the answer as they come through the wire.
fn exchanged(evaluator: &Evaluator, request: &MaskedRequest) -> MaskedResponse {
    let body = request.to_binary();
    let framing = Framing::HeaderLength(body.header_length);
    let limits = Limits::new(300, 2000);
    let received = Inference::decode(&body.bytes, framing, &limits).unwrap();
    let Inference::Masked(received) = received else {
        panic!("it is masked")
    };
    assert_eq!(&received, request);
    let json = Inference::decode(&request.to_json(), Framing::Json, &limits).unwrap();
    assert!(matches!(json, Inference::Masked(json) if json.records == request.records));
    let answer = evaluator.evaluate_masked(&received).unwrap();
    let body = answer.to_json();
    assert_eq!(
        MaskedResponse::decode(&body, Framing::Json, &limits).unwrap(),
        answer
    );
    let body = answer.to_binary();
    let framing = Framing::HeaderLength(body.header_length);
    MaskedResponse::decode(&body.bytes, framing, &limits).unwrap()
}

fn predicted(
    evaluator: &Evaluator,
    session: &Session,
    vouchers: Vouchers,
    records: &[QuantizedRecord],
) -> Vec<Vec<i64>> {
    let (request, unmasking) = vouchers.mask(session.card(), records).unwrap();
    unmasking.scores(&exchanged(evaluator, &request)).unwrap()
}

fn check_scores(model: Model, integers: Vec<Vec<u32>>) {
    let records = common::records(model.card(), integers.clone());
    let expected: Vec<Vec<i64>> = (records.iter())
        .map(|record| model.evaluate(record).unwrap())
        .collect();
    let outputs = model.card().outputs();
    let (session, evaluator) = common::sides(model);
    let vouchers = stored(filled(&session, &evaluator, records.len()), outputs);
    assert_eq!(
        predicted(&evaluator, &session, vouchers, &records),
        expected
    );
}

/// More vouchers than a ciphertext holds, so that some fill it partly.
#[test]
fn scores_are_those_of_the_model() {
    let weights = [
        vec![127, -127, 127, -90],
        vec![-127, -127, -127, -127],
        vec![127; 4],
    ];
    let model = common::model(&weights, &[-5000, 17, 9000], 8, 8);
    let group = common::sides(common::model(&weights, &[-5000, 17, 9000], 8, 8))
        .0
        .vouchers_per_group()
        .unwrap();
    assert!((4..40).contains(&group), "{group}");
    let record = |i: u32| vec![255, i % 256, i * 37 % 256, 255 * (i % 2)];
    check_scores(model, (0..2 * group as u32 + 3).map(record).collect());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn scores_are_exact(
        (input_bits, weight_bits) in (1u32..=12, 2u32..=12),
        seeds in prop::collection::vec(prop::collection::vec(any::<u32>(), 5), 1..4),
        records in prop::collection::vec(prop::collection::vec(any::<u32>(), 5), 1..9),
        biases in prop::collection::vec(-100_000i64..100_000, 4),
    ) {
        let most = (1i32 << (weight_bits - 1)) - 1;
        let mut weights: Vec<Vec<i32>> = seeds.iter().map(|row| {
            row.iter().map(|&seed| (seed % (2 * most as u32 + 1)) as i32 - most).collect()
        }).collect();
        for row in &mut weights {
            row[0] = if row[1] < 0 { most } else { -most };
        }
        let model = common::model(&weights, &biases[..weights.len()], input_bits, weight_bits);
        let max = (1u32 << input_bits) - 1;
        let integers = records.iter().map(|record| record.iter().map(|x| x & max).collect()).collect();
        check_scores(model, integers);
    }
}

const FEATURES: usize = 4;
const OUTPUTS: usize = 2;
/// A bin is a value of four bits.
const NIBBLE: usize = 16;

fn heavy(sign: i32) -> (Session, Evaluator) {
    let weights = vec![vec![127 * sign; FEATURES]; OUTPUTS];
    common::sides(common::model(&weights, &[0; OUTPUTS], 8, 8))
}

/// A request for vouchers that somebody makes by hand, each ciphertext holding what they like.
fn by_hand(evaluator: &Evaluator, row: &[BigUint], vouchers: usize) -> InferRequest {
    let key = common::key();
    let key = key.public_key();
    let ciphertexts = common::encrypted(row);
    let bytes = ciphertexts.iter().flat_map(|c| key.encode_ciphertext(c));
    let matrix = ByteMatrix::new([1, row.len()], key.ciphertext_bytes(), bytes.collect()).unwrap();
    common::request(evaluator, Layout::Vouchers, vouchers, matrix)
}

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

#[test]
fn vouchers_that_are_not_for_this_are_refused() {
    let (session, evaluator) = heavy(1);
    let (other, of_other) = common::sides(common::model(&[vec![1, 3, 2, 1]], &[0], 8, 3));
    let record = || common::records(session.card(), [vec![1; FEATURES]]);
    let fill = || filled(&session, &evaluator, 1);

    let refused = filled(&other, &of_other, 1).mask(session.card(), &record());
    assert!(matches!(refused, Err(VoucherError::OtherCard { .. })));
    let refused = fill().mask(session.card(), &[]);
    assert_eq!(refused.unwrap_err(), VoucherError::NoRecords);
    let two = [record(), record()].concat();
    let refused = fill().mask(session.card(), &two);
    assert_eq!(
        refused.unwrap_err(),
        VoucherError::Count {
            records: 2,
            found: 1
        }
    );
    let others = common::records(other.card(), [vec![1; FEATURES]]);
    let refused = fill().mask(session.card(), &others);
    assert!(matches!(refused, Err(VoucherError::Record(_))));

    // Another secret: a service that was started again without one of its own.
    let secrets = |current, older| Arc::new(VoucherSecrets::new(current, older));
    let secret = || VoucherSecret::new([7; 32].into());
    let (_, first) = heavy(1);
    let first = first.with_voucher_secrets(secrets(secret(), vec![]));
    let vouchers = filled(&session, &first, 3);
    let (request, unmasking) = {
        let mut vouchers = vouchers;
        vouchers
            .split_off(1)
            .unwrap()
            .mask(session.card(), &record())
            .unwrap()
    };
    let refused = evaluator.evaluate_masked(&request).unwrap_err();
    assert_eq!(refused, EvaluateError::VoucherSecret(secret().id()));
    // A replica with the same one, and one where it is an older one, answer alike.
    let expected = exchanged(&first, &request);
    let (_, replica) = heavy(1);
    let rotated = secrets(
        VoucherSecret::generate(),
        vec![VoucherSecret::generate(), secret()],
    );
    let replica = replica.with_voucher_secrets(rotated);
    assert_eq!(exchanged(&replica, &request), expected);
    assert_eq!(unmasking.scores(&expected).unwrap(), [[508, 508]]);
    // An answer to another request.
    let other_id = MaskedResponse {
        id: Some("x".into()),
        ..expected.clone()
    };
    assert_eq!(unmasking.scores(&other_id), Err(VoucherError::OtherRequest));
    let other_card = MaskedResponse {
        card_digest: CardDigest::of(b"x"),
        ..expected
    };
    assert_eq!(
        unmasking.scores(&other_card),
        Err(VoucherError::OtherRequest)
    );
}

#[test]
fn masked_records_that_do_not_fit_are_refused() {
    let (session, evaluator) = heavy(1);
    let records = common::records(session.card(), [vec![1; FEATURES]]);
    let (request, _) = filled(&session, &evaluator, 1)
        .mask(session.card(), &records)
        .unwrap();
    let bits = session.card().slot_bits().get();
    let with = |shape: [usize; 2], values: Vec<u64>| MaskedRequest {
        records: IntegerMatrix::new(shape, IntegerType::Uint64, values).unwrap(),
        ..request.clone()
    };
    let refused = evaluator
        .evaluate_masked(&with([1, 3], vec![0; 3]))
        .unwrap_err();
    assert_eq!(
        refused,
        EvaluateError::MaskedFeatures {
            expected: 4,
            found: 3
        }
    );
    let refused = evaluator
        .evaluate_masked(&with([1, 4], vec![0, 0, 0, 1 << bits]))
        .unwrap_err();
    assert_eq!(refused, EvaluateError::MaskedRange { bits });
    assert!(
        evaluator
            .evaluate_masked(&with([1, 4], vec![(1 << bits) - 1; 4]))
            .is_ok()
    );
    let mut many = with([301, 4], vec![0; 1204]);
    many.vouchers = vec![request.vouchers[0]; 301];
    let refused = evaluator.evaluate_masked(&many).unwrap_err();
    assert_eq!(
        refused,
        EvaluateError::TooManyRecords {
            found: 301,
            limit: 300
        }
    );
    let other = MaskedRequest {
        card_digest: CardDigest::of(b"other"),
        ..request.clone()
    };
    let refused = evaluator.evaluate_masked(&other).unwrap_err();
    assert!(matches!(refused, EvaluateError::CardDigest { .. }));
}

#[test]
fn more_vouchers_than_a_request_holds_are_refused() {
    let (session, _) = heavy(1);
    assert_eq!(
        session.draw_vouchers(0).unwrap_err(),
        SessionError::NoRecords
    );
    let limit = session.max_vouchers().unwrap();
    assert_eq!(limit, 300);
    let refused = session.draw_vouchers(301).unwrap_err();
    assert_eq!(refused, SessionError::TooManyVouchers { found: 301, limit });
}

/// The layout of vouchers is none for records: their answer would be unreadable.
#[test]
fn records_are_not_sent_as_vouchers() {
    let (mut session, evaluator) = heavy(1);
    let refused = session.set_layout(Layout::Vouchers).unwrap_err();
    assert_eq!(refused, LayoutError::NotAllowed(Layout::Vouchers));
    let (_, request) = session.draw_vouchers(1).unwrap();
    let answer = evaluator.evaluate(&request).unwrap();
    assert_eq!(
        session.decrypt(&answer).unwrap_err(),
        SessionError::OtherRequest
    );
    let (drawn, request) = session.draw_vouchers(1).unwrap();
    let refused = session.vouchers(drawn, &request, &answer);
    assert!(matches!(refused, Err(SessionError::OtherRequest)));
}

#[test]
fn the_models_owner_decides_about_ways() {
    let weights = [vec![3, 1, 2, 1]];
    for (ways, direct, vouchers) in [
        (vec![Way::Direct], true, false),
        (vec![Way::Vouchers], false, true),
        (vec![Way::Vouchers, Way::Direct], true, true),
    ] {
        let model = || common::model_of_ways(&weights, &[0], 4, 3, ways.clone());
        let card = model().card().clone();
        assert_eq!(card.ways(), ways);
        let session = Session::new(card, common::key()).unwrap();
        let evaluator = Evaluator::new(model(), common::TESTS_ONLY);
        let records = common::records(session.card(), [vec![1; FEATURES]]);
        let encrypted = session.encrypt(&records);
        match direct {
            true => assert!(evaluator.evaluate(&encrypted.unwrap()).is_ok()),
            false => assert_eq!(encrypted.unwrap_err(), SessionError::NotDirect),
        }
        // Whatever a client sends, the service keeps to its card.
        let row = vec![BigUint::from(1u8); FEATURES];
        let refused = evaluator.evaluate(&by_hand(&evaluator, &row, 1)).err();
        let refused = refused.map(|error| matches!(error, EvaluateError::Layout(_)));
        assert_eq!(refused, (!vouchers).then_some(true));
        if vouchers {
            let filled = filled(&session, &evaluator, 1);
            assert_eq!(predicted(&evaluator, &session, filled, &records), [[7]]);
        } else {
            assert!(session.draw_vouchers(1).is_err());
        }
    }
}
