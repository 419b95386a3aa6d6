//! Whoever attacks with or by sealed models: the service learns nothing of the records, and a client S bits per score.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use num_bigint::BigUint;
use num_integer::Integer as _;
use veilcast_card::{Card, QuantizedRecord};
use veilcast_engine::{Evaluator, SealedError, SealedModel, seal};
use veilcast_model::Model;
use veilcast_paillier::SecretKey;

use crate::common;
use crate::common::geometry::{modulus, window};
use crate::common::sealed::{ALL, by_hand, exchanged, open_other, plaintexts, sides};
use crate::common::statistics::{are_alike, assert_fresh, is_uniform};

const FEATURES: usize = 4;

/// A bin is a value of four bits.
const NIBBLE: usize = 16;

/// Those of a plaintext up to near n's highest bits.
const NIBBLES: usize = (1024 - 60) / 4;

fn model() -> Model {
    common::model(&vec![vec![127; FEATURES]; 2], &[0, 0], 8, 8)
}

/// The record whose scores are the largest, and the one whose scores are the smallest.
fn opposite_records(card: &Card) -> [QuantizedRecord; 2] {
    let records = common::records(card, [vec![255; FEATURES], vec![0; FEATURES]]);
    records.try_into().unwrap()
}

fn nibbles(number: &BigUint) -> Vec<usize> {
    let nibble = |place: u32| window(number, 4 * place, 4) as usize;
    (0..NIBBLES as u32).map(nibble).collect()
}

/// The prime p of the test key.
fn prime() -> BigUint {
    let key: serde_json::Value = serde_json::from_str(common::KEY).unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(key["p"].as_str().unwrap()).unwrap();
    BigUint::from_bytes_be(&bytes)
}

/// What the service decrypts is uniform for opposite records: of its own weights, and of numbers of n's size in their place, which a
/// service might publish to read records. Without r, the records are plain to see.
#[test]
fn what_the_service_decrypts_is_independent_of_the_record() {
    const REQUESTS: usize = 300;
    let (honest, evaluator) = sides(model());
    let key = common::key();
    let public = key.public_key();
    let hostile: Vec<u8> = (0..=FEATURES)
        .flat_map(|_| public.encode_ciphertext(&public.encrypt(&public.random_plaintext())))
        .collect();
    let proof = &common::KEY_PROOF;
    let hostile = open_other(evaluator.card(), &hostile, &public.modulus(), proof).unwrap();
    for client in [&honest, &hostile] {
        let samples = opposite_records(client.card()).map(|record| {
            let mut samples = vec![Vec::new(); NIBBLES];
            for _ in 0..REQUESTS {
                let (request, _) = client.prepare(std::slice::from_ref(&record)).unwrap();
                let plaintext = &plaintexts(&request)[0];
                for (sample, nibble) in samples.iter_mut().zip(nibbles(plaintext)) {
                    sample.push(nibble);
                }
            }
            samples
        });
        for (place, (full, empty)) in samples[0].iter().zip(&samples[1]).enumerate() {
            assert_fresh(full, NIBBLE, format!("bit {}", 4 * place));
            assert_fresh(empty, NIBBLE, format!("bit {}", 4 * place));
            assert!(are_alike(full, empty, NIBBLE), "nibble {place}");
        }
    }

    let unmasked = |record: &QuantizedRecord| {
        let scores =
            model().evaluate(&common::records(model().card(), [record.values().to_vec()])[0]);
        let slot_bits = honest.card().slot_bits().get();
        let slot = |score: i64| (score + (1 << (slot_bits - 1))) as u64;
        let scores = scores.unwrap();
        nibbles(&(BigUint::from(slot(scores[1])) << slot_bits | BigUint::from(slot(scores[0]))))
    };
    let [full, empty] = opposite_records(honest.card());
    assert_ne!(unmasked(&full), unmasked(&empty));
    assert!(!is_uniform(&vec![unmasked(&full)[0]; REQUESTS], NIBBLE));
}

/// The part of a ciphertext that its plaintext doesn't determine is fresh too: it would tell which powers were multiplied.
#[test]
fn the_randomness_of_requests_is_fresh() {
    const REQUESTS: usize = 300;
    let (client, _) = sides(model());
    let n = modulus(common::key().public_key());
    let square = &n * &n;
    let [_, empty] = opposite_records(client.card());
    let mut samples = vec![Vec::new(); NIBBLES];
    for _ in 0..REQUESTS {
        let (request, _) = client.prepare(std::slice::from_ref(&empty)).unwrap();
        let number = BigUint::from_bytes_be(request.ciphertexts.as_bytes());
        let plaintext = &plaintexts(&request)[0];
        // C·(1 − P·n) = Π ρ_i^(n·x_i)·ρⁿ, here of the biases' randomness alone.
        let randomness = number * (&square + 1u8 - plaintext * &n % &square) % &square;
        for (sample, nibble) in samples.iter_mut().zip(nibbles(&(randomness % &n))) {
            sample.push(nibble);
        }
    }
    for (place, sample) in samples.iter().enumerate() {
        assert_fresh(sample, NIBBLE, format!("bit {}", 4 * place));
    }
}

/// A multiple of p in place of a ciphertext makes C a multiple of p exactly if the feature isn't 0, whatever r and ρ are.
#[test]
fn multiples_of_p_are_refused() {
    let (client, evaluator) = sides(model());
    let key = common::key();
    let public = key.public_key();
    let (p, n) = (prime(), modulus(public));
    assert!((&n % &p).bits() == 0);
    let honest = evaluator.sealed_file().unwrap();
    let width = public.ciphertext_bytes();
    for feature in [0, FEATURES - 1, FEATURES] {
        let ciphertext = BigUint::from_bytes_be(&honest[feature * width..][..width]);
        let bytes = (ciphertext * &p % (&n * &n)).to_bytes_be();
        let mut file = honest.to_vec();
        file[feature * width..][..width].fill(0);
        file[(feature + 1) * width - bytes.len()..][..bytes.len()].copy_from_slice(&bytes);
        let refused = open_other(client.card(), &file, &public.modulus(), &common::KEY_PROOF);
        assert!(matches!(refused, Err(SealedError::Ciphertext(_))));
    }
    // What it would have told: the factor stays in every product.
    let multiple = &p * 5u8;
    for (value, is_told) in [(0_u32, false), (1, true), (200, true)] {
        let product = multiple.modpow(&value.into(), &(&n * &n)) * 7u8 % (&n * &n);
        assert_eq!(product.gcd(&n) == p, is_told);
    }
}

/// A modulus for which ρⁿ doesn't cover the units lets through what the record was raised to.
#[test]
fn moduli_that_prove_nothing_are_refused() {
    let (client, evaluator) = sides(model());
    let public = common::key().public_key().clone();
    let file = evaluator.sealed_file().unwrap();
    let card = client.card();
    let open = |modulus: &[u8], proof: &[u8]| open_other(card, file, modulus, proof).err().unwrap();
    let other = SecretKey::generate(1024, common::TESTS_ONLY).unwrap();
    let (modulus, proof) = (public.modulus(), common::KEY_PROOF.clone());
    let of_other = open(&modulus, other.key_proof().as_bytes());
    assert!(matches!(of_other, SealedError::KeyProof(_)), "{of_other}");
    let mut damaged = proof.clone();
    damaged[300] ^= 1;
    let damaged = open(&modulus, &damaged);
    assert!(matches!(damaged, SealedError::KeyProof(_)), "{damaged}");
    let none = open(&modulus, &vec![0; proof.len()]);
    assert!(matches!(none, SealedError::KeyProof(_)), "{none}");
    let mut even = modulus.clone();
    *even.last_mut().unwrap() &= 0xfe;
    let even = open(&even, &proof);
    assert!(matches!(even, SealedError::PublicKey(_)), "{even}");
    // p³¹·q and the like, which no proof can prove.
    let path = "../paillier/tests/fixtures/hostile-moduli.json";
    let file: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for hostile in file["moduli"].as_array().unwrap() {
        let n = BigUint::parse_bytes(hostile["n"].as_str().unwrap().as_bytes(), 16).unwrap();
        let modulus = n.to_bytes_be();
        let weights = vec![1; (FEATURES + 1) * 2 * modulus.len()];
        let proof = vec![1; 8 * modulus.len()];
        let refused = open_other(card, &weights, &modulus, &proof).err().unwrap();
        assert!(
            matches!(
                refused,
                SealedError::KeyProof(_) | SealedError::PublicKey(_)
            ),
            "{refused}"
        );
    }
    // Keys of 1024 bits are only for tests.
    let model = seal(model(), &common::key(), ALL.to_vec()).unwrap();
    let strict = veilcast_engine::KeyPolicy::default();
    let refused = SealedModel::open(model.card().clone(), model.sealed_file().unwrap(), strict);
    assert!(matches!(refused, Err(SealedError::PublicKey(_))));
}

/// A file that isn't the one of the card: of another length, changed by a bit, or of another model.
#[test]
fn files_that_the_card_does_not_name_are_refused() {
    let sealed = || seal(model(), &common::key(), ALL.to_vec()).unwrap();
    let named = sealed();
    let file = named.sealed_file().unwrap();
    let open = |file: &[u8]| {
        SealedModel::open(named.card().clone(), file, common::TESTS_ONLY)
            .err()
            .unwrap()
    };
    let mut changed = file.to_vec();
    changed[100] ^= 1;
    for file in [&file[1..], &[], &changed, sealed().sealed_file().unwrap()] {
        let refused = open(file);
        assert!(matches!(refused, SealedError::File(_)), "{refused}");
    }
}

/// Whatever a client makes of the weights, or of nothing: the answer has the bits of one record's scores for each record that it is
/// charged for, and nothing of what is above them.
#[test]
fn a_client_gets_the_bits_of_the_scores_alone() {
    let (client, evaluator) = sides(model());
    let key = common::key();
    let public = key.public_key();
    let (n, slot_bits) = (modulus(public), client.card().slot_bits().get());
    let record_bits = 2 * slot_bits;
    let columns = record_bits.div_ceil(8) as usize;
    let spread = (0..30)
        .map(|i| BigUint::from(1u8) << (33 * i))
        .sum::<BigUint>();
    for number in [spread, &n - 1u8, &n >> 1u8] {
        let plaintext = common::geometry::plaintext(public, &number);
        let bytes = public.encode_ciphertext(&public.encrypt(&plaintext));
        let ciphertext = BigUint::from_bytes_be(&bytes);
        for records in [1, 2] {
            let request = by_hand(&evaluator, std::slice::from_ref(&ciphertext), records);
            let answer = exchanged(&evaluator, &request);
            assert_eq!(answer.scores.shape(), [records, columns]);
            for (record, row) in answer.scores.iter_rows().enumerate() {
                let found = row
                    .iter()
                    .fold(BigUint::ZERO, |sum, &byte| (sum << 8u8) + byte);
                let mask = (BigUint::from(1u8) << record_bits) - 1u8;
                assert_eq!(found, (&number >> (record_bits * record as u32)) & mask);
            }
        }
    }
}

/// A request that is sent again gets the same bits: nothing is gained by asking twice.
#[test]
fn a_request_that_is_sent_twice_gets_the_same_answer() {
    let (client, evaluator) = sides(model());
    let [full, _] = opposite_records(client.card());
    let (request, _) = client.prepare(&[full]).unwrap();
    let scores = |evaluator: &Evaluator| exchanged(evaluator, &request).scores;
    assert_eq!(scores(&evaluator), scores(&evaluator));
}
