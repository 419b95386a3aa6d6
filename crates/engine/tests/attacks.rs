//! What a client who deviates from the protocol learns.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use num_bigint::BigUint;
use veilcast_engine::{EvaluateError, SessionError};
use veilcast_paillier::{CiphertextError, Plaintext, PublicKeyError};
use veilcast_protocol::{
    ByteMatrix, CardDigest, InferRequest, InferResponse, KeyFingerprint, Layout,
};

/// A request as somebody may make it by hand.
fn request(key: &[u8], card: CardDigest, shape: [usize; 2], bytes: Vec<u8>) -> InferRequest {
    let ciphertexts = ByteMatrix::new(shape, 2 * key.len(), bytes).unwrap();
    InferRequest::new(key.to_vec(), Layout::SCALAR, shape[0], card, ciphertexts).unwrap()
}

#[test]
fn one_query_with_spread_inputs_does_not_read_out_the_weights() {
    let weights = vec![vec![3, 1, 2, 7], vec![7, 5, 0, 1]];
    let (session, evaluator) = common::sides(common::model(&weights, &[0, 0], 4, 4));
    let secret = common::key();
    let key = secret.public_key();
    // x_i = 2^(32·i): an unmasked answer would hold all the weights of its output, 32 bits each.
    let spread: Vec<_> = (0..4)
        .map(|i| secret.encrypt(&key.encode(1 << (32 * i)).unwrap()))
        .collect();

    // Without the mask he reads them.
    let rows: Vec<&[i32]> = weights.iter().map(Vec::as_slice).collect();
    let unmasked = key.weighted_sums_vartime(&spread, rows);
    for (row, sum) in weights.iter().zip(&unmasked) {
        let m = secret.decrypt(sum).unwrap();
        let read: Vec<i32> = (0..4)
            .map(|i| (m.limbs()[32 * i / 64] >> (32 * i % 64)) as u32 as i32)
            .collect();
        assert_eq!(&read, row);
    }

    // With it, what lies above the slot is different each time, in every part, and the slot holds
    // what one score would: w_0 alone.
    let bytes: Vec<u8> = spread
        .iter()
        .flat_map(|c| key.encode_ciphertext(c))
        .collect();
    let query = request(&key.modulus(), evaluator.card_digest(), [1, 4], bytes);
    let slot_bits = evaluator.card().slot_bits();
    assert!(slot_bits < 32);
    let answers: Vec<_> = (0..2)
        .map(|_| {
            let answer = evaluator.evaluate(&query).unwrap();
            assert_eq!(session.decrypt(&answer).unwrap(), [[3, 7]]);
            let c = key.decode_ciphertexts(answer.scores.iter()).unwrap();
            [
                secret.decrypt(&c[0]).unwrap(),
                secret.decrypt(&c[1]).unwrap(),
            ]
        })
        .collect();
    let [first, second] = &answers[..] else {
        panic!("two answers")
    };
    for (a, b) in first.iter().zip(second) {
        for bit in (32..1024).step_by(32) {
            let window = |m: &Plaintext| (m.limbs()[bit / 64] >> (bit % 64)) as u32;
            assert_ne!(window(a), window(b), "bits {bit}.. are masked afresh");
        }
    }
}

#[test]
fn answers_are_rerandomised_even_for_zero_and_unit_weights() {
    // Output 0 takes nothing and output 1 takes feature 0 as it is: without fresh randomness the
    // answers would be 1·(1 + tn) and c_0·(1 + tn).
    let (_, evaluator) = common::sides(common::model(&[vec![0, 0], vec![1, 0]], &[1, 0], 4, 2));
    let secret = common::key();
    let key = secret.public_key();
    let inputs: Vec<_> = [5, 6]
        .map(|x| secret.encrypt(&key.encode(x).unwrap()))
        .into();
    let bytes: Vec<u8> = inputs
        .iter()
        .flat_map(|c| key.encode_ciphertext(c))
        .collect();
    let query = request(&key.modulus(), evaluator.card_digest(), [1, 2], bytes);

    // c = (1 + m·n)·rⁿ, so c mod n = rⁿ mod n is its randomness, whatever it holds.
    let n = BigUint::from_bytes_be(&key.modulus());
    let randomness = |bytes: &[u8]| BigUint::from_bytes_be(bytes) % &n;
    let mut seen = vec![
        BigUint::from(1u8),
        randomness(&query.upload().tensor().as_bytes()[..key.ciphertext_bytes()]),
    ];
    for _ in 0..3 {
        for c in evaluator.evaluate(&query).unwrap().scores.iter() {
            let randomness = randomness(c);
            assert!(
                !seen.contains(&randomness),
                "randomness is fresh in every answer"
            );
            seen.push(randomness);
        }
    }
}

#[test]
fn requests_that_do_not_fit_are_refused_with_their_reason() {
    let (session, evaluator) = common::sides(common::model(&[vec![1, -1]], &[0], 4, 2));
    let good = session.encrypt(&[vec![1, 2]]).unwrap();
    let (key, card) = (good.public_key().to_vec(), evaluator.card_digest());
    let width = 2 * key.len();
    let bytes = good.upload().tensor().as_bytes().to_vec();
    let with_first = |first: Vec<u8>| [first, bytes[width..].to_vec()].concat();
    let padded = |n: &[u8]| [vec![0; width - n.len()], n.to_vec()].concat();

    let other = CardDigest::of(b"another");
    let error = evaluator
        .evaluate(&request(&key, other, [1, 2], bytes.clone()))
        .unwrap_err();
    assert_eq!(
        error,
        EvaluateError::CardDigest {
            requested: other,
            current: card
        }
    );

    let many = bytes.repeat(301);
    let error = evaluator
        .evaluate(&request(&key, card, [301, 2], many))
        .unwrap_err();
    let (records, max) = (301, 300);
    assert_eq!(error, EvaluateError::TooManyRecords { records, max });

    let error = evaluator
        .evaluate(&request(&key, card, [2, 1], bytes.clone()))
        .unwrap_err();
    assert_eq!(
        error,
        EvaluateError::Columns {
            expected: 2,
            actual: 1
        }
    );

    for (bad, expected) in [
        (vec![0; width], CiphertextError::Range { index: 0 }),
        (vec![0xff; width], CiphertextError::Range { index: 0 }),
        (padded(&key), CiphertextError::NotAUnit),
    ] {
        let error = evaluator
            .evaluate(&request(&key, card, [1, 2], with_first(bad)))
            .unwrap_err();
        assert_eq!(error, EvaluateError::Ciphertext(expected));
    }

    let mut even = key.clone();
    *even.last_mut().unwrap() -= 1;
    let error = evaluator
        .evaluate(&request(&even, card, [1, 2], bytes.clone()))
        .unwrap_err();
    assert_eq!(error, EvaluateError::PublicKey(PublicKeyError::Even));

    // After all that, it still serves.
    let answer = evaluator.evaluate(&good).unwrap();
    assert_eq!(session.decrypt_answer_to(&good, &answer).unwrap(), [[-1]]);
}

#[test]
fn answers_to_something_else_are_refused() {
    let (session, evaluator) = common::sides(common::model(&[vec![1, -1]], &[0], 4, 2));
    let request = session.encrypt(&[vec![1, 2]]).unwrap().with_id("a");
    let answer = evaluator.evaluate(&request).unwrap();
    session.decrypt_answer_to(&request, &answer).unwrap();

    let refused = |change: &dyn Fn(&mut InferResponse)| {
        let mut changed = answer.clone();
        change(&mut changed);
        session.decrypt_answer_to(&request, &changed).unwrap_err()
    };
    let other = CardDigest::of(b"another");
    assert_eq!(
        refused(&|a| a.card_digest = other),
        SessionError::OtherCard(other)
    );
    assert_eq!(
        refused(&|a| a.key_fingerprint = KeyFingerprint::of(b"another")),
        SessionError::OtherKey
    );
    assert_eq!(
        refused(&|a| a.id = Some("b".into())),
        SessionError::OtherRequest
    );
    let width = answer.scores.width();
    let twice = answer.scores.as_bytes().repeat(2);
    let two_rows = ByteMatrix::new([2, 1], width, twice.clone()).unwrap();
    assert_eq!(
        refused(&|a| a.scores = two_rows.clone()),
        SessionError::Shape {
            expected: [1, 1],
            actual: [2, 1]
        }
    );
    let two_columns = ByteMatrix::new([1, 2], width, twice).unwrap();
    assert_eq!(
        refused(&|a| a.scores = two_columns.clone()),
        SessionError::Shape {
            expected: [1, 1],
            actual: [1, 2]
        }
    );
    let zeros = ByteMatrix::new([1, 1], width, vec![0; width]).unwrap();
    assert_eq!(
        refused(&|a| a.scores = zeros.clone()),
        SessionError::Ciphertext(CiphertextError::Range { index: 0 })
    );
}

#[test]
fn records_that_were_not_quantised_for_the_card_are_refused() {
    let (session, _) = common::sides(common::model(&[vec![1, -1]], &[0], 4, 2));
    assert_eq!(session.encrypt(&[]).unwrap_err(), SessionError::NoRecords);
    let wrong = |record, actual| SessionError::Record {
        record,
        expected: 2,
        actual,
    };
    assert_eq!(
        session.encrypt(&[vec![1, 2], vec![1]]).unwrap_err(),
        wrong(1, 1)
    );
    assert_eq!(session.encrypt(&[vec![1, 16]]).unwrap_err(), wrong(0, 2));
}
