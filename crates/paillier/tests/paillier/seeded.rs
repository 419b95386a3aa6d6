//! Ciphertexts from seeds: pinned ones, which Python computes alike, and what they are good for.

use num_bigint::BigUint;
use veilcast_paillier::{CiphertextError, KeyPolicy, Plaintext, PublicKey, SecretKey};

const TESTS_ONLY: KeyPolicy = KeyPolicy {
    allow_insecure_1024: true,
};

fn key() -> SecretKey {
    SecretKey::from_json(
        include_str!("../fixtures/keys/insecure-1024.json"),
        TESTS_ONLY,
    )
    .unwrap()
}

fn number(hex: &serde_json::Value) -> BigUint {
    BigUint::parse_bytes(hex.as_str().unwrap().as_bytes(), 16).unwrap()
}

#[test]
fn seeds_give_the_pinned_ciphertexts() {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../fixtures/seeded.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let key = PublicKey::from_modulus(&number(&case["n"]).to_bytes_be(), TESTS_ONLY).unwrap();
        let mut seed = [0; 32];
        for (byte, digits) in seed
            .iter_mut()
            .zip(case["seed"].as_str().unwrap().as_bytes().chunks(2))
        {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
        }
        let expected: Vec<_> = case["ciphertexts"]
            .as_array()
            .unwrap()
            .iter()
            .map(number)
            .collect();
        let first = case["first"].as_u64().unwrap();
        let made = key
            .seeded_ciphertexts(&seed, first, expected.len())
            .unwrap();
        let made: Vec<_> = made
            .iter()
            .map(|c| BigUint::from_bytes_be(&key.encode_ciphertext(c)))
            .collect();
        assert_eq!(made, expected);
    }
}

#[test]
fn a_seeded_ciphertext_is_made_to_hold_what_its_owner_wants() {
    let secret = key();
    let key = secret.public_key();
    let n = BigUint::from_bytes_be(&key.modulus());
    let big = |m: &Plaintext| {
        let limbs = m.limbs().iter().flat_map(|&x| [x as u32, (x >> 32) as u32]);
        BigUint::from_slice(&limbs.collect::<Vec<_>>())
    };
    let seed = [7; 32];
    let seeded = key.seeded_ciphertexts(&seed, 3, 5).unwrap();
    for (wanted, z) in (100u32..).zip(&seeded) {
        let difference = (&n + wanted - big(&secret.decrypt(z).unwrap())) % &n;
        let difference = key.plaintext(&difference.to_u64_digits()).unwrap();
        let c = key.add_plaintext(z, &difference);
        assert_eq!(big(&secret.decrypt(&c).unwrap()), wanted.into());
    }
    // Numbers are the same whatever the first is, and differ with the seed.
    let from_0 = key.seeded_ciphertexts(&seed, 0, 8).unwrap();
    assert_eq!(from_0[3..], seeded);
    let other = key.seeded_ciphertexts(&[8; 32], 3, 5).unwrap();
    assert!(seeded.iter().all(|z| !other.contains(z)));
    assert_eq!(key.seeded_ciphertexts(&seed, 3, 0).unwrap(), []);
}

#[test]
fn numbers_end_with_64_bits() {
    let secret = key();
    let key = secret.public_key();
    assert_eq!(
        key.seeded_ciphertexts(&[0; 32], u64::MAX - 1, 2)
            .unwrap()
            .len(),
        2
    );
    for (first, count) in [(u64::MAX, 2), (u64::MAX - 1, 3), (2, usize::MAX)] {
        let refused = key.seeded_ciphertexts(&[0; 32], first, count);
        assert_eq!(refused, Err(CiphertextError::SeedUsedUp));
    }
}

/// A stranger's modulus may have small factors, so that some z is not a unit.
#[test]
fn non_units_under_a_strange_modulus_are_refused() {
    let is_prime = |x: &u32| {
        (3u32..)
            .step_by(2)
            .take_while(|d| d * d <= *x)
            .all(|d| !x.is_multiple_of(d))
    };
    let product: BigUint = (65_537u32..)
        .step_by(2)
        .filter(is_prime)
        .take(55)
        .map(BigUint::from)
        .product();
    let least = (BigUint::from(1u8) << 1023) / &product;
    let key = (1u32..)
        .find_map(|i| {
            let n: BigUint = &product * (&least + i);
            PublicKey::from_modulus(&n.to_bytes_be(), TESTS_ONLY).ok()
        })
        .unwrap();
    let refused = key.seeded_ciphertexts(&[0; 32], 0, 20_000);
    assert_eq!(refused, Err(CiphertextError::NotAUnit));
}
