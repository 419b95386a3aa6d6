//! How fast are the operations of the scheme: encrypting in each way, decrypting, computing?
//!
//! Other Paillier libraries are measured by `peers/peers.sh`; here a fresh randomiser, which
//! every answer of a service takes, is compared with GMP's power with the same exponent.

use std::hint::black_box;

use veilcast_paillier::{KeyPolicy, PublicKey, SecretKey, ShortExponentRandomizers};

use crate::operands::Operands;
use crate::powers;
use crate::race::{Race, Results};
use crate::table::{Table, ratio, time};

/// These operations take up to many milliseconds: fewer rounds than a product's do.
const ROUNDS_DIVISOR: u32 = 5;

/// How many are encrypted or decrypted together, where that is measured.
const MANY: usize = 64;

type Operation<'a> = Box<dyn Fn() + 'a>;

pub(crate) fn run(bits: &[usize], rounds: u32) {
    let table = Table::start(
        "Operations of the scheme",
        "Time of one operation; a randomiser ρⁿ modulo n² also divided by GMP's `mpz_powm` with that \
         exponent and modulus.",
        &["bits of n", "operation", "time", "÷ GMP"],
    );
    let rounds = rounds.div_ceil(ROUNDS_DIVISOR);
    for &bits in bits {
        let policy = KeyPolicy {
            allow_insecure_1024: true,
        };
        let Ok(secret) = SecretKey::generate(bits as u32, policy) else {
            table.row(&[
                bits.to_string(),
                "not a size that keys have".into(),
                "–".into(),
                "–".into(),
            ]);
            continue;
        };
        let key = secret.public_key();
        let [m, factor, negative] = [1234, 77, -77].map(|value| key.encode(value));
        let short = ShortExponentRandomizers::new(key).expect("the key's primes are 3 modulo 4");
        let (a, b) = (secret.encrypt(&m), secret.encrypt(&factor));
        // Makes the owner's tables, which cost as much as some encryptions.
        (0..20).for_each(|_| drop(secret.randomizer()));

        let many = vec![m.clone(); MANY];
        let encrypted = secret.encrypt_many(&many);
        let operations: [(&str, usize, Operation<'_>); 11] = [
            (
                "encrypt, owner",
                8, // randomisers are made eight at a time
                Box::new(|| (0..8).for_each(|_| drop(black_box(secret.encrypt(&m))))),
            ),
            (
                "encrypt, short exponent",
                1,
                Box::new(|| drop(black_box(key.encrypt_with(&m, short.randomizer())))),
            ),
            (
                "encrypt, classic",
                1,
                Box::new(|| drop(black_box(key.encrypt(&m)))),
            ),
            (
                "encrypt, owner, of 64",
                MANY,
                Box::new(|| drop(black_box(secret.encrypt_many(&many)))),
            ),
            (
                "decrypt, of 64",
                MANY,
                Box::new(|| drop(black_box(secret.decrypt_many(&encrypted)))),
            ),
            (
                "ρⁿ, of 8",
                8,
                Box::new(|| drop(black_box(key.randomizers(8)))),
            ),
            (
                "decrypt",
                1,
                Box::new(|| drop(black_box(secret.decrypt(&a)))),
            ),
            ("c + c", 1, Box::new(|| drop(black_box(key.add(&a, &b))))),
            (
                "c · 77",
                1,
                Box::new(|| drop(black_box(key.mul_vartime(&a, &factor)))),
            ),
            (
                "c · −77",
                1,
                Box::new(|| drop(black_box(key.mul_vartime(&a, &negative)))),
            ),
            (
                "c + m",
                1,
                Box::new(|| drop(black_box(key.add_plaintext(&a, &m)))),
            ),
        ];
        for (name, count, operation) in &operations {
            let results = Race::new(operation).run(rounds);
            table.row(&[
                bits.to_string(),
                (*name).into(),
                time(results.ours() / *count as f64),
                "–".into(),
            ]);
        }
        let results = randomizer(key, bits, rounds);
        table.row(&[
            bits.to_string(),
            "ρⁿ".into(),
            time(results.ours()),
            ratio(results.ratio_to(powers::GMP)),
        ]);
    }
    table.end();
}

fn randomizer(key: &PublicKey, bits: usize, rounds: u32) -> Results {
    let operands = Operands::of_bits(bits);
    let race = Race::new(|| drop(black_box(key.randomizer())));
    powers::against_gmp(race, &operands).run(rounds)
}
