//! What a client of a network with hidden layers can learn by deviating from the protocol, and what it can't.

use num_bigint::BigUint;
use veilcast_card::QuantizedRecord;
use veilcast_engine::{Round, Rounds, Session, Vouchers};
use veilcast_model::Model;
use veilcast_protocol::{IntegerMatrix, Layout, RoundRequest};

use crate::common;
use crate::common::rounds::{FEATURES, HIDDEN, by_hand, exchanged, filled, network, sides};
use crate::common::statistics::{assert_fresh, is_uniform};

/// The ring of a model: its bits and the bytes of a number.
fn ring(model: &Model) -> (u32, usize) {
    let bits = model.card().hidden().unwrap().ring_bits.get();
    (bits, bits.div_ceil(8) as usize)
}

fn numbers(model: &Model, bytes: impl IntoIterator<Item = u64>) -> Vec<u128> {
    let (_, width) = ring(model);
    let bytes: Vec<u64> = bytes.into_iter().collect();
    let number = |digits: &[u64]| digits.iter().rev().fold(0, |n, &d| n << 8 | u128::from(d));
    bytes.chunks(width).map(number).collect()
}

fn request_with(model: &Model, request: &RoundRequest, numbers: &[u128]) -> RoundRequest {
    let (bits, width) = ring(model);
    let bytes = numbers.iter().flat_map(|number| {
        let number = number & ((1 << bits) - 1);
        (0..width).map(move |i| (number >> (8 * i)) as u64 & 255)
    });
    let (shape, datatype) = (request.numbers.shape(), request.numbers.datatype());
    RoundRequest {
        numbers: IntegerMatrix::new(shape, datatype, bytes.collect()).unwrap(),
        ..request.clone()
    }
}

/// What the client keeps of one voucher: a of the first part, by the form in which a store keeps it.
fn shares(model: &Model, vouchers: Vouchers) -> (Vec<u128>, Vouchers) {
    let stored = vouchers.into_stored();
    let (_, width) = ring(model);
    let first = &stored[0].vouchers[20 + 32..][..HIDDEN * width];
    let shares = numbers(model, first.iter().map(|&byte| byte.into()));
    (shares, Vouchers::from_stored(stored, model.card()).unwrap())
}

fn begun(session: &Session, vouchers: Vouchers, record: [u32; FEATURES]) -> (RoundRequest, Rounds) {
    let record = QuantizedRecord::new(session.card(), record.to_vec()).unwrap();
    vouchers.begin(session.card(), &[record]).unwrap()
}

/// Two answers under one t tell W·(e − e′), which is why a service answers each round once. (The evaluator doesn't keep count: this is what
/// happens if whoever calls it doesn't.)
#[test]
fn a_round_that_is_answered_twice_tells_the_weights() {
    let (session, evaluator) = sides(network());
    let model = evaluator.model();
    let (bits, _) = ring(model);
    let (request, _) = begun(&session, filled(&session, &evaluator, 1), [1, 2, 3]);
    let sent = numbers(model, request.numbers.values().iter().copied());
    let answer = |sent: &[u128]| {
        let answer = exchanged(&evaluator, &request_with(model, &request, sent));
        numbers(model, answer.scores.values().iter().copied())
    };
    let honest = answer(&sent);
    let map = &model.layered().unwrap().integers().parts()[0];
    for feature in 0..FEATURES {
        let mut moved = sent.clone();
        moved[feature] = moved[feature].wrapping_add(1);
        let differences = answer(&moved).into_iter().zip(&honest);
        let weights: Vec<i128> = differences
            .map(|(one, other)| (one.wrapping_sub(*other) << (128 - bits)) as i128 >> (128 - bits))
            .collect();
        let column = (0..HIDDEN).map(|o| i128::from(map.row(o)[feature]));
        assert_eq!(weights, column.collect::<Vec<_>>());
    }
}

/// With a, a client could take z off its answer, if t weren't there: h − t, which it has, is uniform.
#[test]
fn answers_of_hidden_layers_are_uniform_to_their_client() {
    const ANSWERS: usize = 400;
    let (session, evaluator) = sides(network());
    let model = evaluator.model();
    let (bits, _) = ring(model);
    let (mut high, mut low) = (vec![Vec::new(); HIDDEN], vec![Vec::new(); HIDDEN]);
    let mut vouchers = filled(&session, &evaluator, 100);
    for _ in 0..ANSWERS {
        if vouchers.is_empty() {
            vouchers = filled(&session, &evaluator, 100);
        }
        let (shares, voucher) = shares(model, vouchers.split_off(1).unwrap());
        let (request, _) = begun(&session, voucher, [1, 2, 3]);
        let answer = exchanged(&evaluator, &request);
        let deltas = numbers(model, answer.scores.values().iter().copied());
        for (index, (delta, share)) in deltas.iter().zip(&shares).enumerate() {
            let known = delta.wrapping_add(*share) & ((1 << bits) - 1);
            high[index].push((known >> (bits - 4)) as usize);
            low[index].push((known & 15) as usize);
        }
    }
    for sample in high.iter().chain(&low) {
        assert_fresh(sample, 16, "a nibble of h − t");
    }
    // Without t it would be h, the same for each voucher.
    assert!(!is_uniform(&vec![high[0][0]; ANSWERS], 16));
}

/// Whatever numbers are sent for products, the slots that come back are uniform.
#[test]
fn products_tell_nothing_of_their_factors() {
    const ANSWERS: usize = 300;
    let (_, evaluator) = sides(network());
    let model = evaluator.model();
    let (bits, _) = ring(model);
    let unit = 2 * bits + 1 + 40;
    let far = BigUint::from(1u8) << 700;
    for sent in [BigUint::ZERO, BigUint::from(1u8), far] {
        let products = Layout::Products { part: 0 };
        let request = by_hand(&evaluator, products, &vec![sent.clone(); HIDDEN]);
        let (mut low, mut above) = (Vec::new(), Vec::new());
        for _ in 0..ANSWERS {
            let answer = evaluator.evaluate(&request).unwrap();
            let plaintext = &common::opened(&answer)[0][0];
            let window = |place: u32| {
                let nibble: BigUint = (plaintext >> place) & BigUint::from(15u8);
                usize::try_from(&nibble).unwrap()
            };
            low.push(window(0));
            // The second number's slot, and what is above the first's.
            above.push(window(bits + 3));
            low.push(window(unit));
        }
        let what = format!("{} bits", sent.bits());
        assert_fresh(&low, 16, &what);
        assert_fresh(&above, 16, &what);
    }
}

/// A client that sends other numbers than it should gets the scores of the network with vectors of its choice added to h and to h², and
/// nothing else: k bits for each score.
#[test]
fn a_client_that_deviates_moves_hidden_numbers() {
    let (session, evaluator) = sides(network());
    let model = evaluator.model();
    let parts = model.layered().unwrap().integers().parts();
    let record = [3, 14, 5];
    let inputs: Vec<u128> = record.iter().map(|&x| x.into()).collect();
    let hidden = parts[0].evaluate(&inputs).unwrap();
    for (to_hidden, to_square) in [([0, 0], [0, 0]), ([5, 0], [0, 0]), ([1, 1 << 20], [77, 3])] {
        let (shares, voucher) = shares(model, filled(&session, &evaluator, 1));
        let (request, rounds) = begun(&session, voucher, record);
        let answer = exchanged(&evaluator, &request);
        let Round::Next(second, rounds) = rounds.receive(&answer).unwrap() else {
            panic!("there is a round more")
        };
        // e + 2·d∘a + f, and δ + d.
        let mut sent = numbers(model, second.numbers.values().iter().copied());
        for i in 0..HIDDEN {
            let (d, f): (u128, u128) = (to_hidden[i], to_square[i]);
            sent[i] = sent[i]
                .wrapping_add(shares[i].wrapping_mul(d).wrapping_mul(2))
                .wrapping_add(f);
            sent[HIDDEN + i] = sent[HIDDEN + i].wrapping_add(d);
        }
        let last = exchanged(&evaluator, &request_with(model, &second, &sent));
        let Round::Scores(scores) = rounds.receive(&last).unwrap() else {
            panic!("there are only two")
        };
        let moved: Vec<u128> = (0..HIDDEN)
            .map(|i| {
                let h = hidden[i].wrapping_add(to_hidden[i]);
                h.wrapping_mul(h).wrapping_add(to_square[i])
            })
            .collect();
        let (bits, _) = ring(model);
        let results = parts[1].evaluate(&moved).unwrap().into_iter();
        let results = results.map(|y| ((y << (128 - bits)) as i128 >> (128 - bits)) as i64);
        assert_eq!(scores, [results.collect::<Vec<_>>()]);
    }
}
