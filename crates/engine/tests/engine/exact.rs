//! Decrypted scores equal the reference evaluation, always.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use proptest::prelude::*;
use veilcast_engine::Keys;
use veilcast_protocol::{InferRequest, Layout};

use crate::common;

/// Rows of weights whose largest magnitude is the top of their bits, biases, and records, all of
/// them leaning to the ends of their ranges.
#[derive(Debug, Clone)]
struct Case {
    weights: Vec<Vec<i32>>,
    biases: Vec<i64>,
    input_bits: u32,
    weight_bits: u32,
    records: Vec<Vec<u32>>,
}

fn case() -> impl Strategy<Value = Case> {
    (1usize..6, 1usize..4, 1u32..=16, 2u32..=16, 1usize..4).prop_flat_map(
        |(inputs, outputs, input_bits, weight_bits, records)| {
            let (top, max) = ((1i32 << (weight_bits - 1)) - 1, (1u32 << input_bits) - 1);
            let weight = prop_oneof![
                Just(0),
                Just(1),
                Just(-1),
                Just(top),
                Just(-top),
                -top..=top
            ];
            let row = prop::collection::vec(weight, inputs).prop_map(move |mut row| {
                row[0] = if row[0] < 0 { -top } else { top };
                row
            });
            let bias = prop_oneof![Just(0i64), -100_000i64..100_000];
            let feature = prop_oneof![Just(0), Just(max), 0..=max];
            (
                prop::collection::vec(row, outputs),
                prop::collection::vec(bias, outputs),
                prop::collection::vec(prop::collection::vec(feature, inputs), records),
            )
                .prop_map(move |(weights, biases, records)| Case {
                    weights,
                    biases,
                    input_bits,
                    weight_bits,
                    records,
                })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn encrypted_scores_equal_the_reference(case in case()) {
        let model = common::model(&case.weights, &case.biases, case.input_bits, case.weight_bits);
        let records = common::records(model.card(), case.records);
        let expected: Vec<Vec<i64>> = records.iter().map(|r| model.evaluate(r).unwrap()).collect();
        let (mut session, evaluator) = common::sides(model);
        for layout in common::layouts(&mut session) {
            session.set_layout(layout).unwrap();
            let request = session.encrypt(&records).unwrap();
            let answer = evaluator.evaluate(&request).unwrap();
            let scores = session.decrypt_answer_to(&request, &answer).unwrap();
            prop_assert_eq!(&scores, &expected, "{:?}", layout);
            if session.entries_for(1).is_ok() {
                let entries = common::entries(&session, records.len());
                let request = session.encrypt_seeded(&records, entries).unwrap();
                let answer = evaluator.evaluate(&request).unwrap();
                let scores = session.decrypt_answer_to(&request, &answer).unwrap();
                prop_assert_eq!(&scores, &expected, "{:?}, seeded", layout);
            }
        }
    }
}

/// Every slot is used up to its last value, and so is every sum of garbage.
#[test]
fn scores_at_the_ends_of_the_certified_range_are_exact() {
    // 2·127·255 + 765 = 65,535 = 2¹⁶ − 1.
    let rows = [[127, 127], [-127, -127], [127, -127], [0, 127]];
    let weights: Vec<Vec<i32>> = rows.map(Vec::from).into();
    let model = common::model(&weights, &[765, -765, 0, 0], 8, 8);
    assert_eq!(model.card().slot_bits().get(), 17);
    let records = common::records(model.card(), [[255, 255], [0, 0], [255, 0], [0, 255]]);
    let expected = [
        [65_535, -65_535, 0, 32_385],
        [765, -765, 0, 0],
        [33_150, -33_150, 32_385, 0],
        [33_150, -33_150, -32_385, 32_385],
    ];
    let (mut session, evaluator) = common::sides(model);
    let layouts = common::layouts(&mut session);
    assert!(layouts.len() > 6, "{layouts:?}");
    let mut seeded = 0;
    for layout in layouts {
        session.set_layout(layout).unwrap();
        let full = session.encrypt(&records).unwrap();
        let answer = evaluator.evaluate(&full).unwrap();
        assert_eq!(session.decrypt(&answer).unwrap(), expected, "{layout:?}");
        if session.entries_for(1).is_ok() {
            seeded += 1;
            let entries = common::entries(&session, records.len());
            let request = session.encrypt_seeded(&records, entries).unwrap();
            let answer = evaluator.evaluate(&request).unwrap();
            assert_eq!(session.decrypt(&answer).unwrap(), expected, "{layout:?}");
        }
    }
    assert!(seeded > 4, "{seeded}");
}

/// A request that was refused as too large goes out in parts, with the same ciphertexts.
#[test]
fn parts_of_a_request_have_the_scores_of_the_whole() {
    let model = common::model(&[vec![3, -1], vec![0, 3]], &[5, -5], 4, 3);
    let per_row = 1024 / model.card().slot_bits().get() as usize;
    // Several rows in the layout `records` too, the last of them partly filled.
    let records: Vec<[u32; 2]> = (0..2 * per_row as u32 + 3)
        .map(|i| [i % 16, i * 7 % 16])
        .collect();
    let records = common::records(model.card(), records);
    let expected: Vec<Vec<i64>> = records.iter().map(|r| model.evaluate(r).unwrap()).collect();
    let (mut session, evaluator) = common::sides(model);
    let mut forms = 0;
    for layout in common::layouts(&mut session) {
        session.set_layout(layout).unwrap();
        let full = session.encrypt(&records).unwrap();
        let seeded = session.entries_for(1).is_ok().then(|| {
            let entries = common::entries(&session, records.len());
            session.encrypt_seeded(&records, entries).unwrap()
        });
        for request in [Some(full), seeded].into_iter().flatten() {
            forms += 1;
            let rows = request.upload().rows();
            for most in [1, 2, rows - 1, rows, rows + 1] {
                let most = NonZeroUsize::new(most).unwrap();
                let parts = session.in_parts(&request, most);
                assert_eq!(parts.len(), rows.div_ceil(most.get()), "{layout:?}");
                let sent = |request: &InferRequest| request.upload().tensor().as_bytes().to_vec();
                let all: Vec<_> = parts.iter().map(sent).collect();
                assert_eq!(all.concat(), sent(&request), "nothing is encrypted again");
                let ids: BTreeSet<_> = parts.iter().map(InferRequest::id).collect();
                assert_eq!(ids.len(), parts.len());
                let mut scores = Vec::new();
                for part in &parts {
                    let answer = evaluator.evaluate(part).unwrap();
                    scores.extend(session.decrypt_answer_to(part, &answer).unwrap());
                }
                assert_eq!(scores, expected, "{layout:?} in parts of {most} rows");
            }
        }
    }
    assert!(forms > 6, "{forms}");
}

#[test]
fn groups_of_records_may_be_partly_filled() {
    let model = common::model(&[vec![3, -1], vec![0, 3]], &[5, -5], 4, 3);
    let (mut session, evaluator) = common::sides(model);
    session.set_layout(Layout::Records).unwrap();
    let group = session.records_per_group();
    assert_eq!(group as u32, (1024 - 41) / session.card().slot_bits().get());
    for count in [1, 2, group - 1, group, group + 1, 2 * group] {
        let record = |i: usize| [(i % 16) as u32, (i / 16 % 16) as u32];
        let records = common::records(session.card(), (0..count).map(record));
        let request = session.encrypt(&records).unwrap();
        assert_eq!(request.upload().rows(), count.div_ceil(group));
        let answer = evaluator.evaluate(&request).unwrap();
        let scores = session.decrypt_answer_to(&request, &answer).unwrap();
        let expected = records.iter().map(|x| {
            let [a, b] = [x.values()[0], x.values()[1]].map(i64::from);
            vec![3 * a - b + 5, 3 * b - 5]
        });
        assert_eq!(scores, expected.collect::<Vec<_>>());
    }
}

#[test]
fn outputs_without_weights_and_with_one_are_answered() {
    let (session, evaluator) =
        common::sides(common::model(&[vec![0, 0], vec![1, 0]], &[1, 0], 4, 2));
    let request = session
        .encrypt(&common::records(session.card(), [[9, 3]]))
        .unwrap();
    let answer = evaluator.evaluate(&request).unwrap();
    assert_eq!(session.decrypt(&answer).unwrap(), [[1, 9]]);
}

#[test]
fn randomizers_made_ahead_change_nothing_but_the_time() {
    let (session, evaluator) =
        common::sides(common::model(&[vec![3, -1], vec![0, 3]], &[5, -5], 4, 3));
    let session = session.with_randomizers_ahead(3).unwrap();
    let keys = Keys::new(common::TESTS_ONLY).with_randomizers_ahead(3);
    let evaluator = evaluator.with_keys(Arc::new(keys));
    let mut seen = std::collections::HashSet::new();
    for x in 0..10 {
        let request = session
            .encrypt(&common::records(session.card(), [[x, 15 - x]]))
            .unwrap();
        let answer = evaluator.evaluate(&request).unwrap();
        let x = i64::from(x);
        assert_eq!(
            session.decrypt(&answer).unwrap(),
            [[4 * x - 10, 40 - 3 * x]]
        );
        let sent = request.upload().tensor().iter().chain(answer.scores.iter());
        assert!(
            sent.into_iter().all(|c| seen.insert(c.to_vec())),
            "no ciphertext comes twice"
        );
    }
}
