//! Encodings that are not ciphertexts are refused before any use.

use num_bigint::BigUint;
use veilcast_paillier::{CiphertextError, KeyPolicy, SecretKey};

fn key() -> SecretKey {
    let tests_only = KeyPolicy {
        allow_insecure_1024: true,
    };
    SecretKey::from_json(
        include_str!("../fixtures/keys/insecure-1024.json"),
        tests_only,
    )
    .unwrap()
}

fn encoded(number: &BigUint, width: usize) -> Vec<u8> {
    let digits = number.to_bytes_be();
    [vec![0; width - digits.len()], digits].concat()
}

#[test]
fn only_units_below_n_squared_in_canonical_width_are_ciphertexts() {
    let secret = key();
    let key = secret.public_key();
    let n = BigUint::from_bytes_be(&key.modulus());
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../fixtures/keys/insecure-1024.json")).unwrap();
    use base64::Engine;
    let p = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(file["p"].as_str().unwrap())
        .unwrap();
    let p = BigUint::from_bytes_be(&p);
    let width = key.ciphertext_bytes();
    let good = key.encode_ciphertext(&secret.encrypt(&key.encode(5)));

    let range = CiphertextError::Range { index: 1 };
    let cases = [
        ("zero", BigUint::ZERO, range),
        ("n", n.clone(), CiphertextError::NotAUnit),
        ("2n", &n * 2u8, CiphertextError::NotAUnit),
        ("a multiple of p", &p * 12345u32, CiphertextError::NotAUnit),
        ("p squared", &p * &p, CiphertextError::NotAUnit),
        ("n squared", &n * &n, range),
        ("above n squared", &n * &n + 1u8, range),
        ("all ones", (BigUint::from(1u8) << (8 * width)) - 1u8, range),
    ];
    for (name, number, expected) in cases {
        let bad = encoded(&number, width);
        assert_eq!(
            key.decode_ciphertexts([&good[..], &bad]),
            Err(expected),
            "{name}"
        );
    }
    for (index, bytes) in [&good[1..], &[&[0], &good[..]].concat(), &[]]
        .into_iter()
        .enumerate()
    {
        let error = key.decode_ciphertext(bytes).unwrap_err();
        assert!(
            matches!(error, CiphertextError::Width { index: 0, .. }),
            "case {index}: {error}"
        );
    }
    // The ends of the range are ciphertexts, and so is the good one, byte for byte.
    let ends = [
        encoded(&BigUint::from(1u8), width),
        encoded(&(&n * &n - 1u8), width),
        good.clone(),
    ];
    let read = key
        .decode_ciphertexts(ends.iter().map(Vec::as_slice))
        .unwrap();
    assert_eq!(
        read.iter()
            .map(|c| key.encode_ciphertext(c))
            .collect::<Vec<_>>(),
        ends
    );
}

#[test]
fn equal_plaintexts_encrypt_differently_each_time() {
    let secret = key();
    let key = secret.public_key();
    let m = key.encode(1);
    let mut seen = std::collections::HashSet::new();
    for _ in 0..20 {
        assert!(seen.insert(key.encode_ciphertext(&secret.encrypt(&m))));
        assert!(seen.insert(key.encode_ciphertext(&key.encrypt(&m))));
    }
}

#[test]
#[should_panic(expected = "belong to one key")]
fn ciphertexts_of_another_key_are_not_mixed_in() {
    let tests_only = KeyPolicy {
        allow_insecure_1024: true,
    };
    let (ours, theirs) = (key(), SecretKey::generate(1024, tests_only).unwrap());
    let c = theirs.encrypt(&theirs.public_key().encode(1));
    let _ = ours.decrypt(&c);
}

#[test]
fn generated_keys_are_well_formed() {
    let tests_only = KeyPolicy {
        allow_insecure_1024: true,
    };
    for bits in [1024, 2048] {
        let key = SecretKey::generate(bits, tests_only).unwrap();
        assert_eq!(key.public_key().bits(), bits);
        // Read back, with every check that a stranger's file gets.
        let file: serde_json::Value = serde_json::from_str(&key.to_json("test")).unwrap();
        for prime in ["p", "q"] {
            use base64::Engine;
            let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
                .decode(file[prime].as_str().unwrap())
                .unwrap();
            assert_eq!(bytes.last().unwrap() % 4, 3, "{prime} is 3 modulo 4");
            assert_eq!(bytes[0] >> 6, 3, "{prime} has its two top bits set");
        }
        SecretKey::from_json(&key.to_json("test"), tests_only).unwrap();
    }
}
