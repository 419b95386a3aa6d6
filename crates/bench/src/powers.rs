//! How fast are powers modulo n² and p², with exponents as long as n and p?
//!
//! Ours in constant time against GMP's `mpz_powm_sec` and crypto-bigint's constant-time power, ours
//! in variable time against GMP's `mpz_powm`.

use std::hint::black_box;

use crypto_bigint::BoxedUint;
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};

use crate::operands::Operands;
use crate::race::{Race, Results};
use crate::table::{Table, ratio, time};

pub(crate) const GMP: &str = "GMP";
const CRYPTO_BIGINT: &str = "crypto-bigint";

/// A power takes milliseconds: fewer rounds than a product's do.
const ROUNDS_DIVISOR: u32 = 5;

pub(crate) fn run(bits: &[usize], rounds: u32) {
    let table = Table::start(
        "Powers",
        "Time of one power with an exponent as long as n or p, and our time divided by the peer's: \
         for constant time GMP's `mpz_powm_sec`, for variable time `mpz_powm`.",
        &[
            "bits of n",
            "modulus",
            "exponent",
            "time",
            "÷ GMP",
            "÷ crypto-bigint",
        ],
    );
    let rounds = rounds.div_ceil(ROUNDS_DIVISOR);
    for &bits in bits {
        for (modulus, bits_of_root) in [("n²", bits), ("p²", bits / 2)] {
            let operands = Operands::of_bits(bits_of_root);
            for (exponent, results) in [
                ("secret", secret(&operands, rounds)),
                ("public", public(&operands, rounds)),
            ] {
                table.row(&[
                    bits.to_string(),
                    modulus.into(),
                    exponent.into(),
                    time(results.ours()),
                    ratio(results.ratio_to(GMP)),
                    ratio(results.ratio_to(CRYPTO_BIGINT)),
                ]);
            }
        }
    }
    table.end();
}

fn secret(operands: &Operands, rounds: u32) -> Results {
    let Operands {
        ring,
        square,
        x,
        exponent,
        ..
    } = operands;
    let params = BoxedMontyParams::new_vartime(square.clone());
    let peer = BoxedMontyForm::new(BoxedUint::from_words(x.iter().copied()), &params);
    let peer_exponent = BoxedUint::from_words(exponent.iter().copied());
    let base = ring.residue(x);
    assert_eq!(
        ring.to_limbs(&ring.pow(&base, exponent)),
        peer.pow(&peer_exponent).retrieve().as_words(),
        "the peers disagree"
    );

    let race = Race::new(move || drop(black_box(ring.pow(&base, exponent))))
        .against(CRYPTO_BIGINT, move || {
            drop(black_box(peer.pow(&peer_exponent)))
        });
    #[cfg(feature = "gmp")]
    let race = {
        let mut gmp = gmp::Power::new(operands);
        race.against(GMP, move || gmp.secret())
    };
    race.run(rounds)
}

fn public(operands: &Operands, rounds: u32) -> Results {
    let Operands {
        ring, x, exponent, ..
    } = operands;
    let base = ring.residue(x);
    let race = Race::new(move || drop(black_box(ring.pow_vartime(&base, exponent))));
    against_gmp(race, operands).run(rounds)
}

/// Adds GMP's power with a public exponent modulo n², if GMP is built in.
pub(crate) fn against_gmp<'a>(race: Race<'a>, operands: &'a Operands) -> Race<'a> {
    #[cfg(feature = "gmp")]
    let race = {
        let mut gmp = gmp::Power::new(operands);
        race.against(GMP, move || gmp.public())
    };
    #[cfg(not(feature = "gmp"))]
    let _ = operands;
    race
}

#[cfg(feature = "gmp")]
mod gmp {
    use crate::gmp::Integer;
    use crate::operands::Operands;

    pub(super) struct Power {
        result: Integer,
        base: Integer,
        exponent: Integer,
        modulus: Integer,
    }

    impl Power {
        pub(super) fn new(operands: &Operands) -> Self {
            Self {
                result: Integer::new(),
                base: Integer::from_limbs(&operands.x),
                exponent: Integer::from_limbs(&operands.exponent),
                modulus: Integer::from_limbs(operands.square.as_words()),
            }
        }

        pub(super) fn secret(&mut self) {
            (self.result).set_power_secret(&self.base, &self.exponent, &self.modulus);
        }

        pub(super) fn public(&mut self) {
            (self.result).set_power(&self.base, &self.exponent, &self.modulus);
        }
    }
}
