//! Networks with hidden layers, round by round: exact, whatever the network, the ring and the record.

use proptest::prelude::*;
use veilcast_card::QuantizedRecord;
use veilcast_engine::{EvaluateError, LayoutError, Round, SessionError, VoucherError, Vouchers};
use veilcast_model::Model;
use veilcast_protocol::{IntegerMatrix, Layout, RoundRequest};

use crate::common;
use crate::common::rounds::{Part, exchanged, filled, part, scores, sides};

fn check(model: Model, integers: Vec<Vec<u32>>) {
    let records = common::records(model.card(), integers);
    let expected: Vec<_> = records.iter().map(|r| model.evaluate(r).unwrap()).collect();
    let (session, evaluator) = sides(model);
    let vouchers = filled(&session, &evaluator, records.len());
    let kept = vouchers.into_stored();
    let vouchers = Vouchers::from_stored(kept, session.card()).unwrap();
    assert_eq!(scores(&evaluator, &session, vouchers, &records), expected);
}

fn small() -> Model {
    let fill = |i: usize| [3, -7, 0, 5][i % 4];
    common::network(&[part(4, 3, 4, fill), part(3, 2, 4, fill)], 4, 4)
}

fn records(model: &Model, count: u32) -> Vec<QuantizedRecord> {
    let record = |i: u32| vec![15, i % 16, 0, i * 7 % 16];
    common::records(model.card(), (0..count).map(record))
}

/// More vouchers than a ciphertext holds, so that some fill it partly.
#[test]
fn scores_are_those_of_the_model() {
    let (session, _) = sides(small());
    let group = session.vouchers_per_group().unwrap() as u32;
    assert!(group > 4, "{group}");
    let record = |i: u32| vec![15, i % 16, 0, i * 7 % 16];
    check(small(), (0..group + 3).map(record).collect());
}

/// Results that need more bits than a limb, of which the scores lack some.
#[test]
fn several_hidden_layers_take_a_wide_ring() {
    let fill = |i: usize| (i as i32 * 37 % 255) - 127;
    let parts: Vec<Part> = vec![
        part(3, 4, 8, fill),
        part(4, 3, 8, fill),
        part(3, 2, 8, fill),
    ];
    let model = common::network(&parts, 8, 8);
    let hidden = model.card().hidden().unwrap();
    assert!(hidden.ring_bits.get() > 64, "{}", hidden.ring_bits);
    assert!(hidden.score_shift > 0);
    let record = |i: u32| vec![255 * (i % 2), i * 31 % 256, 255];
    check(model, (0..5).map(record).collect());
}

/// A part most of whose weights are 0, as a convolution's are.
#[test]
fn a_part_of_few_weights_is_exact() {
    let few = |i: usize| if i.is_multiple_of(7) { 5 } else { 0 };
    let many = |i: usize| (i as i32 * 5 % 15) - 7;
    let model = common::network(&[part(12, 6, 4, few), part(6, 2, 4, many)], 4, 4);
    let parts = model.layered().unwrap().integers().parts();
    assert!(parts[0].products() < 12 * 6 / 3, "{}", parts[0].products());
    assert_eq!(parts[1].products(), 6 * 2);
    let record = |i: u32| (0..12).map(|j| (i * 5 + j * 3) % 16).collect();
    check(model, (0..3).map(record).collect());
}

/// A request for shares may ask for more vouchers than one for products, which take a ciphertext for each number.
#[test]
fn products_are_asked_for_by_as_many_requests_as_they_take() {
    let fill = |i: usize| (i as i32 * 5 % 15) - 7;
    let parts = [part(4, 450, 4, fill), part(450, 2, 4, fill)];
    let model = common::network(&parts, 4, 4);
    // 2,000 ciphertexts: four vouchers' products, or four rows of 450.
    let (session, evaluator) = sides(model);
    let count = session.vouchers_per_group().unwrap() + 1;
    assert!(count > 4 && count <= session.max_vouchers().unwrap());
    let mut drawing = session.draw_for_network(count).unwrap();
    let mut asked = Vec::new();
    while let Some(request) = drawing.request(&session).unwrap() {
        let answer = evaluator.evaluate(&request).unwrap();
        drawing.receive(&session, &request, &answer).unwrap();
        asked.push((request.layout(), request.records()));
    }
    let products = asked
        .iter()
        .filter(|(l, _)| *l == Layout::Products { part: 0 });
    let products: Vec<usize> = products.map(|(_, records)| *records).collect();
    assert_eq!(products.iter().sum::<usize>(), count);
    assert_eq!(products.len(), count.div_ceil(4), "{asked:?}");
    assert_eq!(asked.first(), Some(&(Layout::Shares { part: 0 }, count)));
    assert_eq!(asked.last(), Some(&(Layout::Shares { part: 1 }, count)));

    let record = |i: u32| vec![15, i % 16, 0, i * 7 % 16];
    let records = common::records(session.card(), (0..count as u32).map(record));
    let expected = records
        .iter()
        .map(|r| evaluator.model().evaluate(r).unwrap());
    let expected: Vec<_> = expected.collect();
    // Stored in between, as the program does.
    let kept = drawing.finish(&session).into_stored();
    let vouchers = Vouchers::from_stored(kept, session.card()).unwrap();
    assert_eq!(scores(&evaluator, &session, vouchers, &records), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_network_is_exact(
        sizes in prop::collection::vec(1_usize..5, 3..5),
        bits in 2_u32..7,
        seed in any::<u64>(),
    ) {
        let most = (1 << (bits - 1)) - 1;
        let fill = |i: usize| {
            let hash = (i as u64 + 1).wrapping_mul(seed | 1).rotate_left(29) % (2 * most as u64 + 1);
            hash as i32 - most
        };
        let parts: Vec<Part> = sizes.windows(2).map(|pair| part(pair[0], pair[1], bits, fill)).collect();
        let model = common::network(&parts, 3, bits);
        let record = |i: u32| (0..sizes[0] as u32).map(|j| (seed >> (3 * j + i) & 7) as u32).collect();
        check(model, (0..3).map(record).collect());
    }
}

#[test]
fn vouchers_are_for_their_kind_of_model() {
    let (session, evaluator) = sides(small());
    let vouchers = filled(&session, &evaluator, 1);
    let records = records(evaluator.model(), 1);
    assert_eq!(
        vouchers.mask(session.card(), &records).unwrap_err(),
        VoucherError::Layered
    );
    assert_eq!(
        session.encrypt(&records).unwrap_err(),
        SessionError::NotDirect
    );
    let refused = session.draw_vouchers(1).unwrap_err();
    let expected = LayoutError::NotAllowed(Layout::Vouchers);
    assert_eq!(refused, SessionError::Layout(expected));
    let (affine, _) = common::sides(common::heaviest());
    assert_eq!(
        affine.draw_for_network(1).unwrap_err(),
        SessionError::NotLayered
    );
}

/// What is wrong with a round is said before anything is used.
#[test]
fn rounds_are_checked() {
    let (session, evaluator) = sides(small());
    let records = records(evaluator.model(), 2);
    let (request, rounds) = filled(&session, &evaluator, 2)
        .begin(session.card(), &records)
        .unwrap();
    let answer = exchanged(&evaluator, &request);
    let Round::Next(second, rounds) = rounds.receive(&answer).unwrap() else {
        panic!("a second round follows")
    };
    let refused = |request: &RoundRequest| evaluator.check_round(request).unwrap_err();

    let beyond = RoundRequest {
        part: 2,
        ..second.clone()
    };
    assert_eq!(
        refused(&beyond),
        EvaluateError::RoundPart { found: 2, parts: 2 }
    );
    // The first round's ids and numbers in the second, and the other way round.
    let swapped = RoundRequest {
        part: 1,
        ..request.clone()
    };
    let features = EvaluateError::MaskedFeatures {
        expected: 2 * 3 * ring_bytes(evaluator.model()),
        found: 4 * ring_bytes(evaluator.model()),
    };
    assert_eq!(refused(&swapped), features);
    let ids = RoundRequest {
        vouchers: second.vouchers[..2].to_vec(),
        ..second.clone()
    };
    assert_eq!(
        refused(&ids),
        EvaluateError::RoundVouchers {
            expected: 2,
            found: 1
        }
    );
    // The first voucher's products with another batch's shares are fine for the service; shares in the place of products are not.
    let mut vouchers = second.vouchers.clone();
    vouchers.swap(0, 1);
    let misplaced = RoundRequest {
        vouchers,
        ..second.clone()
    };
    assert_eq!(refused(&misplaced), EvaluateError::UnknownVoucher);
    let mut vouchers = second.vouchers.clone();
    vouchers[1].batch = [0; 16].into();
    let invented = RoundRequest {
        vouchers,
        ..second.clone()
    };
    assert_eq!(refused(&invented), EvaluateError::UnknownVoucher);
    // A number of more bits than the ring has.
    let mut numbers = second.numbers.values().to_vec();
    numbers[ring_bytes(evaluator.model()) - 1] = 255;
    let numbers = IntegerMatrix::new(second.numbers.shape(), second.numbers.datatype(), numbers);
    let wide = RoundRequest {
        numbers: numbers.unwrap(),
        ..second.clone()
    };
    assert!(matches!(refused(&wide), EvaluateError::MaskedRange { .. }));
    // An affine model has no rounds.
    let (_, affine) = common::sides(common::heaviest());
    let other = RoundRequest {
        card_digest: affine.card_digest(),
        ..second.clone()
    };
    let refused = affine.check_round(&other).unwrap_err();
    assert!(matches!(
        refused,
        EvaluateError::Layout(LayoutError::NotAllowed(_))
    ));
    // The answer to the first round is none to the second.
    assert_eq!(
        rounds.receive(&answer).unwrap_err(),
        VoucherError::OtherRequest
    );
}

/// Another service's vouchers, another key's and another card's are none of this one's.
#[test]
fn vouchers_of_others_are_refused() {
    let (session, evaluator) = sides(small());
    let records = records(evaluator.model(), 1);
    let begin = |vouchers: Vouchers| vouchers.begin(session.card(), &records).unwrap().0;
    let request = begin(filled(&session, &evaluator, 1));
    let (_, other) = sides(small());
    let refused = other.check_round(&request).unwrap_err();
    assert_eq!(refused, EvaluateError::VoucherSecret(request.secret));
    let key = RoundRequest {
        key_fingerprint: veilcast_protocol::KeyFingerprint::of(&[1]),
        ..request.clone()
    };
    assert_eq!(
        evaluator.check_round(&key).unwrap_err(),
        EvaluateError::UnknownVoucher
    );
    let card = RoundRequest {
        card_digest: veilcast_card::CardDigest::of(b"another"),
        ..request
    };
    assert!(matches!(
        evaluator.check_round(&card).unwrap_err(),
        EvaluateError::CardDigest { .. }
    ));
}

fn ring_bytes(model: &Model) -> usize {
    model.card().hidden().unwrap().ring_bits.get().div_ceil(8) as usize
}
