//! What a client of a network with hidden layers can learn without vouchers, by deviating from the protocol, and what it can't.

use num_bigint::BigUint;
use veilcast_engine::{Evaluator, Layered, Session};
use veilcast_protocol::{InferRequest, InferResponse, Layout};

use crate::common;
use crate::common::rounds::{FEATURES, HIDDEN, by_hand, network, sides};
use crate::common::statistics::{assert_fresh, is_uniform};

fn ring_bits(evaluator: &Evaluator) -> u32 {
    evaluator.card().hidden().unwrap().ring_bits.get()
}

/// A request for a layer with these numbers, whatever they are.
fn layer(evaluator: &Evaluator, part: u32, row: &[BigUint]) -> InferRequest {
    by_hand(evaluator, Layout::Layer { part }, row)
}

/// The numbers in the slots of an answer's first ciphertext, `unit` bits apart.
fn slots(answer: &InferResponse, unit: u32, bits: u32) -> Vec<u128> {
    let plaintext = &common::opened(answer)[0][0];
    let slot = |i: usize| {
        let number: BigUint = (plaintext >> (unit * i as u32)) % (BigUint::from(1u8) << bits);
        u128::try_from(&number).unwrap()
    };
    (0..HIDDEN).map(slot).collect()
}

/// k + L + 41 after the first part, whose three inputs have weights of 4 bits.
fn first_unit(bits: u32) -> u32 {
    bits + (4 - 1 + 2) + 1 + 40
}

/// What the client gets of a hidden layer, and of what is above it in the plaintext, is uniform and fresh; for records that are far
/// too large, by which it could read many weights at once, too.
#[test]
fn hidden_layers_are_uniform_to_their_client() {
    const ANSWERS: usize = 400;
    let (_, evaluator) = sides(network());
    let bits = ring_bits(&evaluator);
    let unit = first_unit(bits);
    let far = BigUint::from(1u8) << 600;
    for sent in [BigUint::from(3u8), far] {
        let request = layer(&evaluator, 0, &vec![sent.clone(); FEATURES]);
        let (mut low, mut high, mut above) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ANSWERS {
            let answer = evaluator.evaluate(&request).unwrap();
            for share in slots(&answer, unit, bits) {
                low.push((share & 15) as usize);
                high.push((share >> (bits - 4)) as usize);
            }
            let plaintext = &common::opened(&answer)[0][0];
            let nibble: BigUint = (plaintext >> (bits + 3)) % BigUint::from(16u8);
            above.push(usize::try_from(&nibble).unwrap());
        }
        let what = format!("a record of {} bits", sent.bits());
        assert_fresh(&low, 16, &what);
        assert_fresh(&high, 16, &what);
        assert_fresh(&above, 16, &what);
        // Without z they would be the same each time.
        assert!(!is_uniform(&vec![low[0]; ANSWERS], 16));
    }
}

/// A client that goes on with other numbers than a and a² gets the scores of the network on h² + D∘h + E with its own D and E, modulo
/// 2^k, and nothing else, however large its numbers are.
#[test]
fn a_client_that_deviates_moves_hidden_numbers() {
    let (_, evaluator) = sides(network());
    let bits = ring_bits(&evaluator);
    let modulo = |x: u128| x & ((1 << bits) - 1);
    let parts = evaluator.model().layered().unwrap().integers().parts();
    let record = [3_u32, 14, 5];
    let inputs: Vec<u128> = record.iter().map(|&x| x.into()).collect();
    let hidden = parts[0].evaluate(&inputs).unwrap();
    let far = |number: u128, shift: u32| BigUint::from(number) + (BigUint::from(1u8) << shift);
    let none = |number: u128| BigUint::from(number);
    for (moves, squares) in [
        ([0, 0], [0, 0]),
        ([5, 0], [0, 1]),
        ([1 << 12, 3], [77, 1 << 20]),
    ] {
        for is_far in [false, true] {
            let first = layer(&evaluator, 0, &record.map(BigUint::from));
            let answer = evaluator.evaluate(&first).unwrap();
            let shares = slots(&answer, first_unit(bits), bits);
            let place = |number: u128| match is_far {
                true => far(modulo(number), 700),
                false => none(modulo(number)),
            };
            let moved = (0..HIDDEN).map(|i| place(shares[i].wrapping_add(moves[i])));
            let square =
                |i: usize| place(shares[i].wrapping_mul(shares[i]).wrapping_add(squares[i]));
            let row: Vec<BigUint> = moved.chain((0..HIDDEN).map(square)).collect();
            let second = layer(&evaluator, 1, &row).with_vouchers(answer.vouchers.unwrap());
            let found = slots(&evaluator.evaluate(&second).unwrap(), last_unit(bits), bits);
            // (a + d)·2z + a² + e + z² = h² + 2·d·h − 2·d·a + e, of which the client knows the last two.
            let expected: Vec<u128> = (0..HIDDEN)
                .map(|i| {
                    let (h, d, a): (u128, u128, u128) = (hidden[i], moves[i], shares[i]);
                    let own = squares[i].wrapping_sub(d.wrapping_mul(a).wrapping_mul(2));
                    let moved = d.wrapping_mul(h).wrapping_mul(2);
                    h.wrapping_mul(h).wrapping_add(moved).wrapping_add(own)
                })
                .collect();
            let expected = parts[1].evaluate(&expected).unwrap();
            let expected: Vec<u128> = expected.into_iter().map(modulo).collect();
            // Numbers that are far too large change what is above the slots, which is masked.
            assert_eq!(found, expected, "{moves:?} {squares:?}");
        }
    }
}

/// 2k + L + 41 after the last part, whose two inputs have weights of 4 bits.
fn last_unit(bits: u32) -> u32 {
    2 * bits + (4 - 1 + 1) + 1 + 40
}

/// What lies between and above the scores of a network tells nothing of z or of the weights.
#[test]
fn results_are_masked_above_their_slots() {
    const ANSWERS: usize = 400;
    let (session, evaluator) = sides(network());
    let bits = ring_bits(&evaluator);
    let (mut gap, mut top) = (Vec::new(), Vec::new());
    for _ in 0..ANSWERS {
        let plaintext = last_plaintext(&session, &evaluator);
        let nibble = |place: u32| {
            let nibble: BigUint = (&plaintext >> place) % BigUint::from(16u8);
            usize::try_from(&nibble).unwrap()
        };
        gap.push(nibble(bits + 1));
        top.push(nibble(last_unit(bits) + 2 * bits));
    }
    assert_fresh(&gap, 16, "between scores");
    assert_fresh(&top, 16, "above scores");
}

fn last_plaintext(session: &Session, evaluator: &Evaluator) -> BigUint {
    let records = common::records(session.card(), [vec![1, 2, 3]]);
    let (request, layers) = session.begin(&records).unwrap();
    let answer = evaluator.evaluate(&request).unwrap();
    let Layered::Next(next) = layers.receive(&request, &answer).unwrap() else {
        panic!("there is a layer more")
    };
    common::opened(&evaluator.evaluate(&next).unwrap())[0].swap_remove(0)
}
