//! Answers don't show how they were computed, not even by their randomness.
//!
//! The key's owner knows the randomness used for encryption. In an answer that kept it, the owner
//! could read Π rᵢ^wᵢ, and from that the weights.

use std::collections::HashSet;

use num_bigint::BigUint;
use veilcast_engine::Evaluator;
use veilcast_protocol::{InferRequest, Layout, Upload};

use crate::common;

/// Takes nothing; takes one feature as it is; takes it negated; takes all.
const WEIGHTS: [[i32; 3]; 4] = [[0, 0, 0], [1, 0, 0], [-1, 0, 0], [1, 1, 1]];

/// The randomness of a ciphertext (1 + m·n)·rⁿ, whatever it holds: modulo n it is rⁿ.
fn randomness(ciphertext: &[u8], n: &BigUint) -> BigUint {
    BigUint::from_bytes_be(ciphertext) % n
}

#[test]
fn randomness_is_fresh_in_every_answer_in_every_layout() {
    let weights: Vec<Vec<i32>> = WEIGHTS.map(Vec::from).into();
    let (mut session, evaluator) = common::sides(common::model(&weights, &[1, 0, 0, 0], 4, 2));
    let secret = common::key();
    let key = secret.public_key();
    let n = common::geometry::modulus(key);
    let record = common::records(session.card(), [[5, 6, 7]]);
    let layouts = common::layouts(&mut session);
    assert!(layouts.contains(&Layout::Records) && layouts.len() > 8);
    for layout in layouts {
        session.set_layout(layout).unwrap();
        let full = session.encrypt(&record).unwrap();
        check(&evaluator, &full, full.upload().tensor().iter(), &n);
        if session.entries_for(1).is_ok() {
            let entries = common::entries(&session, 1);
            let count = entries.len();
            let seeded = session.encrypt_seeded(&record, entries).unwrap();
            let Upload::Seeded(upload) = seeded.upload() else {
                panic!("a seeded upload")
            };
            // Corrections change what ciphertexts hold, and leave their randomness.
            let ciphertexts = key.seeded_ciphertexts(&upload.seed, 0, count).unwrap();
            let ciphertexts = ciphertexts.iter().map(|c| key.encode_ciphertext(c));
            let ciphertexts: Vec<Vec<u8>> = ciphertexts.collect();
            check(
                &evaluator,
                &seeded,
                ciphertexts.iter().map(Vec::as_slice),
                &n,
            );
        }
    }
}

/// Evaluates a request three times: no answer has the randomness of a zero weight, of an input, of
/// its inverse, of all inputs together, or of another answer.
fn check<'a>(
    evaluator: &Evaluator,
    request: &InferRequest,
    inputs: impl Iterator<Item = &'a [u8]>,
    n: &BigUint,
) {
    let inputs: Vec<BigUint> = inputs.map(|c| randomness(c, n)).collect();
    let product = inputs
        .iter()
        .fold(BigUint::from(1u8), |product, r| product * r % n);
    let inverses = inputs.iter().map(|r| r.modinv(n).unwrap());
    let mut seen: HashSet<BigUint> = inverses.chain(inputs.iter().cloned()).collect();
    seen.extend([BigUint::from(1u8), product]);
    for _ in 0..3 {
        let answer = evaluator.evaluate(request).unwrap();
        for c in &answer.scores {
            assert!(seen.insert(randomness(c, n)), "{:?}", request.layout());
        }
    }
}
