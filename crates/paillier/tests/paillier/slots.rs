//! Integers keep to their slots, through sums and multiples, and what doesn't fit is refused.

use std::sync::LazyLock;

use proptest::prelude::*;
use veilcast_paillier::{KeyPolicy, SecretKey, Slots};

static SECRET: LazyLock<SecretKey> = LazyLock::new(|| {
    let policy = KeyPolicy {
        allow_insecure_1024: true,
    };
    SecretKey::generate(1024, policy).unwrap()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_is_packed_is_unpacked(
        (bits, values) in (4u32..126).prop_flat_map(|bits| {
            // Room for three times as much.
            let largest = (1i128 << (bits - 2)) - 1;
            let value = prop_oneof![Just(largest), Just(-largest), Just(0), -largest..=largest];
            (Just(bits), prop::collection::vec(value, 0..9))
        }),
    ) {
        let key = SECRET.public_key();
        let slots = Slots::new(key, bits).unwrap();
        let values = &values[..values.len().min(slots.most())];
        let encoded = |factor: i128| -> Vec<_> {
            values.iter().map(|&value| key.encode(factor * value)).collect()
        };
        let c = SECRET.encrypt(&slots.pack(&encoded(1)).unwrap());
        let tripled = key.mul_vartime(&c, &key.encode(-3));
        for (c, factor) in [(&c, 1), (&key.add(&c, &c), 2), (&tripled, -3)] {
            let found = slots.unpack(&SECRET.decrypt(c).unwrap(), values.len()).unwrap();
            prop_assert_eq!(found, encoded(factor));
        }
    }
}

#[test]
fn all_slots_can_be_full() {
    let key = SECRET.public_key();
    for bits in [0, 1, 63, 64, 339, 510, 1021] {
        let slots = Slots::new(key, bits).unwrap();
        let mut limbs = vec![0; key.limbs()];
        limbs[bits as usize / 64] = 1 << (bits % 64);
        // −2^bits is the smallest that fits, and 2^bits does not fit.
        let beyond = key.plaintext(&limbs).unwrap();
        let zero = key.encode(0);
        let negated = key.sub(&key.encrypt(&zero), &key.encrypt(&beyond));
        let smallest = SECRET.decrypt(&negated).unwrap();
        let integers = vec![smallest; slots.most()];
        let packed = slots.pack(&integers).unwrap();
        assert_eq!(slots.unpack(&packed, integers.len()).unwrap(), integers);
        assert!(slots.pack(std::slice::from_ref(&beyond)).is_err());
        assert!(slots.unpack(&beyond, 1).is_err());
        assert!(slots.unpack(&beyond, 0).is_err());
    }
    assert!(Slots::new(key, 1022).is_none());
    assert!(Slots::new(key, u32::MAX).is_none());
}
