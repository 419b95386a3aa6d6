//! Decrypting small numbers together gives what decrypting each gives, whatever the ciphertexts hold.

use std::sync::LazyLock;

use proptest::prelude::*;
use veilcast_paillier::{Ciphertext, KeyPolicy, Plaintext, PublicKey, SecretKey};

static SECRET: LazyLock<SecretKey> = LazyLock::new(|| {
    let policy = KeyPolicy {
        allow_insecure_1024: true,
    };
    SecretKey::generate(1024, policy).unwrap()
});

/// 2^bits, or its negative.
fn power_of_two(key: &PublicKey, bits: usize, is_negative: bool) -> Plaintext {
    let mut limbs = vec![0; key.limbs()];
    limbs[bits / 64] = 1 << (bits % 64);
    let power = key.plaintext(&limbs).unwrap();
    match is_negative {
        true => {
            let zero = key.encode(0);
            let difference = key.sub(&key.encrypt(&zero), &key.encrypt(&power));
            SECRET.decrypt(&difference).unwrap()
        }
        false => power,
    }
}

fn encrypted(numbers: &[Plaintext]) -> Vec<Ciphertext> {
    SECRET.encrypt_many(numbers)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn numbers_within_the_bound(
        (bits, values) in (1u32..126).prop_flat_map(|bits| {
            let largest = (1i128 << bits) - 1;
            let value = prop_oneof![
                Just(largest), Just(-largest), Just(-largest - 1), Just(0), -largest..=largest,
            ];
            (Just(bits), prop::collection::vec(value, 0..60))
        }),
    ) {
        let key = SECRET.public_key();
        let numbers: Vec<_> = values.iter().map(|&value| key.encode(value)).collect();
        let decrypted = SECRET.decrypt_bounded(&encrypted(&numbers), bits).unwrap();
        prop_assert_eq!(decrypted, numbers);
    }

    #[test]
    fn numbers_beyond_the_bound(
        bits in 1u32..200,
        values in prop::collection::vec((0usize..1000, any::<bool>()), 1..40),
    ) {
        let key = SECRET.public_key();
        let numbers: Vec<_> = values.iter()
            .map(|&(bits, is_negative)| power_of_two(key, bits, is_negative)).collect();
        let decrypted = SECRET.decrypt_bounded(&encrypted(&numbers), bits).unwrap();
        prop_assert_eq!(decrypted, numbers);
    }

    #[test]
    fn any_bounds_and_any_units(bits in 0u32..3000, count in 0usize..20) {
        let key = SECRET.public_key();
        let numbers: Vec<_> = (0..count).map(|_| key.random_plaintext()).collect();
        let decrypted = SECRET.decrypt_bounded(&encrypted(&numbers), bits).unwrap();
        prop_assert_eq!(decrypted, numbers);
    }
}

/// Whoever makes one of the ciphertexts and knows the bound could add to a neighbour's number what they like, and
/// take it off nowhere: each sum of digits looks as if all numbers were small.
#[test]
fn a_number_that_spills_exactly_into_its_neighbour_is_noticed() {
    let key = SECRET.public_key();
    let bits = 20;
    for spilling in [0, 7, 48] {
        let mut numbers: Vec<_> = (0..50).map(|value| key.encode(value)).collect();
        numbers[spilling] = power_of_two(key, bits as usize + 1, false);
        let decrypted = SECRET.decrypt_bounded(&encrypted(&numbers), bits).unwrap();
        assert_eq!(decrypted, numbers);
    }
}
