//! The textbook scheme, with a general g, on num-bigint: slow, and the oracle for the fast one.

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, Zero};
use proptest::prelude::*;
use std::sync::LazyLock;
use veilcast_paillier::{Ciphertext, KeyPolicy, Plaintext, SecretKey};

const TESTS_ONLY: KeyPolicy = KeyPolicy {
    allow_insecure_1024: true,
};

/// Paillier 1999, section 4: any g whose order modulo n² is a multiple of n.
struct Textbook {
    n: BigUint,
    square: BigUint,
    g: BigUint,
    lambda: BigUint,
    mu: BigUint,
}

impl Textbook {
    fn new(p: &BigUint, q: &BigUint, g: BigUint) -> Self {
        let n = p * q;
        let square = &n * &n;
        let lambda = (p - 1u8).lcm(&(q - 1u8));
        let l = (g.modpow(&lambda, &square) - 1u8) / &n;
        let mu = l.modinv(&n).expect("g's order is a multiple of n");
        Self {
            n,
            square,
            g,
            lambda,
            mu,
        }
    }

    fn encrypt(&self, m: &BigUint, r: &BigUint) -> BigUint {
        self.g.modpow(m, &self.square) * r.modpow(&self.n, &self.square) % &self.square
    }

    fn decrypt(&self, c: &BigUint) -> BigUint {
        (c.modpow(&self.lambda, &self.square) - 1u8) / &self.n * &self.mu % &self.n
    }
}

struct Keys {
    secret: SecretKey,
    textbook: Textbook,
}

/// A published key; its primes are read from the file here, since the library does not give them.
static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let json = include_str!("../fixtures/keys/insecure-1024.json");
    let file: serde_json::Value = serde_json::from_str(json).unwrap();
    let number = |field: &str| {
        use base64::Engine;
        let bytes =
            base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(file[field].as_str().unwrap());
        BigUint::from_bytes_be(&bytes.unwrap())
    };
    let (p, q) = (number("p"), number("q"));
    let g = &p * &q + 1u8;
    Keys {
        secret: SecretKey::from_json(json, TESTS_ONLY).unwrap(),
        textbook: Textbook::new(&p, &q, g),
    }
});

fn number(c: &Ciphertext) -> BigUint {
    BigUint::from_bytes_be(&KEYS.secret.public_key().encode_ciphertext(c))
}

fn ciphertext(number: &BigUint) -> Ciphertext {
    let key = KEYS.secret.public_key();
    let mut bytes = vec![0; key.ciphertext_bytes()];
    let digits = number.to_bytes_be();
    let start = bytes.len() - digits.len();
    bytes[start..].copy_from_slice(&digits);
    key.decode_ciphertext(&bytes).unwrap()
}

fn plaintext(m: &BigUint) -> Plaintext {
    KEYS.secret
        .public_key()
        .plaintext(&m.to_u64_digits())
        .unwrap()
}

fn value(m: &Plaintext) -> BigUint {
    let bytes: Vec<u8> = m
        .limbs()
        .iter()
        .flat_map(|limb| limb.to_le_bytes())
        .collect();
    BigUint::from_bytes_le(&bytes)
}

/// A plaintext, often at the ends of the range.
fn message() -> impl Strategy<Value = BigUint> {
    let n = &KEYS.textbook.n;
    let ends: Vec<BigUint> = vec![
        BigUint::zero(),
        BigUint::one(),
        n - 1u8,
        n - 2u8,
        n / 2u8,
        n / 2u8 + 1u8,
        BigUint::one() << 64,
    ];
    prop_oneof![
        prop::sample::select(ends),
        prop::collection::vec(any::<u8>(), 128)
            .prop_map(|bytes| BigUint::from_bytes_be(&bytes) % &KEYS.textbook.n),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn each_decrypts_what_the_other_encrypts(m in message(), r in message()) {
        let Keys { secret, textbook } = &*KEYS;
        let r = if r.gcd(&textbook.n).is_one() { r } else { BigUint::one() };
        for c in [secret.encrypt(&plaintext(&m)), secret.public_key().encrypt(&plaintext(&m))] {
            prop_assert_eq!(textbook.decrypt(&number(&c)), m.clone());
        }
        let c = ciphertext(&textbook.encrypt(&m, &r));
        prop_assert_eq!(value(&secret.decrypt(&c).unwrap()), m);
    }

    #[test]
    fn operations_on_ciphertexts_are_operations_on_plaintexts(a in message(), b in message()) {
        let Keys { secret, textbook } = &*KEYS;
        let (key, n) = (secret.public_key(), &textbook.n);
        let (ca, cb) = (secret.encrypt(&plaintext(&a)), secret.encrypt(&plaintext(&b)));
        let results = [
            (key.add(&ca, &cb), (&a + &b) % n),
            (key.sub(&ca, &cb), (&a + n - &b) % n),
            (key.add_plaintext(&ca, &plaintext(&b)), (&a + &b) % n),
            (key.mul(&ca, &plaintext(&b)), &a * &b % n),
            (key.mul_vartime(&ca, &plaintext(&b)), &a * &b % n),
            (key.mul_many_vartime(std::slice::from_ref(&ca), &[plaintext(&b)]).remove(0), &a * &b % n),
            (key.rerandomize(&ca, key.randomizer()), a.clone()),
            (key.rerandomize(&ca, secret.randomizer()), a.clone()),
        ];
        for (i, (c, expected)) in results.iter().enumerate() {
            prop_assert_eq!(&textbook.decrypt(&number(c)), expected, "operation {}", i);
            prop_assert_eq!(&value(&secret.decrypt(c).unwrap()), expected, "operation {}", i);
        }
        // Re-randomising changes the ciphertext, all of it but the plaintext.
        prop_assert_ne!(&results[6].0, &ca);
    }

    #[test]
    fn products_of_many_are_products_of_one(
        pairs in prop::collection::vec((message(), prop_oneof![
            message(), (0i128..1 << 70).prop_map(|v| value(&KEYS.secret.public_key().encode(-v))),
            (0u64..200).prop_map(BigUint::from),
        ]), 0..40),
    ) {
        let Keys { secret, textbook } = &*KEYS;
        let key = secret.public_key();
        let numbers: Vec<_> = pairs.iter().map(|(m, _)| plaintext(m)).collect();
        let factors: Vec<_> = pairs.iter().map(|(_, factor)| plaintext(factor)).collect();
        let products = key.mul_many_vartime(&secret.encrypt_many(&numbers), &factors);
        let found = secret.decrypt_many(&products).unwrap();
        let expected: Vec<_> = pairs.iter().map(|(m, factor)| m * factor % &textbook.n).collect();
        prop_assert_eq!(found.iter().map(value).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn signs_and_magnitudes_are_told(m in message(), bound in message()) {
        let Keys { secret, textbook } = &*KEYS;
        let key = secret.public_key();
        let n = &textbook.n;
        let magnitude = (&m).min(&(n - &m)).clone();
        let (is_negative, limbs) = key.sign_and_magnitude_vartime(&plaintext(&m));
        prop_assert_eq!((is_negative, limbs), (n - &m < m, magnitude.to_u64_digits()));
        let is_within = key.is_within(&plaintext(&m), &plaintext(&bound));
        prop_assert_eq!(is_within, magnitude <= bound);
        prop_assert_eq!(key.plaintext_from_bytes(&plaintext(&m).to_bytes()).unwrap(), plaintext(&m));
        prop_assert!(key.plaintext_from_bytes(&n.to_bytes_be()).is_err());
    }

    #[test]
    fn weighted_sums_are_exact(
        rows in prop::collection::vec(prop::collection::vec(prop_oneof![Just(0), Just(1), Just(-1), -127..128i32, any::<i32>()], 5), 1..4),
        values in prop::collection::vec(-1_000_000i128..1_000_000, 5),
    ) {
        let secret = &KEYS.secret;
        let key = secret.public_key();
        let inputs: Vec<_> = values.iter().map(|&v| secret.encrypt(&key.encode(v))).collect();
        let sums = key.weighted_sums_vartime(&inputs, rows.iter().map(Vec::as_slice).collect::<Vec<_>>());
        for (row, sum) in rows.iter().zip(&sums) {
            let expected: i128 = row.iter().zip(&values).map(|(&w, &v)| i128::from(w) * v).sum();
            prop_assert_eq!(key.decode(&secret.decrypt(sum).unwrap()), Some(expected));
        }
    }
}

#[test]
fn programs_add_and_subtract_registers() {
    let secret = &KEYS.secret;
    let key = secret.public_key();
    let inputs = [3, -5].map(|v| secret.encrypt(&key.encode(v)));
    // r2 = 2a, r3 = a + b, r4 = 2a + b.
    let steps = [[0, 0], [0, 1], [2, 1]];
    let results = [
        [Some(4), None],
        [Some(2), Some(3)],
        [None, Some(1)],
        [None, None],
        [Some(0), Some(0)],
    ];
    let values = key.run_program_vartime(&inputs, &steps, &results);
    let values: Vec<_> = values
        .iter()
        .map(|c| key.decode(&secret.decrypt(c).unwrap()).unwrap())
        .collect();
    assert_eq!(values, [1, 8, 5, 0, 0]);
}

#[test]
fn horner_shifts_and_adds() {
    let secret = &KEYS.secret;
    let key = secret.public_key();
    for bits in [0, 1, 61] {
        let shift = key.plaintext(&[1 << bits]).unwrap();
        let lists: Vec<Vec<_>> = (0..10)
            .map(|count| {
                (0..count)
                    .map(|v| secret.encrypt(&key.encode(7 * v - 9)))
                    .collect()
            })
            .collect();
        let totals = key.horner_vartime(&lists, bits);
        let concealed = key.horner_rerandomized_vartime(&lists, bits);
        assert_eq!((totals.len(), concealed.len()), (10, 10));
        for ((list, total), concealed) in lists.iter().zip(&totals).zip(&concealed) {
            assert_eq!(secret.decrypt(concealed), secret.decrypt(total));
            assert_ne!(
                key.encode_ciphertext(concealed),
                key.encode_ciphertext(total)
            );
            // Lowest first, each shift a multiplication of its own.
            let (mut expected, mut power) = (secret.encrypt(&key.encode(0)), key.encode(1));
            for c in list {
                expected = key.add(&expected, &key.mul(c, &power));
                power = secret
                    .decrypt(&key.mul(&secret.encrypt(&power), &shift))
                    .unwrap();
            }
            assert_eq!(
                secret.decrypt(total),
                secret.decrypt(&expected),
                "{} at {bits} bits",
                list.len()
            );
        }
    }
}

#[test]
fn the_oracle_works_with_a_general_g_too() {
    let textbook = &KEYS.textbook;
    // g = (1 + 3n)·5ⁿ has an order that is a multiple of n.
    let g = (&textbook.n * 3u8 + 1u8) * BigUint::from(5u8).modpow(&textbook.n, &textbook.square)
        % &textbook.square;
    let mu = ((g.modpow(&textbook.lambda, &textbook.square) - 1u8) / &textbook.n)
        .modinv(&textbook.n)
        .unwrap();
    let (n, square, lambda) = (
        textbook.n.clone(),
        textbook.square.clone(),
        textbook.lambda.clone(),
    );
    let general = Textbook {
        n,
        square,
        g,
        lambda,
        mu,
    };
    let (a, b) = (BigUint::from(123_456_789u32), &general.n - 77u8);
    let sum =
        general.encrypt(&a, &7u8.into()) * general.encrypt(&b, &11u8.into()) % &general.square;
    assert_eq!(general.decrypt(&sum), (a + b) % &general.n);
}

#[test]
fn signed_numbers_travel_to_the_ends_of_i128() {
    let secret = &KEYS.secret;
    let key = secret.public_key();
    for v in [0, 1, -1, i128::MAX, i128::MIN + 1, i128::from(i64::MIN)] {
        let c = secret.encrypt(&key.encode(v));
        assert_eq!(key.decode(&secret.decrypt(&c).unwrap()), Some(v));
    }
    let large = key.plaintext(&[0, 0, 1]).unwrap();
    assert_eq!(key.decode(&large), None);
    assert!(key.plaintext(&[u64::MAX; 16]).is_err());
    assert!(key.plaintext(&[[0; 16].as_slice(), &[1]].concat()).is_err());
}
