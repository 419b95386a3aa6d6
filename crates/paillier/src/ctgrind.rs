//! Secrets under valgrind's memcheck: no branch and no address depends on them. `cargo xtask
//! ctgrind` runs these tests there, one by one; elsewhere they only check results.
//!
//! The primes and what is computed from them, all random numbers (see `random::limbs`), and
//! plaintexts are secret. A key is imported and generated in variable time, by tests for primality;
//! its parts are secret nevertheless, since they are computed from secret bytes. n, ciphertexts,
//! and what the callers of `public_values` name are public.

use std::hint::black_box;

use num_bigint::{BigInt, BigUint};
use veilcast_ctgrind::{
    Plain, declassify, is_poisoned, is_under_valgrind, measured, poison, unreported,
};

use crate::{
    Ciphertext, EncodedNumber, KeyPolicy, Plaintext, PublicKey, SecretKey, ShortExponentRandomizers,
};

/// Two primes that are 3 modulo 4. They are published here: unfit for anything but tests.
const PRIMES: [&str; 2] = [
    "cf71fba4a16cfbe81b5356ae775b7796601d5f336f887a1ac988c8ea946baf26\
     dd8b8219ce6b1ca8b4987fd226e1f594147c946f9e05f2d13bf6943f30b0e407",
    "fdd9f2ca33f5face96e867ae9b9e330ea1c109782bcb99aaaea2653f11430b49\
     9013296393779cb3aceec663627e12e9f45807f0a61fa5bb7f32de15aef5e793",
];

const POLICY: KeyPolicy = KeyPolicy {
    allow_insecure_1024: true,
};

/// Makes this thread do rayon's work too: reports are silenced per thread.
fn work_here() {
    if rayon::current_thread_index().is_none() {
        rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .use_current_thread()
            .build()
            .expect("this thread is in no pool yet");
    }
}

/// A key, made from secret bytes.
fn secret_key() -> SecretKey {
    work_here();
    let [p, q] = PRIMES.map(|prime| {
        let mut bytes = number(prime).to_bytes_be();
        poison(&mut bytes);
        bytes
    });
    let key = unreported(|| SecretKey::from_primes(&p, &q, POLICY).unwrap());
    key.primes().iter().for_each(|prime| assert_secret(prime));
    key
}

/// The same key's public part, made from n alone.
fn public_key() -> PublicKey {
    work_here();
    let n = PRIMES.map(number).into_iter().product::<BigUint>();
    PublicKey::from_modulus(&n.to_bytes_be(), POLICY).unwrap()
}

fn number(hexadecimal: &str) -> BigUint {
    BigUint::parse_bytes(hexadecimal.as_bytes(), 16).unwrap()
}

/// A plaintext whose number is secret.
fn secret_plaintext(key: &PublicKey, number: u64) -> Plaintext {
    let mut limbs = vec![0; key.limbs()];
    (limbs[0], limbs[key.limbs() / 2]) = (number, !number);
    poison(&mut limbs);
    Plaintext::from_checked(limbs)
}

/// Secrets must not have been lost on the way, or nothing was measured.
fn assert_secret<T: Plain>(numbers: &[T]) {
    assert!(!is_under_valgrind() || is_poisoned(numbers), "not secret");
}

/// The same number, public.
fn opened(plaintext: &Plaintext) -> Vec<u64> {
    let mut limbs = plaintext.limbs().to_vec();
    assert_secret(&limbs);
    declassify(&mut limbs);
    limbs
}

/// Ciphertexts as somebody else receives them: public.
fn sent(key: &PublicKey, ciphertexts: &[Ciphertext]) -> Vec<Ciphertext> {
    let bytes = ciphertexts.iter().map(|c| {
        let mut bytes = key.encode_ciphertext(c);
        assert_secret(&bytes);
        declassify(&mut bytes);
        bytes
    });
    let bytes: Vec<Vec<u8>> = bytes.collect();
    key.decode_ciphertexts(bytes.iter().map(|bytes| &bytes[..]))
        .expect("these are ciphertexts")
}

/// What ciphertexts hold, found with secrets that aren't tracked.
fn held(ciphertexts: &[Ciphertext]) -> Vec<Vec<u64>> {
    let key = secret_key();
    let ciphertexts = sent(key.public_key(), ciphertexts);
    let plaintexts = unreported(|| key.decrypt_many(&ciphertexts).unwrap());
    plaintexts.iter().map(opened).collect()
}

fn assert_hold(ciphertexts: &[Ciphertext], plaintexts: &[Plaintext]) {
    let expected: Vec<Vec<u64>> = plaintexts.iter().map(opened).collect();
    assert_eq!(held(ciphertexts), expected);
}

fn plaintexts(key: &PublicKey, count: u64) -> Vec<Plaintext> {
    (1..=count).map(|i| secret_plaintext(key, i)).collect()
}

#[test]
fn the_owner_encrypts_without_a_table() {
    let key = secret_key();
    let plaintexts = plaintexts(key.public_key(), 2);
    let ciphertexts = measured(|| {
        plaintexts
            .iter()
            .map(|m| key.encrypt(m))
            .collect::<Vec<_>>()
    });
    assert_hold(&ciphertexts, &plaintexts);
}

#[test]
fn the_owner_encrypts_with_a_table() {
    let key = secret_key();
    let plaintexts = plaintexts(key.public_key(), 12);
    // The table is made here: it takes more than a few randomisers to pay off.
    let ciphertexts = measured(|| {
        let mut ciphertexts = key.encrypt_many(&plaintexts[..11]);
        ciphertexts.push(key.encrypt(&plaintexts[11]));
        ciphertexts
    });
    assert_hold(&ciphertexts, &plaintexts);
}

#[test]
fn anyone_encrypts() {
    let key = public_key();
    let plaintexts = plaintexts(&key, 4);
    let ciphertexts = measured(|| {
        let mut ciphertexts = vec![key.encrypt(&plaintexts[0])];
        ciphertexts.extend(key.encrypt_many_with(&plaintexts[1..], key.randomizers(3)));
        ciphertexts
    });
    assert_hold(&ciphertexts, &plaintexts);
}

#[test]
fn anyone_encrypts_with_short_exponents() {
    let key = public_key();
    let plaintexts = plaintexts(&key, 3);
    let ciphertexts = measured(|| {
        let source = ShortExponentRandomizers::new(&key).expect("primes are 3 modulo 4");
        key.encrypt_many_with(&plaintexts, source.randomizers(plaintexts.len()))
    });
    assert_hold(&ciphertexts, &plaintexts);
}

#[test]
fn anyone_computes_with_secret_numbers() {
    let key = public_key();
    let m = secret_plaintext(&key, 5);
    let c = sent(&key, &[key.encrypt(&key.encode(3))]).remove(0);
    let (product, sum) = measured(|| {
        let product = key.rerandomize(&key.mul(&c, &m), key.randomizer());
        (product, key.add_plaintext(&c, &key.negate(&m)))
    });
    let three = key.encode(3);
    let times_three = |m: &Plaintext| held(&[key.mul(&key.encrypt(m), &three)]);
    let five = Plaintext::from_checked(opened(&secret_plaintext(&key, 5)));
    assert_eq!(held(&[product]), times_three(&five));
    assert_eq!(held(&[key.add_plaintext(&sum, &five)]), [three.limbs()]);
}

#[test]
fn the_owner_decrypts() {
    let key = secret_key();
    let plaintexts = plaintexts(key.public_key(), 6);
    let ciphertexts = sent(key.public_key(), &key.encrypt_many(&plaintexts));
    let (one, many) = measured(|| {
        let one = key.decrypt(&ciphertexts[0]);
        (one, key.decrypt_many(&ciphertexts[1..]))
    });
    let found = [vec![one.unwrap()], many.unwrap()].concat();
    let expected: Vec<Vec<u64>> = plaintexts.iter().map(opened).collect();
    assert_eq!(found.iter().map(opened).collect::<Vec<_>>(), expected);
}

#[test]
fn the_owner_decrypts_small_numbers_together() {
    let key = secret_key();
    let public = key.public_key();
    let small = |i: u64| {
        let mut limbs = vec![0; public.limbs()];
        limbs[0] = i << 7;
        poison(&mut limbs);
        let m = Plaintext::from_checked(limbs);
        if i.is_multiple_of(2) {
            m
        } else {
            public.negate(&m)
        }
    };
    let plaintexts: Vec<Plaintext> = (0..12).map(small).collect();
    let ciphertexts = sent(public, &key.encrypt_many(&plaintexts));
    let found = measured(|| key.decrypt_bounded(&ciphertexts, 12)).unwrap();
    let expected: Vec<Vec<u64>> = plaintexts.iter().map(opened).collect();
    assert_eq!(found.iter().map(opened).collect::<Vec<_>>(), expected);
}

#[test]
fn the_owner_proves_the_key() {
    let key = secret_key();
    let proof = measured(|| key.key_proof());
    assert!(public_key().prove(proof).is_ok());
}

#[test]
fn signed_numbers_are_encoded_and_decoded() {
    let key = public_key();
    for value in [0, 1, -1, i128::MAX, 1 - i128::MAX, -i128::MAX] {
        let mut secret = [value as u64, (value >> 64) as u64];
        poison(&mut secret);
        let secret_value = (u128::from(secret[1]) << 64 | u128::from(secret[0])) as i128;
        let (plaintext, decoded) = measured(|| {
            let plaintext = key.encode(secret_value);
            let decoded = key.decode(&plaintext).expect("it fits");
            (plaintext, [decoded as u64, (decoded >> 64) as u64])
        });
        let mut decoded = decoded;
        declassify(&mut decoded);
        assert_eq!(decoded, [value as u64, (value >> 64) as u64]);
        let n = BigInt::from(BigUint::from_bytes_be(&key.modulus()));
        let number = opened(&plaintext)
            .iter()
            .rev()
            .fold(BigInt::ZERO, |number, &limb| (number << 64) + limb);
        assert_eq!(number, (BigInt::from(value) + &n) % n);
    }
}

#[test]
fn plaintexts_are_compared() {
    let key = public_key();
    let [x, y] = [7, 8].map(|number| secret_plaintext(&key, number));
    for (x, y, expected) in [(&x, &x.clone(), 1), (&x, &y, 0)] {
        let mut equal = [measured(|| u8::from(black_box(x) == y))];
        assert_secret(&equal);
        declassify(&mut equal);
        assert_eq!(equal, [expected]);
    }
}

#[test]
fn fractions_are_encoded_and_decoded() {
    let key = public_key();
    for value in [0.0_f64, 1.0, -1.0, 0.1, -1e-300, 5e-324, 1e308, -1e308] {
        let mut secret = [value.to_bits()];
        poison(&mut secret);
        let secret_value = f64::from_bits(secret[0]);
        let (encoded, fewer_bits) = measured(|| {
            let exact = EncodedNumber::from_f64(&key, secret_value).expect("it is finite");
            let exponent = exact.exponent();
            let rounded = EncodedNumber::from_f64_with_exponent(&key, secret_value, exponent + 8);
            let exact = exact
                .decrease_exponent_to(&key, exponent - 8)
                .expect("it fits");
            (exact, rounded.expect("it fits"))
        });
        opened(encoded.plaintext());
        let decoded = |number: &EncodedNumber| {
            let decoded = measured(|| number.to_f64(&key).expect("it fits").to_bits());
            let mut bits = [decoded];
            assert_secret(&bits);
            declassify(&mut bits);
            f64::from_bits(bits[0])
        };
        assert_eq!(decoded(&encoded), value);
        let exponent = fewer_bits.exponent();
        let expected = EncodedNumber::from_f64_with_exponent(&key, value, exponent).unwrap();
        assert_eq!(decoded(&fewer_bits), expected.to_f64(&key).unwrap());
    }
}

/// Code in variable time is reported: without these tests those above would show nothing.
mod controls {
    use veilcast_ctgrind::reports;

    use super::*;

    /// Memcheck, if it is running, must have reported something.
    fn assert_reported(reports: u64) {
        assert!(reports > 0 || !is_under_valgrind(), "memcheck is blind");
    }

    #[test]
    fn a_multiple_in_variable_time_is_reported() {
        let key = public_key();
        let c = sent(&key, &[key.encrypt(&key.encode(3))]).remove(0);
        let factor = secret_plaintext(&key, 5);
        assert_reported(reports(|| key.mul_vartime(&c, &factor)).1);
    }

    #[test]
    fn tests_for_primality_are_reported() {
        let key = secret_key();
        let [p, q] = key.primes();
        assert_reported(reports(|| SecretKey::from_primes(&p, &q, POLICY).is_ok()).1);
    }

    #[test]
    fn a_branch_on_a_comparison_is_reported() {
        let key = public_key();
        let [x, y] = [(); 2].map(|()| key.random_plaintext());
        let branch = || if x == y { black_box(1) } else { black_box(2) };
        assert_reported(reports(branch).1);
    }
}
