//! Secrets under valgrind's memcheck: no branch and no address depends on them. `cargo xtask
//! ctgrind` runs these tests there, one by one; elsewhere they only check results.

use std::hint::black_box;

use veilcast_ctgrind::{declassify, is_poisoned, is_under_valgrind, measured, poison, unreported};

use crate::{
    FixedBase, FixedBases, Power, Residue, SquareModulus, horner_in_halves_vartime, horner_many,
    horner_powers_vartime, pow_many,
};

/// An n of eight limbs, odd and with its top bit set: large enough for every loop to iterate.
const N: [u64; 8] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7344,
    0xa409_3822_299f_31d0,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
    0xbe54_66cf_34e9_0c6c,
    0xc0ac_29b7_c97c_50dd,
    0xbf84_d5b5_b547_0917,
];

/// The same ring twice: as it is, and made from a secret n, as the key's owner has one for p.
fn rings() -> (SquareModulus, SquareModulus) {
    let ring = SquareModulus::new(&N).unwrap();
    let mut n = N;
    poison(&mut n);
    // Whether n is odd and fills its limbs is checked here, and is public.
    let secret = unreported(|| SquareModulus::new(&n).unwrap());
    if is_under_valgrind() {
        assert!(is_poisoned(secret.n()));
    }
    (ring, secret)
}

/// As many limbs, the same for the same seed.
fn limbs(seed: u64, count: usize) -> Vec<u64> {
    let limb = |i: u64| {
        (seed + i)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
    };
    (1..=count as u64)
        .map(|i| limb(i).wrapping_mul(limb(i + 7)))
        .collect()
}

fn secret(numbers: &[u64]) -> Vec<u64> {
    let mut numbers = numbers.to_vec();
    poison(&mut numbers);
    numbers
}

/// A residue that depends on secrets, as a public number.
fn opened(ring: &SquareModulus, mut residue: Residue) -> Vec<u64> {
    if is_under_valgrind() {
        assert!(
            is_poisoned(residue.limbs()),
            "the secrets were lost on the way"
        );
    }
    declassify(residue.limbs_mut());
    ring.to_limbs(&residue)
}

#[test]
fn powers() {
    let (ring, secret_ring) = rings();
    let (base, exponent) = (limbs(1, 16), limbs(2, 8));
    let (secret_base, secret_exponent) = (secret(&base), secret(&exponent));
    let power = measured(|| secret_ring.pow(&secret_ring.residue(&secret_base), &secret_exponent));
    assert_eq!(
        opened(&ring, power),
        ring.to_limbs(&ring.pow_vartime(&ring.residue(&base), &exponent))
    );
}

#[test]
fn powers_with_a_public_exponent() {
    let (ring, secret_ring) = rings();
    let (base, exponent) = (limbs(3, 16), limbs(4, 8));
    let secret_base = secret(&base);
    let power = measured(|| secret_ring.pow_vartime(&secret_ring.residue(&secret_base), &exponent));
    assert_eq!(
        opened(&ring, power),
        ring.to_limbs(&ring.pow_vartime(&ring.residue(&base), &exponent))
    );
}

#[test]
fn several_powers() {
    let (ring, secret_ring) = rings();
    let bases: Vec<Vec<u64>> = (0..3).map(|i| limbs(10 + i, 16)).collect();
    let exponents: Vec<Vec<u64>> = (0..3).map(|i| limbs(20 + i, 8)).collect();
    let secret_exponents: Vec<Vec<u64>> = exponents.iter().map(|e| secret(e)).collect();
    let powers = measured(|| {
        let bases: Vec<Residue> = bases
            .iter()
            .map(|base| secret_ring.residue(&secret(base)))
            .collect();
        let powers: Vec<Power<'_>> = bases
            .iter()
            .zip(&secret_exponents)
            .map(|(base, exponent)| Power {
                modulus: &secret_ring,
                base,
                exponent,
            })
            .collect();
        pow_many(&powers)
    });
    for ((power, base), exponent) in powers.into_iter().zip(&bases).zip(&exponents) {
        let expected = ring.pow_vartime(&ring.residue(base), exponent);
        assert_eq!(opened(&ring, power), ring.to_limbs(&expected));
    }
}

#[test]
fn powers_of_a_fixed_base() {
    let (ring, secret_ring) = rings();
    let base = limbs(30, 16);
    let exponents: Vec<Vec<u64>> = (0..3).map(|i| limbs(40 + i, 8)).collect();
    let secret_exponents: Vec<Vec<u64>> = exponents.iter().map(|e| secret(e)).collect();
    let secret_exponents: Vec<&[u64]> = secret_exponents.iter().map(|e| &e[..]).collect();
    for make in [FixedBase::new, FixedBase::for_many] {
        let (one, many) = measured(|| {
            let table = make(&secret_ring, &secret_ring.residue(&secret(&base)), 8);
            let one = table.pow(&secret_ring, secret_exponents[0]);
            (one, table.pow_many(&secret_ring, &secret_exponents))
        });
        let expected: Vec<Vec<u64>> = exponents
            .iter()
            .map(|e| ring.to_limbs(&ring.pow_vartime(&ring.residue(&base), e)))
            .collect();
        assert_eq!(opened(&ring, one), expected[0]);
        let many: Vec<Vec<u64>> = many.into_iter().map(|x| opened(&ring, x)).collect();
        assert_eq!(many, expected);
    }
}

#[test]
fn products_of_powers_of_fixed_bases() {
    let ring = SquareModulus::new(&[N, N].concat()).unwrap();
    let bases: Vec<Residue> = (0..7).map(|i| ring.residue(&limbs(i, 32))).collect();
    let table = FixedBases::new(&ring, &bases);
    let exponents: Vec<Vec<u32>> = (0..3)
        .map(|list| (0..7).map(|i| (5 * i + 11 * list) & 31).collect())
        .collect();
    let mut secrets = exponents.clone();
    secrets.iter_mut().for_each(|list| poison(list));
    let lists = |exponents: &[Vec<u32>]| {
        let lists: Vec<&[u32]> = exponents.iter().map(Vec::as_slice).collect();
        table.multi_exp(&ring, &lists, 5)
    };
    let expected = lists(&exponents);
    let found = measured(|| lists(&secrets));
    for (found, expected) in found.into_iter().zip(&expected) {
        assert_eq!(opened(&ring, found), ring.to_limbs(expected));
    }
}

/// Sixteen limbs, for which there are lanes: with AVX2, if the environment says so, since memcheck
/// doesn't know AVX-512.
#[test]
fn in_four_lanes() {
    let mut n = [N, N].concat();
    let ring = SquareModulus::new(&n).unwrap();
    poison(&mut n);
    let secret_ring = unreported(|| SquareModulus::new(&n).unwrap());
    let bases: Vec<Vec<u64>> = (0..4).map(|i| limbs(70 + i, 32)).collect();
    let exponents: Vec<Vec<u64>> = (0..4).map(|i| limbs(80 + i, 1)).collect();
    let results = |ring: &SquareModulus, bases: &[Vec<u64>], exponents: &[Vec<u64>]| {
        let bases: Vec<Residue> = bases.iter().map(|base| ring.residue(base)).collect();
        let pairs = bases.iter().zip(exponents);
        let powers: Vec<Power<'_>> = pairs
            .map(|(base, exponent)| Power {
                modulus: ring,
                base,
                exponent,
            })
            .collect();
        let mut results = pow_many(&powers);
        let exponents: Vec<&[u64]> = exponents.iter().map(|e| &e[..]).collect();
        let table = FixedBase::for_many(ring, &bases[0], 1);
        results.extend(table.pow_many(ring, &exponents));
        let lists = vec![bases.iter().collect(); 4];
        results.extend(horner_powers_vartime(ring, &lists, 3, &bases, &[0xb0]));
        results
    };
    let expected = results(&ring, &bases, &exponents);
    let secrets = [&bases, &exponents].map(|all| all.iter().map(|x| secret(x)).collect::<Vec<_>>());
    let found = measured(|| results(&secret_ring, &secrets[0], &secrets[1]));
    for (found, expected) in found.into_iter().zip(&expected) {
        assert_eq!(opened(&ring, found), ring.to_limbs(expected));
    }
}

#[test]
fn single_operations() {
    let (ring, secret_ring) = rings();
    let (x, y, m) = (limbs(50, 16), limbs(51, 16), limbs(52, 8));
    let results = |ring: &SquareModulus, x: &[u64], y: &[u64], m: &[u64]| {
        let remainder = ring.remainder(&x[1..]);
        let (x, y) = (ring.residue(x), ring.residue(y));
        let mut square = x.clone();
        ring.square_assign(&mut square);
        let mut multiplied = x.clone();
        ring.mul_one_plus_n_times(&mut multiplied, m);
        let mut shifted = y.clone();
        ring.shift_down(&mut shifted, 7);
        let lists = [vec![&x, &y, &square], vec![&y, &x, &multiplied]];
        let horner = horner_many(ring, &lists, 3);
        let bases = [x.clone(), y.clone()];
        let powers = horner_powers_vartime(ring, &lists, 3, &bases, &[0xb0, 1]);
        let power = Some((&x, &[0xb0_u64, 1][..]));
        let in_halves = horner_in_halves_vartime(ring, &lists[0], 3, power);
        let mut results = vec![ring.add(&x, &y), ring.sub(&x, &y), ring.mul(&x, &y)];
        results.extend([square, multiplied, shifted, in_halves]);
        results.extend(horner.into_iter().chain(powers));
        let numbers = results.iter().map(|x| ring.to_limbs(x));
        numbers.chain([remainder]).collect::<Vec<_>>()
    };
    let expected = results(&ring, &x, &y, &m);
    let secrets = (secret(&x), secret(&y), secret(&m));
    let mut found = measured(|| results(&secret_ring, &secrets.0, &secrets.1, &secrets.2));
    found.iter_mut().for_each(|number| declassify(number));
    assert_eq!(found, expected);
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
    fn a_power_in_variable_time_is_reported() {
        let (ring, _) = rings();
        let base = ring.residue(&limbs(60, 16));
        let exponent = secret(&limbs(61, 8));
        assert_reported(reports(|| black_box(ring.pow_vartime(&base, &exponent))).1);
    }

    #[test]
    fn an_inverse_in_variable_time_is_reported() {
        let (ring, _) = rings();
        let x = ring.residue(&secret(&limbs(62, 16)));
        assert_reported(reports(|| ring.invert_vartime(&x).is_some()).1);
    }

    #[test]
    fn a_comparison_in_variable_time_is_reported() {
        let (ring, _) = rings();
        let (x, y) = (
            ring.residue(&secret(&limbs(63, 16))),
            ring.residue(&limbs(64, 16)),
        );
        assert_reported(reports(|| black_box(x == y)).1);
    }
}
