//! Vouchers: exact, of no use to whoever attacks with them, and refused when they don't fit.

use std::sync::Arc;

use num_bigint::BigUint;
use proptest::prelude::*;
use veilcast_card::{Card, CardDigest, QuantizedRecord, Way};
use veilcast_engine::{
    EvaluateError, Evaluator, LayoutError, Session, SessionError, VoucherError, VoucherSecret,
    VoucherSecrets, Vouchers,
};
use veilcast_model::Model;
use veilcast_protocol::{IntegerMatrix, IntegerType, Layout, MaskedRequest, MaskedResponse};

use crate::common;
use crate::common::vouchers::{FEATURES, by_hand, exchanged, filled, heavy};

/// The same after a stay in a store.
fn stored(vouchers: Vouchers, card: &Card) -> Vouchers {
    let count = vouchers.len();
    let kept = vouchers.into_stored();
    let vouchers = Vouchers::from_stored(kept, card).unwrap();
    assert_eq!(vouchers.len(), count);
    vouchers
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
    let (session, evaluator) = common::sides(model);
    let filled = filled(&session, &evaluator, records.len());
    let vouchers = stored(filled, session.card());
    assert_eq!(
        predicted(&evaluator, &session, vouchers, &records),
        expected
    );
}

/// More vouchers than a ciphertext holds, so that some fill it partly.
#[test]
fn scores_are_those_of_the_model() {
    let (session, _) = common::sides(common::heaviest());
    let group = session.vouchers_per_group().unwrap();
    assert!((4..40).contains(&group), "{group}");
    let records = common::heavy_records(2 * group as u32 + 3);
    check_scores(common::heaviest(), records);
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
