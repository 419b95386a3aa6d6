//! Fractions in python-paillier's form: its answers, and the ends of the range.

use std::sync::LazyLock;

use num_bigint::BigUint;
use serde_json::Value;
use veilcast_paillier::{
    EncodedNumber, EncodedNumberError, KeyPolicy, Plaintext, PublicKey, SecretKey,
};

static SECRET: LazyLock<SecretKey> = LazyLock::new(|| {
    let policy = KeyPolicy {
        allow_insecure_1024: true,
    };
    SecretKey::from_json(include_str!("../fixtures/keys/insecure-1024.json"), policy).unwrap()
});

static VECTORS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../fixtures/fixed-point.json")).unwrap());

fn key() -> &'static PublicKey {
    SECRET.public_key()
}

fn cases(name: &str) -> &'static [Value] {
    let cases = VECTORS[name].as_array().unwrap();
    assert!(!cases.is_empty());
    cases
}

fn plaintext(hexadecimal: &Value) -> Plaintext {
    let number = BigUint::parse_bytes(hexadecimal.as_str().unwrap().as_bytes(), 16);
    key().plaintext(&number.unwrap().to_u64_digits()).unwrap()
}

/// A number as its bits: JSON's decimal fractions would be another conversion.
fn float(bits: &Value) -> f64 {
    f64::from_bits(u64::from_str_radix(bits.as_str().unwrap(), 16).unwrap())
}

fn exponent(case: &Value) -> i32 {
    i32::try_from(case["exponent"].as_i64().unwrap()).unwrap()
}

/// The encoding that a case gives.
fn encoded(case: &Value) -> EncodedNumber {
    EncodedNumber::from_plaintext(plaintext(&case["encoding"]), exponent(case))
}

#[test]
fn encodings_equal_those_of_python_paillier() {
    for case in cases("encode") {
        let value = float(&case["value"]);
        let found = match (&case["precision"], &case["max_exponent"]) {
            (Value::Null, Value::Null) => EncodedNumber::from_f64(key(), value),
            (precision, Value::Null) => {
                EncodedNumber::from_f64_with_precision(key(), value, float(precision))
            }
            (_, max) => {
                let exact = EncodedNumber::from_f64(key(), value).unwrap();
                let max = i32::try_from(max.as_i64().unwrap()).unwrap();
                EncodedNumber::from_f64_with_exponent(key(), value, max.min(exact.exponent()))
            }
        };
        match case["error"].is_null() {
            true => assert_eq!(found.unwrap(), encoded(case), "{case}"),
            false => assert_eq!(found, Err(EncodedNumberError::TooLarge), "{case}"),
        }
    }
    for case in cases("integers") {
        let value: i128 = case["value"].as_str().unwrap().parse().unwrap();
        let found = EncodedNumber::from_integer(key(), value);
        assert_eq!(found, encoded(case), "{case}");
    }
}

#[test]
fn decoded_numbers_equal_those_of_python_paillier() {
    for case in cases("decode") {
        let found = encoded(case).to_f64(key());
        match case["error"].as_str() {
            None => assert_eq!(found.unwrap(), float(&case["value"]), "{case}"),
            Some("overflow") => assert_eq!(found, Err(EncodedNumberError::Overflow), "{case}"),
            Some(_) => assert_eq!(found, Err(EncodedNumberError::NoFloat), "{case}"),
        }
    }
}

#[test]
fn smaller_exponents_equal_those_of_python_paillier() {
    for case in cases("decrease") {
        let exponent = i32::try_from(case["to"].as_i64().unwrap()).unwrap();
        let found = encoded(case).decrease_exponent_to(key(), exponent).unwrap();
        assert_eq!(found.plaintext(), &plaintext(&case["decreased"]), "{case}");
        assert_eq!(found.exponent(), exponent);
    }
}

/// Sums and products that python-paillier computed on its own ciphertexts.
#[test]
fn what_python_paillier_computed_is_decrypted() {
    for case in cases("computed") {
        let ciphertext = case["ciphertext"].as_str().unwrap();
        let ciphertext = BigUint::parse_bytes(ciphertext.as_bytes(), 16).unwrap();
        let bytes = ciphertext.to_bytes_be();
        let width = key().ciphertext_bytes();
        let bytes = [vec![0; width - bytes.len()], bytes].concat();
        let ciphertext = key().decode_ciphertext(&bytes).unwrap();
        let plaintext = SECRET.decrypt(&ciphertext).unwrap();
        let number = EncodedNumber::from_plaintext(plaintext, exponent(case));
        assert_eq!(
            number.to_f64(key()).unwrap(),
            float(&case["value"]),
            "{case}"
        );
    }
}

#[test]
fn all_floats_come_back_exactly() {
    let ends = [f64::MIN_POSITIVE, f64::MAX, f64::EPSILON, 5e-324, 0.0];
    // Significands of all lengths at all magnitudes, by a multiplicative generator.
    let mut state = 1_u64;
    let random = (0..500).map(|i| {
        state = state.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) ^ i;
        f64::from_bits(state & !(1 << 62) >> (i % 50))
    });
    let finite = random.filter(|value| value.is_finite());
    for value in ends.into_iter().chain(finite) {
        for value in [value, -value] {
            let number = EncodedNumber::from_f64(key(), value).unwrap();
            assert_eq!(number.to_f64(key()).unwrap(), value, "{value:e}");
        }
    }
}

#[test]
fn halves_are_rounded_to_even() {
    let decode = |value, exponent| {
        let number = EncodedNumber::from_f64_with_exponent(key(), value, exponent);
        key().decode(number.unwrap().plaintext()).unwrap()
    };
    for (value, expected) in [
        (0.5, 0),
        (1.5, 2),
        (2.5, 2),
        (-2.5, -2),
        (-3.5, -4),
        (2.51, 3),
    ] {
        assert_eq!(decode(value, 0), expected, "{value}");
    }
    assert_eq!(decode(8.0, 1), 0);
    assert_eq!(decode(24.0, 1), 2);
    assert_eq!(decode(1e300, 10_000), 0);
}

#[test]
fn what_has_no_encoding_is_refused() {
    use EncodedNumberError as Error;

    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let refused = EncodedNumber::from_f64(key(), value);
        assert_eq!(refused, Err(Error::NotFinite));
        let refused = EncodedNumber::from_f64_with_exponent(key(), value, 0);
        assert_eq!(refused, Err(Error::NotFinite));
    }
    for precision in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused = EncodedNumber::from_f64_with_precision(key(), 1.0, precision);
        assert_eq!(refused, Err(Error::Precision), "{precision}");
    }
    for exponent in [-256, -1000, i32::MIN] {
        let refused = EncodedNumber::from_f64_with_exponent(key(), 1.0, exponent);
        assert_eq!(refused, Err(Error::TooLarge), "{exponent}");
        // Zero fits everywhere.
        assert!(EncodedNumber::from_f64_with_exponent(key(), 0.0, exponent).is_ok());
    }
    let one = EncodedNumber::from_integer(key(), 1);
    let (from, to) = (0, 1);
    let refused = one.decrease_exponent_to(key(), 1);
    assert_eq!(refused, Err(Error::RaisedExponent { from, to }));
    assert!(one.decrease_exponent_to(key(), -254).is_ok());
    for exponent in [-256, -10_000, i32::MIN] {
        let refused = one.decrease_exponent_to(key(), exponent);
        assert_eq!(refused, Err(Error::TooLarge), "{exponent}");
    }
}

#[test]
#[should_panic(expected = "a key of another size")]
fn a_number_of_another_key_is_not_decoded() {
    let other = include_str!("../fixtures/keys/good-2048.json");
    let other = SecretKey::from_json(other, KeyPolicy::default()).unwrap();
    let _ = EncodedNumber::from_integer(key(), 1).to_f64(other.public_key());
}
