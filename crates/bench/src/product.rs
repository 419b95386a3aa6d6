//! How fast are products and squares modulo n² and p²?
//!
//! Against GMP's `mpz_mul` and `mpz_mod` on numbers of 2L limbs, crypto-bigint's Montgomery
//! products on 2L limbs, and the floor: 5L² (a square 3.5L²) of the processor's 64×64→128-bit
//! products at the rate at which a probe that does nothing else runs. With AVX-512 IFMA it is 10/8 (7/8) of D²
//! vector multiplications at their rate, for D digits of 52 bits.

use std::hint::black_box;

use crypto_bigint::BoxedUint;
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use veilcast_arith::{SquareModulus, probe_vector_multiplications};

use crate::operands::Operands;
use crate::race::{Race, Results};
use crate::table::{Table, ratio, time};

const FLOOR: &str = "floor";
const GMP: &str = "GMP";
const CRYPTO_BIGINT: &str = "crypto-bigint";

pub(crate) fn run(bits: &[usize], rounds: u32) {
    let table = Table::start(
        "Products and squares",
        "Time of one operation, and our time divided by the peer's. The floor is 5L² (square \
         3.5L²) multiplications of limbs at the rate of a probe; with AVX-512 IFMA 10/8 (7/8) of D² vector \
         multiplications, for D digits of 52 bits.",
        &[
            "bits of n",
            "modulus",
            "limbs",
            "kernel",
            "operation",
            "time",
            "÷ floor",
            "÷ GMP",
            "÷ crypto-bigint",
        ],
    );
    for &bits in bits {
        for (modulus, bits_of_root) in [("n²", bits), ("p²", bits / 2)] {
            let operands = Operands::of_bits(bits_of_root);
            for (operation, results) in [
                ("product", products(&operands, rounds)),
                ("square", squares(&operands, rounds)),
            ] {
                table.row(&[
                    bits.to_string(),
                    modulus.into(),
                    operands.ring.limbs().to_string(),
                    operands.ring.kernel_name().into(),
                    operation.into(),
                    time(results.ours()),
                    ratio(results.ratio_to(FLOOR)),
                    ratio(results.ratio_to(GMP)),
                    ratio(results.ratio_to(CRYPTO_BIGINT)),
                ]);
            }
        }
    }
    table.end();
}

fn products(operands: &Operands, rounds: u32) -> Results {
    let Operands {
        ring, square, x, y, ..
    } = operands;
    let params = BoxedMontyParams::new_vartime(square.clone());
    let monty = |x: &[u64]| BoxedMontyForm::new(BoxedUint::from_words(x.iter().copied()), &params);
    let (mut peer, peer_factor) = (monty(x), monty(y));
    let (mut ours, factor) = (ring.residue(x), ring.residue(y));
    assert_eq!(
        ring.to_limbs(&ring.mul(&ours, &factor)),
        peer.mul(&peer_factor).retrieve().as_words(),
        "the peers disagree"
    );

    let race = Race::new(move || ring.mul_assign(&mut ours, black_box(&factor)))
        .against(FLOOR, floor(ring, 10))
        .against(CRYPTO_BIGINT, move || {
            peer = peer.mul(black_box(&peer_factor))
        });
    #[cfg(feature = "gmp")]
    let race = {
        use crate::gmp::Integer;
        let modulus = Integer::from_limbs(square.as_words());
        let (mut x, y) = (Integer::from_limbs(x), Integer::from_limbs(y));
        let mut product = Integer::new();
        race.against(GMP, move || {
            product.set_product(&x, black_box(&y));
            x.set_remainder(&product, &modulus);
        })
    };
    race.run(rounds)
}

fn squares(operands: &Operands, rounds: u32) -> Results {
    let Operands {
        ring, square, x, ..
    } = operands;
    let params = BoxedMontyParams::new_vartime(square.clone());
    let mut peer = BoxedMontyForm::new(BoxedUint::from_words(x.iter().copied()), &params);
    let mut ours = ring.residue(x);

    let race = Race::new(move || ring.square_assign(&mut ours))
        .against(FLOOR, floor(ring, 7))
        .against(CRYPTO_BIGINT, move || peer = peer.square());
    #[cfg(feature = "gmp")]
    let race = {
        use crate::gmp::Integer;
        let modulus = Integer::from_limbs(square.as_words());
        let (mut x, mut product) = (Integer::from_limbs(x), Integer::new());
        race.against(GMP, move || {
            product.set_product(&x, &x);
            x.set_remainder(&product, &modulus);
        })
    };
    race.run(rounds)
}

/// The multiplications of `halves`/2 half-size products, and nothing else.
fn floor(ring: &SquareModulus, halves: u64) -> Box<dyn FnMut()> {
    let limbs = ring.limbs() as u64;
    let digits = (64 * limbs).div_ceil(52);
    match ring.kernel_name() {
        "ifma" => Box::new(move || {
            probe_vector_multiplications(halves * digits * digits / 8);
        }),
        _ => Box::new(move || probe(halves * limbs * limbs / 2)),
    }
}

/// `count` products of limbs and nothing else: eight chains side by side, so that they are bound
/// by how often the processor can start a product, not by how long one takes.
fn probe(count: u64) {
    let factor = black_box(0x9e37_79b9_7f4a_7c15_u64);
    let mut chains = [black_box(u64::MAX); 8];
    for _ in 0..count / 8 {
        for x in &mut chains {
            *x = ((u128::from(*x) * u128::from(factor)) >> 64) as u64;
        }
    }
    black_box(chains);
}
