//! Key files: good ones are read, faulty ones each get their own error.

use veilcast_paillier::{KeyPolicy, PublicKeyFile, SecretKey};

const SECURE: KeyPolicy = KeyPolicy {
    allow_insecure_1024: false,
};

fn fixture(name: &str) -> String {
    let path = format!(
        "{}/tests/fixtures/keys/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// An error and its sources, as programs print them.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = sources.map(|error| error.to_string()).collect();
    texts.join(": ")
}

#[test]
fn a_key_from_python_paillier_is_read_and_written_back() {
    let key = SecretKey::from_json(&fixture("good-2048"), SECURE).unwrap();
    assert_eq!(key.public_key().bits(), 2048);
    let written = key.to_json("name");
    let again = SecretKey::from_json(&written, SECURE).unwrap();
    assert_eq!(again.public_key(), key.public_key());

    // The public part can be read from the secret file, and from its own, with its proof.
    let public = PublicKeyFile::from(&key);
    assert_eq!(public.proof.as_ref(), Some(key.key_proof()));
    for json in [&*written, &public.to_json("name")] {
        assert_eq!(PublicKeyFile::from_json(json, SECURE).unwrap(), public);
    }
    assert!(!public.to_json("name").contains("\"p\""));

    // Other programs' files have none.
    let others = PublicKeyFile::from_json(&fixture("good-2048"), SECURE).unwrap();
    assert_eq!((&others.key, others.proof), (key.public_key(), None));
}

#[test]
fn faulty_secret_keys_each_get_their_error() {
    let cases = [
        ("composite-p", "p of the key is not a prime number"),
        ("composite-q", "q of the key is not a prime number"),
        ("even-p", "p of the key is not a prime number"),
        ("p-is-1", "have 1 and 2048 bits"),
        ("empty-p", "have 0 and 1024 bits"),
        ("empty-p-long-q", "have 0 and 2048 bits"),
        ("zero-p", "have 0 and 1024 bits"),
        ("zero-q-long-p", "have 2048 and 0 bits"),
        ("no-primes", "a key of 0 bits is not supported"),
        ("equal-primes", "too close to each other"),
        ("close-primes", "too close to each other"),
        ("unequal-primes", "have 1000 and 1048 bits"),
        ("other-modulus", "n is not p times q"),
        ("not-base64", "\"p\" in the key file is not a number"),
        ("padded-base64", "\"p\" in the key file is not a number"),
        ("other-type", "\"kty\" is \"RSA\""),
        ("missing-q", "missing field `q`"),
        ("number-instead-of-text", "invalid type: integer"),
        ("truncated", "not a Paillier key file"),
        ("empty", "not a Paillier key file"),
        ("not-json", "not a Paillier key file"),
        ("too-small-512", "a key of 512 bits is not supported"),
        ("insecure-1024", "a key of 1024 bits is not supported"),
        ("public-good", "missing field `p`"),
    ];
    for (name, expected) in cases {
        let error = chain(&SecretKey::from_json(&fixture(name), SECURE).expect_err(name));
        assert_eq!(error.matches(expected).count(), 1, "{name}: {error}");
    }
    let long = " ".repeat(100_000);
    assert!(
        SecretKey::from_json(&long, SECURE)
            .unwrap_err()
            .to_string()
            .contains("100000 bytes")
    );
}

#[test]
fn faulty_public_keys_each_get_their_error() {
    let cases = [
        ("public-even", "is even"),
        ("public-prime", "is a prime"),
        ("public-square", "perfect power (exponent 2)"),
        ("public-cube", "perfect power (exponent 3)"),
        ("public-small-factor", "divisible by 65521"),
        ("public-tiny", "has 4 bits"),
        ("public-2047-bits", "has 2046 bits"),
        ("public-huge", "has 65536 bits"),
        ("insecure-1024", "has 1024 bits"),
        ("other-algorithm", "\"alg\" is \"PAI-GN2\""),
        (
            "public-proof-forged",
            "root 7 (from 0) of the key's proof is wrong",
        ),
        ("public-proof-short", "the key's proof has 2047 bytes"),
        (
            "public-proof-not-base64",
            "\"proof\" in the key file is not a number",
        ),
        (
            "public-proof-of-another-key",
            "root 0 (from 0) of the key's proof is wrong",
        ),
    ];
    for (name, expected) in cases {
        let error = chain(&PublicKeyFile::from_json(&fixture(name), SECURE).expect_err(name));
        assert!(error.contains(expected), "{name}: {error}");
    }
    PublicKeyFile::from_json(&fixture("public-good"), SECURE).unwrap();
}

#[test]
fn keys_of_1024_bits_need_the_insecure_policy() {
    let insecure = KeyPolicy {
        allow_insecure_1024: true,
    };
    SecretKey::from_json(&fixture("insecure-1024"), insecure).unwrap();
    PublicKeyFile::from_json(&fixture("insecure-1024"), insecure).unwrap();
    assert!(SecretKey::generate(1024, SECURE).is_err());
    assert!(SecretKey::generate(2000, insecure).is_err());
}

#[test]
fn nothing_secret_is_formatted() {
    let key = SecretKey::from_json(&fixture("good-2048"), SECURE).unwrap();
    let m = key.public_key().encode(123_456);
    let shown = format!("{key:?} {m:?} {:?}", key.randomizer());
    let json: serde_json::Value = serde_json::from_str(&fixture("good-2048")).unwrap();
    for secret in ["p", "q"] {
        assert!(!shown.contains(json[secret].as_str().unwrap()));
    }
    assert!(!shown.contains("123456") && shown.len() < 200, "{shown}");
}
