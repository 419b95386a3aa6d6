//! Public values through serde: there and back, and nothing that has not been checked.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use veilcast_paillier::{KeyPolicy, KeyProof, KeyedCiphertexts, PublicKey, SecretKey};

static SECRET: LazyLock<SecretKey> = LazyLock::new(|| {
    let json = include_str!("../fixtures/keys/good-2048.json");
    SecretKey::from_json(json, KeyPolicy::default()).unwrap()
});

/// A public fixture's n, as files and serde write it.
fn modulus(json: &str) -> Value {
    let file: Value = serde_json::from_str(json).unwrap();
    file["n"].clone()
}

fn refusal(value: Value) -> String {
    let refused = serde_json::from_value::<KeyedCiphertexts>(value);
    refused.unwrap_err().to_string()
}

#[test]
fn public_values_come_back() {
    let key = SECRET.public_key();
    let text = serde_json::to_value(key).unwrap();
    assert_eq!(text, json!(URL_SAFE_NO_PAD.encode(key.modulus())));
    assert_eq!(&serde_json::from_value::<PublicKey>(text).unwrap(), key);

    let proof = SECRET.key_proof();
    let text = serde_json::to_value(proof).unwrap();
    let read: KeyProof = serde_json::from_value(text).unwrap();
    assert!(key.prove(&read).is_ok());

    let ciphertexts = SECRET.encrypt_many(&[key.encode(5), key.encode(-7)]);
    let sent = KeyedCiphertexts::new(key.clone(), ciphertexts);
    let text = serde_json::to_string(&sent).unwrap();
    let received: KeyedCiphertexts = serde_json::from_str(&text).unwrap();
    assert_eq!(received, sent);
    let (key, ciphertexts) = received.into_parts();
    let sum = key.add(&ciphertexts[0], &ciphertexts[1]);
    assert_eq!(key.decode(&SECRET.decrypt(&sum).unwrap()), Some(-2));
}

#[test]
fn keys_are_checked() {
    for (json, expected) in [
        (include_str!("../fixtures/keys/public-even.json"), "is even"),
        (
            include_str!("../fixtures/keys/public-prime.json"),
            "is a prime",
        ),
        (
            include_str!("../fixtures/keys/public-tiny.json"),
            "has 4 bits",
        ),
    ] {
        let n = modulus(json);
        let refused = serde_json::from_value::<PublicKey>(n.clone());
        let error = refused.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        let error = refusal(json!({"key": n, "ciphertexts": []}));
        assert!(error.contains(expected), "{error}");
    }
    for text in [json!("+/8="), json!(7)] {
        assert!(serde_json::from_value::<PublicKey>(text.clone()).is_err());
        assert!(serde_json::from_value::<KeyProof>(text).is_err());
    }
}

#[test]
fn ciphertexts_are_checked() {
    let key = SECRET.public_key();
    let width = key.ciphertext_bytes();
    let mut n = vec![0; width / 2];
    n.extend(key.modulus());
    for (bytes, expected) in [
        (vec![0; width], "ciphertext 0 is not between 1 and n² − 1"),
        (
            vec![0xff; width],
            "ciphertext 0 is not between 1 and n² − 1",
        ),
        (vec![1; width - 1], "ciphertext 0 has 511 bytes"),
        (n, "not coprime"),
    ] {
        let text = URL_SAFE_NO_PAD.encode(bytes);
        let error = refusal(json!({"key": key, "ciphertexts": [text]}));
        assert!(error.contains(expected), "{error}");
    }
    let error = refusal(json!({"key": key, "ciphertexts": ["+/8="]}));
    assert!(error.contains("not base64url"), "{error}");
    let error = refusal(json!({"key": key, "ciphertexts": [], "more": 1}));
    assert!(error.contains("unknown field"), "{error}");
}

#[test]
#[should_panic(expected = "belong to one key")]
fn ciphertexts_of_another_key_are_not_put_together() {
    let policy = KeyPolicy {
        allow_insecure_1024: true,
    };
    let json = include_str!("../fixtures/keys/insecure-1024.json");
    let other = SecretKey::from_json(json, policy).unwrap();
    let c = SECRET.encrypt(&SECRET.public_key().encode(1));
    KeyedCiphertexts::new(other.public_key().clone(), vec![c]);
}
