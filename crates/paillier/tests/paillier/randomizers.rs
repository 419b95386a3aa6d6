//! The ways to make randomisers: each makes encryptions of 0, and no two alike.

use std::collections::HashSet;
use std::sync::Arc;

use veilcast_paillier::{
    KeyPolicy, Randomizer, RandomizerPool, SecretKey, ShortExponentRandomizers,
};

const TESTS_ONLY: KeyPolicy = KeyPolicy {
    allow_insecure_1024: true,
};

fn check(secret: &SecretKey, count: usize, make: impl Fn() -> Randomizer) {
    let key = secret.public_key();
    let m = key.encode(-1234);
    let mut seen = HashSet::new();
    for _ in 0..count {
        let c = key.encrypt_with(&m, make());
        assert_eq!(key.decode(&secret.decrypt(&c).unwrap()), Some(-1234));
        assert!(seen.insert(key.encode_ciphertext(&c)));
    }
}

#[test]
fn every_source_makes_fresh_encryptions_of_zero() {
    for bits in [1024, 2048] {
        let secret = SecretKey::generate(bits, TESTS_ONLY).unwrap();
        let key = secret.public_key();
        check(&secret, 3, || key.randomizer());
        let made = std::cell::RefCell::new(key.randomizers(11));
        check(&secret, 11, || made.borrow_mut().pop().unwrap());
        // Before and after the owner's tables are made.
        check(&secret, 30, || secret.randomizer());
        let many: Vec<_> = (0..70).map(|v| key.encode(v)).collect();
        let encrypted = secret.encrypt_many(&many);
        assert_eq!(secret.decrypt_many(&encrypted).unwrap(), many);
        let distinct: HashSet<_> = encrypted.iter().map(|c| key.encode_ciphertext(c)).collect();
        assert_eq!(distinct.len(), many.len());
        let short = ShortExponentRandomizers::new(key).unwrap();
        check(&secret, 3, || short.randomizer());
        let made = std::cell::RefCell::new(short.randomizers(70));
        check(&secret, 70, || made.borrow_mut().pop().unwrap());
        assert!(short.randomizers(0).is_empty());
    }
}

#[test]
fn a_pool_gives_each_randomizer_once_and_never_runs_dry() {
    let secret = Arc::new(SecretKey::generate(1024, TESTS_ONLY).unwrap());
    let source = Arc::clone(&secret);
    let pool = RandomizerPool::new(move |count| source.randomizers(count), 4).unwrap();
    let taken = std::cell::RefCell::new(pool.take(40));
    check(&secret, 40, || taken.borrow_mut().pop().unwrap());
    check(&secret, 10, || pool.take(1).pop().unwrap());
    assert!(pool.take(0).is_empty());
}

#[test]
fn short_exponents_are_not_offered_for_primes_that_can_not_be_three_modulo_four() {
    // This key of python-paillier's has n ≡ 3 (mod 4).
    let json = include_str!("../fixtures/keys/insecure-1024.json");
    let secret = SecretKey::from_json(json, TESTS_ONLY).unwrap();
    assert_eq!(secret.public_key().modulus_limbs()[0] % 4, 3);
    assert!(ShortExponentRandomizers::new(secret.public_key()).is_none());
}
