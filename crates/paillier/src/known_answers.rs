//! python-paillier's ciphertexts for given randomness, bit for bit.

use base64::Engine;
use crypto_bigint::BoxedUint;
use num_bigint::BigUint;
use zeroize::Zeroizing;

use crate::encoding::limbs_from_bytes;
use crate::key_proof::challenges;
use crate::{KeyPolicy, KeyProof, PublicKey, Randomizer, SecretKey};

impl Randomizer {
    /// rⁿ for a known r: tests only, so that nothing else can fix the randomness.
    fn from_r(key: &PublicKey, r: &[u64]) -> Self {
        let r = key.ring().residue(r);
        Self {
            residue: key.ring().pow_vartime(&r, key.ring().n()),
            key_tag: key.tag(),
        }
    }
}

#[test]
fn ciphertexts_equal_those_of_python_paillier() {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../tests/fixtures/phe.json")).unwrap();
    for vector in file["keys"].as_array().unwrap() {
        let policy = KeyPolicy {
            allow_insecure_1024: vector["bits"] == 1024,
        };
        let secret = SecretKey::from_json(&vector["key"].to_string(), policy).unwrap();
        let key = secret.public_key();
        for case in vector["cases"].as_array().unwrap() {
            let number = |field: &str| {
                BigUint::parse_bytes(case[field].as_str().unwrap().as_bytes(), 16).unwrap()
            };
            let limbs = |field: &str| limbs_from_bytes(&number(field).to_bytes_be());
            let m = key.plaintext(&limbs("m")).unwrap();
            let c = key.encrypt_with(&m, Randomizer::from_r(key, &limbs("r")));
            assert_eq!(
                BigUint::from_bytes_be(&key.encode_ciphertext(&c)),
                number("c")
            );
            assert_eq!(secret.decrypt(&c), Ok(m));
        }
    }
}

#[test]
fn a_fault_in_a_half_is_caught() {
    let json = include_str!("../tests/fixtures/keys/insecure-1024.json");
    let secret = SecretKey::from_json(
        json,
        KeyPolicy {
            allow_insecure_1024: true,
        },
    )
    .unwrap();
    let key = secret.public_key();
    // A non-unit can't be a ciphertext from outside; a fault can make one inside.
    let file: serde_json::Value = serde_json::from_str(json).unwrap();
    let p = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(file["p"].as_str().unwrap())
        .unwrap();
    let mut c = secret.encrypt(&key.encode(7));
    c.residue = key
        .ring()
        .mul(&c.residue, &key.ring().residue(&limbs_from_bytes(&p)));
    assert_eq!(secret.decrypt(&c), Err(crate::DecryptError));
}

/// A fault after the power doesn't affect Fermat's check: the factor of the logarithm is wrong.
#[test]
fn a_fault_after_the_power_is_caught() {
    let json = include_str!("../tests/fixtures/keys/insecure-1024.json");
    let policy = KeyPolicy {
        allow_insecure_1024: true,
    };
    for prime in [0, 1] {
        let mut secret = SecretKey::from_json(json, policy).unwrap();
        let c = secret.encrypt(&secret.public_key().encode(7));
        assert!(secret.decrypt(&c).is_ok());
        secret.damage_message_factor(prime);
        assert_eq!(secret.decrypt(&c), Err(crate::DecryptError));
    }
}

/// A wrong root, caused by a fault modulo one of the primes, would reveal them: it is never
/// returned.
#[test]
#[should_panic(expected = "the roots of an owner's proof are right: Root(7)")]
fn a_fault_in_a_root_of_a_proof_is_caught() {
    let json = include_str!("../tests/fixtures/keys/insecure-1024.json");
    let policy = KeyPolicy {
        allow_insecure_1024: true,
    };
    let secret = SecretKey::from_json(json, policy).unwrap();
    let (key, proof) = (secret.public_key(), secret.key_proof());
    let number = |root| Zeroizing::new(BoxedUint::from_words(limbs_from_bytes(root)));
    let mut roots: Vec<_> = proof
        .as_bytes()
        .chunks(8 * key.limbs())
        .map(number)
        .collect();
    roots[7] = Zeroizing::new(roots[7].wrapping_add(BoxedUint::one()));
    KeyProof::from_roots(key, &challenges(key), &roots);
}
