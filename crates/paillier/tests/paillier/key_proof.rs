//! Proofs of keys: right ones convince, and nothing convinces of a modulus that isn't fit.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::One;
use veilcast_paillier::{KeyPolicy, KeyProof, KeyProofError, PublicKey, SecretKey};

const TESTS_ONLY: KeyPolicy = KeyPolicy {
    allow_insecure_1024: true,
};

fn fixture(name: &str) -> String {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn secret_key(name: &str) -> SecretKey {
    SecretKey::from_json(&fixture(&format!("keys/{name}")), TESTS_ONLY).unwrap()
}

/// A modulus that attacks a service, and its prime factors with their exponents.
struct Hostile {
    name: String,
    n: BigUint,
    factors: Vec<(BigUint, u32)>,
}

fn hostile_moduli() -> Vec<Hostile> {
    let file: serde_json::Value = serde_json::from_str(&fixture("hostile-moduli.json")).unwrap();
    let number = |text: &serde_json::Value| {
        BigUint::parse_bytes(text.as_str().unwrap().as_bytes(), 16).unwrap()
    };
    let modulus = |value: &serde_json::Value| {
        let factors = value["factors"].as_array().unwrap().iter();
        Hostile {
            name: value["name"].as_str().unwrap().to_owned(),
            n: number(&value["n"]),
            factors: factors
                .map(|factor| (number(&factor[0]), factor[1].as_u64().unwrap() as u32))
                .collect(),
        }
    };
    file["moduli"]
        .as_array()
        .unwrap()
        .iter()
        .map(modulus)
        .collect()
}

/// ρᵢ, written down from the description again.
fn challenge(n: &BigUint, i: u64) -> BigUint {
    use shake::{ExtendableOutput as _, Update as _, XofReader as _};
    let bytes = n.to_bytes_be();
    let mut absorbed = shake::Shake256::default();
    absorbed.update(b"veilcast key proof v1");
    absorbed.update(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
    absorbed.update(&bytes);
    absorbed.update(&i.to_be_bytes());
    let mut output = vec![0; bytes.len() + 16];
    absorbed.finalize_xof().read(&mut output);
    BigUint::from_bytes_be(&output) % n
}

/// The best that the owner of any modulus can do: right roots where n has an inverse modulo the order
/// of the units, and where it has none, roots of what they can be roots of.
fn best_proof(hostile: &Hostile) -> KeyProof {
    let order = hostile
        .factors
        .iter()
        .fold(BigUint::one(), |order, (p, k)| {
            order.lcm(&(p.pow(k - 1) * (p - 1u8)))
        });
    // Without the primes that n and the order share, n can be inverted.
    let mut coprime = order.clone();
    loop {
        let common = coprime.gcd(&hostile.n);
        if common.is_one() {
            break;
        }
        coprime /= common;
    }
    let exponent = hostile.n.modinv(&coprime).unwrap();
    let length = hostile.n.to_bytes_be().len();
    let root = |i| {
        let root = challenge(&hostile.n, i).modpow(&exponent, &hostile.n);
        let bytes = root.to_bytes_be();
        [vec![0; length - bytes.len()], bytes].concat()
    };
    KeyProof::from_bytes((0..8).flat_map(root).collect::<Vec<u8>>())
}

#[test]
fn proofs_equal_those_of_python() {
    let file: serde_json::Value = serde_json::from_str(&fixture("key-proof.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 2);
    for case in cases {
        let key = secret_key(case["key"].as_str().unwrap());
        let expected = URL_SAFE_NO_PAD
            .decode(case["proof"].as_str().unwrap())
            .unwrap();
        assert_eq!(key.key_proof().as_bytes(), expected);
        let n = BigUint::from_bytes_be(&key.public_key().modulus());
        let last = BigUint::parse_bytes(case["challenge"].as_str().unwrap().as_bytes(), 16);
        assert_eq!(challenge(&n, 7), last.unwrap());
        let proven = key.public_key().prove(key.key_proof()).unwrap();
        assert_eq!(&*proven, key.public_key());
    }
}

#[test]
fn new_keys_prove_themselves() {
    let key = SecretKey::generate(1024, TESTS_ONLY).unwrap();
    key.public_key().prove(key.key_proof()).unwrap();
    let n = BigUint::from_bytes_be(&key.public_key().modulus());
    for (i, root) in (0..).zip(key.key_proof().as_bytes().chunks(128)) {
        let power = BigUint::from_bytes_be(root).modpow(&n, &n);
        assert_eq!(power, challenge(&n, i));
    }
}

#[test]
fn whatever_is_changed_in_a_proof_is_found() {
    let key = secret_key("insecure-1024.json");
    let public = key.public_key();
    let good = key.key_proof().as_bytes();
    let prove = |bytes: Vec<u8>| public.prove(&KeyProof::from_bytes(bytes)).err();
    assert_eq!(prove(good.to_vec()), None);

    let wrong_length = |found| {
        Some(KeyProofError::Length {
            expected: 1024,
            found,
        })
    };
    assert_eq!(prove(Vec::new()), wrong_length(0));
    assert_eq!(prove(good[..1023].to_vec()), wrong_length(1023));
    assert_eq!(prove(good[..896].to_vec()), wrong_length(896));
    assert_eq!(prove([good, &good[..128]].concat()), wrong_length(1152));

    for i in 0..8 {
        let with_root = |root: &[u8]| {
            let mut bytes = good.to_vec();
            bytes[128 * i..128 * (i + 1)].copy_from_slice(root);
            prove(bytes)
        };
        assert_eq!(with_root(&[0; 128]), Some(KeyProofError::Range(i)));
        assert_eq!(
            with_root(&public.modulus()),
            Some(KeyProofError::Range(i)),
            "n"
        );
        assert_eq!(with_root(&[0xff; 128]), Some(KeyProofError::Range(i)));
        let mut flipped = good[128 * i..128 * (i + 1)].to_vec();
        flipped[127] ^= 1;
        assert_eq!(with_root(&flipped), Some(KeyProofError::Root(i)));
        // Another root of another number.
        let next = (i + 1) % 8;
        let other = &good[128 * next..128 * (next + 1)];
        assert_eq!(with_root(other), Some(KeyProofError::Root(i)));
    }
    let reversed: Vec<u8> = good.chunks(128).rev().flatten().copied().collect();
    assert_eq!(prove(reversed), Some(KeyProofError::Root(0)));

    // Another key's.
    let other = SecretKey::generate(1024, TESTS_ONLY).unwrap();
    let foreign = other.key_proof().as_bytes().to_vec();
    assert!(matches!(
        prove(foreign),
        Some(KeyProofError::Root(0) | KeyProofError::Range(_))
    ));
}

#[test]
fn no_proof_makes_a_bad_modulus_good() {
    for hostile in hostile_moduli() {
        let key = PublicKey::from_modulus(&hostile.n.to_bytes_be(), KeyPolicy::default()).unwrap();
        let proof = best_proof(&hostile);
        if hostile.name == "multi-prime" {
            // Its owner alone is at risk.
            key.prove(&proof).unwrap();
            continue;
        }
        let error = key.prove(&proof).unwrap_err();
        let is_wrong = matches!(error, KeyProofError::Root(_) | KeyProofError::Range(_));
        assert!(is_wrong, "{}: {error:?}", hostile.name);
    }
}
