//! The planner's predictions against real messages, and its choices.

use std::path::Path;

use proptest::prelude::*;
use veilcast_card::{Card, QuantizedRecord, SlotBits, Way};
use veilcast_engine::planner::{Candidate, Costs, CostsError, Seconds};
use veilcast_engine::{LayoutError, Paillier, Planner};
use veilcast_model::{Model, Scheme as _};
use veilcast_protocol::{ContentDigest, InferResponse, Layout};

use crate::common;

const KEY_BITS: u32 = 1024;

/// Weights that differ, and whose largest magnitude in each row is 15.
fn model(features: usize, outputs: usize) -> Model {
    let row = |output: usize| {
        let weight = |feature: usize| (7 * feature + 3 * output) as i32 % 31 - 15;
        let mut row: Vec<i32> = (0..features).map(weight).collect();
        row[0] = 15;
        row
    };
    let weights: Vec<Vec<i32>> = (0..outputs).map(row).collect();
    common::model(&weights, &vec![5; outputs], 8, 5)
}

/// The digit model of the repository.
fn digits() -> Model {
    Model::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/digits")).unwrap()
}

/// The upload's bytes and the answer's, in reality.
fn real_bytes(model: &Model, candidate: &Candidate, records: usize) -> [usize; 2] {
    let (mut session, evaluator) = common::sides(model.clone());
    session.set_layout(candidate.layout).unwrap();
    assert!(session.max_records() >= records);
    let features = model.card().features();
    let integers = (0..records).map(|record| -> Vec<u32> {
        (0..features)
            .map(|i| (31 * record + i) as u32 % 256)
            .collect()
    });
    let records = common::records(model.card(), integers);
    let request = if candidate.is_seeded {
        assert_eq!(
            session.entries_for(records.len()),
            Ok(candidate.ciphertexts_up)
        );
        let entries = common::entries(&session, records.len());
        session.encrypt_seeded(&records, entries).unwrap()
    } else {
        let request = session.encrypt(&records).unwrap();
        assert_eq!(request.upload().tensor().len(), candidate.ciphertexts_up);
        request
    };
    let answer = evaluator.evaluate(&request).unwrap();
    assert_eq!(answer.scores.len(), candidate.ciphertexts_down);
    let scores = session.decrypt_answer_to(&request, &answer).unwrap();
    for (record, scores) in records.iter().zip(scores) {
        assert_eq!(scores, model.evaluate(record).unwrap());
    }
    // As between a service that knows the key and its client.
    let request = request.to_binary_without_proof().bytes;
    let answer = InferResponse {
        request_digest: Some(ContentDigest::of(&request)),
        vouchers: None,
        ..answer
    };
    [request.len(), answer.to_binary().bytes.len()]
}

#[test]
fn bytes_are_predicted_within_one_percent() {
    let model = model(24, 5);
    let planner = Planner::of_model(&model, KEY_BITS);
    let mut seen = [0, 0];
    for records in [1, 2, 70] {
        for candidate in planner.candidates(records) {
            // Many records in every layout would take long.
            let is_small = candidate.ciphertexts_up <= 200;
            if !is_small {
                continue;
            }
            seen[usize::from(candidate.is_seeded)] += 1;
            assert_eq!(candidate.requests, 1);
            let predicted = [candidate.bytes_up, candidate.bytes_down];
            let real = real_bytes(&model, &candidate, records);
            for (predicted, real) in predicted.into_iter().zip(real) {
                let off = predicted.abs_diff(real);
                assert!(100 * off <= real, "{predicted} for {real}: {candidate:?}");
            }
        }
    }
    assert!(seen[0] > 10 && seen[1] > 10, "{seen:?}");
}

#[test]
fn several_requests_are_predicted_where_one_can_not_hold_the_records() {
    let model = model(24, 5);
    let planner = Planner::of_model(&model, KEY_BITS);
    let most = model.card().limits().max_ciphertexts as usize / 24;
    let of = |records| planner.candidate(Layout::SCALAR, false, records).unwrap();
    let (full, two) = (of(most), of(most + 1));
    assert_eq!(full.requests, 1);
    assert_eq!((two.requests, two.ciphertexts_up), (2, (most + 1) * 24));
    assert_eq!(two.bytes_up, full.bytes_up + of(1).bytes_up);
    let three = of(2 * most + 8);
    assert_eq!(three.bytes_down, 2 * full.bytes_down + of(8).bytes_down);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the planner offers, a session and a service accept, and the scores are right.
    #[test]
    fn the_best_candidates_work(
        features in 1usize..30,
        outputs in 1usize..7,
        records in 1usize..40,
        entries in prop_oneof![Just(0), Just(usize::MAX)],
    ) {
        let model = model(features, outputs);
        let planner = Planner::new(model.card(), KEY_BITS);
        let best = planner.best(records, entries).unwrap();
        prop_assert!(!best.is_seeded || entries > 0);
        let at_once = records.div_ceil(best.requests);
        let candidate = planner.candidate(best.layout, best.is_seeded, at_once).unwrap();
        real_bytes(&model, &candidate, at_once);
    }

    /// More records never take less time in all, nor more time each when there are twice or three
    /// times as many.
    #[test]
    fn more_records_are_never_dearer(records in 1usize..2000, times in 2usize..4, more in 1usize..100) {
        let model = digits();
        let planner = Planner::of_model(&model, 2048);
        let total = |records| planner.best(records, 0).unwrap().total();
        prop_assert!(total(records + more) >= total(records));
        // Groups of randomisers may be filled less well in other requests.
        prop_assert!(total(times * records) <= times as f64 * total(records) * 1.02);
    }
}

#[test]
fn candidates_come_best_first_and_the_best_can_be_afforded() {
    let model = digits();
    for key_bits in [2048, 3072, 4096] {
        let planner = Planner::of_model(&model, key_bits);
        let candidates = planner.candidates(1);
        assert!(candidates.is_sorted_by(|a, b| a.total() <= b.total()));
        let seeded = candidates
            .iter()
            .find(|candidate| candidate.is_seeded)
            .unwrap();
        let full = candidates
            .iter()
            .find(|candidate| !candidate.is_seeded)
            .unwrap();
        assert_eq!(planner.best(1, 0).unwrap(), *full);
        // Entries for the best seeded upload, and one too few for any.
        let best = planner.best(1, seeded.ciphertexts_up).unwrap();
        assert!(best.total() <= full.total());
        assert_eq!(planner.best(1, 1).unwrap(), *full);
        assert_eq!(planner.best(1, usize::MAX).unwrap(), candidates[0]);
    }
}

#[test]
fn the_digit_model_is_served_as_one_would_expect() {
    let model = digits();
    for kernel in ["avx512-ifma", "avx2", "adx", "portable"] {
        for key_bits in [2048, 3072, 4096] {
            let costs = Costs::with_kernel(kernel, key_bits);
            let planner = Planner::of_model(&model, key_bits).with_costs(&costs);
            let layout = |records, entries| {
                let best = planner.best(records, entries).unwrap();
                (best.layout.name(), best.is_seeded)
            };
            assert_eq!(layout(1, 0), ("features", false), "{kernel}, {key_bits}");
            assert!(layout(1, 784).1, "{kernel}, {key_bits}");
            assert_eq!(layout(1000, 0), ("records", false), "{kernel}, {key_bits}");
            // Over a slow link fewer bytes count more than the service's time.
            let usual = planner.best(1, 0).unwrap();
            let slow = Costs {
                link_bytes_per_second: 1e4,
                ..costs
            };
            let best = planner.clone().with_costs(&slow).best(1, 0).unwrap();
            assert!(best.bytes_up + best.bytes_down <= usual.bytes_up + usual.bytes_down);
        }
    }
}

/// A client's estimate of the products, which it can't know, is good enough to choose by.
#[test]
fn choices_by_the_card_alone_cost_little_more_than_those_by_the_model() {
    let model = digits();
    for records in [1, 10, 1000] {
        let exact = Planner::of_model(&model, 3072);
        let guess = Planner::new(model.card(), 3072).best(records, 0).unwrap();
        let chosen = exact.candidate(guess.layout, false, records).unwrap();
        let best = exact.best(records, 0).unwrap();
        assert!(chosen.total() <= 1.1 * best.total(), "{chosen:?} {best:?}");
    }
}

#[test]
fn what_can_not_be_sent_is_refused() {
    let model = model(24, 5);
    let planner = Planner::of_model(&model, KEY_BITS);
    assert_eq!(planner.candidates(0), []);
    let limit = |ciphertexts: u32| format!("\"max_ciphertexts\": {ciphertexts}");
    let json = String::from_utf8(model.card_json().to_vec()).unwrap();
    let card = json.replace(&limit(model.card().limits().max_ciphertexts), &limit(5));
    let card = Card::parse(card.as_bytes()).unwrap();
    // 24 features with at most 4 per ciphertext are at least 6 ciphertexts.
    let refused = Planner::new(&card, KEY_BITS).best(1, usize::MAX);
    assert_eq!(refused, Err(LayoutError::NoneFits(KEY_BITS)));
}

#[test]
fn costs_of_one_size_say_what_others_take() {
    let usual = Costs::built_in(2048);
    let doubled = |seconds: f64| 2.0 * seconds;
    let slow = Costs {
        seconds: Seconds {
            product: doubled(usual.seconds.product),
            randomizers: usual.seconds.randomizers.map(doubled),
            ..usual.seconds
        },
        ..usual
    };
    let (slow, usual) = (slow.for_key_bits(3072), Costs::built_in(3072));
    let is_close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-9;
    assert!(is_close(slow.seconds.product, 2.0 * usual.seconds.product));
    assert!(is_close(
        slow.seconds.randomizers[7],
        2.0 * usual.seconds.randomizers[7]
    ));
    assert!(is_close(slow.seconds.decoding, usual.seconds.decoding));
    // Longer keys take longer.
    let times = [1024, 2048, 3072, 4096].map(|bits| Costs::built_in(bits).seconds.encryption);
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn costs_that_can_not_be_are_refused() {
    let good = Costs::built_in(3072);
    assert_eq!(good.checked(), Ok(good));
    let of_key_bits = |key_bits| Costs { key_bits, ..good }.checked();
    assert_eq!(of_key_bits(3000), Err(CostsError::KeyBits(3000)));
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let mut costs = good;
        costs.link_bytes_per_second = bad;
        assert_eq!(costs.checked(), Err(CostsError::Range));
        let mut costs = good;
        costs.seconds.decryptions[2] = bad;
        assert_eq!(costs.checked(), Err(CostsError::Range));
    }
}

#[test]
fn suggested_layouts_fit_the_keys() {
    let numbers = |features, outputs, slot_bits| -> Vec<u32> {
        let layouts = Paillier.layouts(features, outputs, SlotBits::new(slot_bits).unwrap());
        assert!(layouts.scalar.is_some() && layouts.records.is_some() && layouts.seeded.is_some());
        layouts.grouped().to_vec()
    };
    // 35, 53 and 71 units of 57 bits fit; four answers have 3 scores each, five have 2.
    assert_eq!(numbers(784, 10, 16), [9, 12, 13, 18, 24]);
    // Few features: one answer has all 10 scores, two have 5, and four have 3.
    assert_eq!(numbers(64, 10, 16), [3, 4, 6, 9, 12, 13, 18]);
    assert_eq!(numbers(12, 10, 16), [3, 4, 6, 9, 12]);
    assert_eq!(numbers(1, 10, 16), [0_u32; 0]);
    assert_eq!(numbers(784, 1, 16), [18, 27, 32]);
    let cases: [(usize, &[usize]); 2] = [(784, &[4, 5]), (100, &[1, 2, 4])];
    for ((features, answers), outputs) in cases
        .into_iter()
        .flat_map(|case| (1..40).map(move |n| (case, n)))
    {
        for slot_bits in 1..=62 {
            let found = numbers(features, outputs, slot_bits);
            let fits = |k: u32, bits: usize, answers| {
                let slots = (outputs.div_ceil(answers) + 1) * k as usize - 1;
                slots * (slot_bits as usize + 41) <= bits - 2
            };
            for bits in [2048, 3072, 4096] {
                for &answers in answers {
                    let largest = (2..=32).rev().find(|&k| fits(k, bits, answers));
                    assert!(largest.is_none_or(|k| found.contains(&k)));
                }
            }
            assert!(found.len() <= 3 * answers.len());
        }
    }
}

/// The bytes of both parts of vouchers, and that nothing of them is left out.
#[test]
fn ways_are_compared() {
    let model = model(24, 5);
    let planner = Planner::of_model(&model, KEY_BITS);
    let ways = planner.ways(1);
    assert_eq!(
        ways.iter().map(|costs| costs.way).collect::<Vec<_>>(),
        Way::DEFAULT
    );
    let [direct, vouchers] = ways.try_into().unwrap();
    let best = planner.best(1, 0).unwrap();
    assert_eq!(direct.ahead, None);
    assert_eq!(direct.online.bytes_up, best.bytes_up);
    assert!(vouchers.online.server < direct.online.server / 100.0);

    let (session, evaluator) = common::sides(model.clone());
    let group = session.vouchers_per_group().unwrap();
    let (drawn, request) = session.draw_vouchers(group).unwrap();
    let answer = evaluator.evaluate(&request).unwrap();
    let ahead = planner.ways(group)[1].ahead.unwrap();
    let near = |predicted: usize, found: usize| predicted.abs_diff(found) * 100 <= found;
    let up = request.to_binary_without_proof().bytes.len();
    assert!(near(ahead.bytes_up, up), "{} of {up}", ahead.bytes_up);
    let mut kept = session.vouchers(drawn, &request, &answer).unwrap();
    for count in [1, 3] {
        let record = QuantizedRecord::new(session.card(), vec![1; 24]).unwrap();
        let records = vec![record; count];
        let (request, _) = kept
            .split_off(count)
            .unwrap()
            .mask(session.card(), &records)
            .unwrap();
        let answer = evaluator.evaluate_masked(&request).unwrap();
        let answer = veilcast_protocol::MaskedResponse {
            request_digest: Some(ContentDigest::of(&[])),
            ..answer
        };
        let online = planner.ways(count)[1].online;
        let (up, down) = (
            request.to_binary().bytes.len(),
            answer.to_binary().bytes.len(),
        );
        assert!(near(online.bytes_up, up), "{} of {up}", online.bytes_up);
        assert!(
            near(online.bytes_down, down),
            "{} of {down}",
            online.bytes_down
        );
    }
}
