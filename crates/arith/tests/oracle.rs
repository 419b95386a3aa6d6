//! The ring modulo n² against num-bigint, over limb counts and over operands that make carries run.

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, Zero};
use proptest::prelude::*;
use veilcast_arith::{
    FixedBase, FixedBases, Power, Registers, SquareModulus, divide_vartime,
    horner_in_halves_vartime, horner_many, horner_powers_vartime, multi_exp_vartime,
    pow_each_vartime, pow_many,
};

/// Limb counts: all small ones, and the ones that keys of 1024 to 4096 bits need.
const LIMBS: [usize; 13] = [1, 2, 3, 4, 5, 7, 8, 13, 16, 24, 32, 48, 64];

/// Limbs that are all zeros, all ones, sparse or random, so that carries and borrows run far.
fn limbs(count: usize) -> impl Strategy<Value = Vec<u64>> {
    let limb = prop_oneof![
        2 => Just(0u64),
        2 => Just(u64::MAX),
        1 => (0u32..64).prop_map(|bit| 1 << bit),
        1 => (0u32..64).prop_map(|bit| !(1 << bit)),
        3 => any::<u64>(),
    ];
    prop_oneof![
        1 => Just(vec![0; count]),
        1 => Just(vec![u64::MAX; count]),
        6 => prop::collection::vec(limb, count),
    ]
}

/// A modulus of `count` limbs: odd, top bit set.
fn modulus_limbs(count: usize) -> impl Strategy<Value = Vec<u64>> {
    limbs(count).prop_map(move |mut n| {
        n[0] |= 1;
        n[count - 1] |= 1 << 63;
        n
    })
}

fn big(limbs: &[u64]) -> BigUint {
    BigUint::from_slice(
        &limbs
            .iter()
            .flat_map(|&x| [x as u32, (x >> 32) as u32])
            .collect::<Vec<_>>(),
    )
}

fn low_limbs(x: &BigUint, count: usize) -> Vec<u64> {
    let mut digits = x.to_u64_digits();
    digits.resize(count, 0);
    digits
}

/// A modulus, and two operands that lean to the ends of the ring.
fn ring() -> impl Strategy<Value = (Vec<u64>, Vec<u64>, Vec<u64>)> {
    prop::sample::select(&LIMBS[..])
        .prop_flat_map(modulus_limbs)
        .prop_flat_map(|n| (Just(n.clone()), element(n.clone()), element(n)))
}

/// A number below n², as 2L limbs.
fn element(n: Vec<u64>) -> impl Strategy<Value = Vec<u64>> {
    let (count, n) = (2 * n.len(), big(&n));
    let square = n.pow(2);
    let ends = vec![
        BigUint::zero(),
        BigUint::one(),
        &n - 1u8,
        n.clone(),
        &n + 1u8,
        &square - &n,
        &square - 1u8,
    ];
    prop_oneof![
        5 => limbs(count).prop_map(move |x| low_limbs(&(big(&x) % &square), count)),
        2 => prop::sample::select(ends).prop_map(move |x| low_limbs(&x, count)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn products_squares_and_sums_agree((n, x, y) in ring()) {
        let ring = SquareModulus::new(&n).unwrap();
        let (square, bx, by) = (big(&n).pow(2), big(&x), big(&y));
        let (rx, ry) = (ring.residue(&x), ring.residue(&y));
        prop_assert_eq!(ring.to_limbs(&rx), x.clone());
        prop_assert_eq!(big(&ring.to_limbs(&ring.mul(&rx, &ry))), &bx * &by % &square);
        prop_assert_eq!(big(&ring.to_limbs(&ring.add(&rx, &ry))), (&bx + &by) % &square);
        prop_assert_eq!(big(&ring.to_limbs(&ring.sub(&rx, &ry))), (&bx + &square - &by) % &square);
        let mut s = rx.clone();
        ring.square_assign(&mut s);
        prop_assert_eq!(big(&ring.to_limbs(&s)), &bx * &bx % &square);
        // A square and a product of equal factors are the same pair, limb by limb.
        prop_assert_eq!(s, ring.mul(&rx, &rx));
    }

    #[test]
    fn halves_are_the_digits_to_the_base_n((n, x, _) in ring()) {
        let ring = SquareModulus::new(&n).unwrap();
        let (a, b) = ring.halves(&ring.residue(&x));
        prop_assert_eq!(big(&a), big(&x) % big(&n));
        prop_assert_eq!(big(&b), big(&x) / big(&n));
        prop_assert_eq!(ring.residue_from_halves(&a, &b), Some(ring.residue(&x)));
        prop_assert_eq!(ring.residue_from_halves(&n, &b), None);
        prop_assert_eq!(ring.residue_from_halves(&a, &n), None);
    }

    #[test]
    fn remainders_are_those_of_division((n, x, y) in ring(), length in 0usize..128) {
        let ring = SquareModulus::new(&n).unwrap();
        let number = [&x[..], &y].concat();
        let number = &number[..length.min(2 * n.len() - 1)];
        prop_assert_eq!(big(&ring.remainder(number)), big(number) % big(&n));
    }

    #[test]
    fn numbers_of_any_length_are_reduced((n, x, y) in ring(), extra in 0usize..70) {
        let ring = SquareModulus::new(&n).unwrap();
        let long = [&x[..], &y[..], &vec![u64::MAX; extra][..]].concat();
        prop_assert_eq!(big(&ring.to_limbs(&ring.residue(&long))), big(&long) % big(&n).pow(2));
        prop_assert_eq!(ring.residue(&[]), ring.residue(&[0]));
    }

    #[test]
    fn one_plus_n_times_m_is_a_factor_like_any_other((n, x, y) in ring()) {
        let ring = SquareModulus::new(&n).unwrap();
        // Not below n either.
        let m = &y[..n.len()];
        let factor = low_limbs(&(big(m) * big(&n) + 1u8), 2 * n.len());
        let mut short = ring.residue(&x);
        ring.mul_one_plus_n_times(&mut short, m);
        prop_assert_eq!(short, ring.mul(&ring.residue(&x), &ring.residue(&factor)));
    }

    #[test]
    fn inverses_exist_exactly_for_units((n, x, _) in ring()) {
        let ring = SquareModulus::new(&n).unwrap();
        let rx = ring.residue(&x);
        let is_unit = big(&x).gcd(&big(&n)).is_one();
        prop_assert_eq!(ring.are_units_vartime([&ring.one(), &rx, &rx]), is_unit);
        let inverse = ring.invert_vartime(&rx);
        prop_assert_eq!(inverse.is_some(), is_unit);
        prop_assert_eq!(&ring.invert(&rx), &inverse);
        prop_assert_eq!(ring.is_one(&rx), rx == ring.one());
        if let Some(inverse) = inverse {
            prop_assert!(ring.is_one(&ring.mul(&rx, &inverse)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn powers_agree((n, x, _) in ring(), exponent in (0usize..4).prop_flat_map(limbs)) {
        let ring = SquareModulus::new(&n).unwrap();
        let expected = big(&x).modpow(&big(&exponent), &big(&n).pow(2));
        let base = ring.residue(&x);
        prop_assert_eq!(big(&ring.to_limbs(&ring.pow(&base, &exponent))), expected.clone());
        for table in [FixedBase::new, FixedBase::for_many] {
            let table = table(&ring, &base, exponent.len());
            prop_assert_eq!(big(&ring.to_limbs(&table.pow(&ring, &exponent))), expected.clone());
        }
        prop_assert_eq!(big(&ring.to_limbs(&ring.pow_vartime(&base, &exponent))), expected.clone());
        let below_n = low_limbs(&(big(&x) % big(&n)), n.len());
        let power = ring.pow_mod_n_vartime(&below_n, &exponent);
        prop_assert_eq!(big(&power), expected % big(&n));
    }

    #[test]
    fn powers_of_many_agree_with_powers_of_one(
        rings in prop::sample::select(&LIMBS[..]).prop_flat_map(|l| prop::collection::vec(
            modulus_limbs(l).prop_flat_map(|n| (Just(n.clone()), element(n))), 1..20)),
        exponents in (0usize..3).prop_flat_map(|length| prop::collection::vec(limbs(length), 20)),
    ) {
        let rings: Vec<_> = rings.iter().map(|(n, x)| (SquareModulus::new(n).unwrap(), x)).collect();
        let bases: Vec<_> = rings.iter().map(|(ring, x)| ring.residue(x)).collect();
        let powers: Vec<_> = rings.iter().zip(&bases).zip(&exponents)
            .map(|(((modulus, _), base), exponent)| Power { modulus, base, exponent })
            .collect();
        let expected: Vec<_> = powers.iter().map(|p| p.modulus.pow(p.base, p.exponent)).collect();
        prop_assert_eq!(pow_many(&powers), expected);

        let (ring, base) = (&rings[0].0, &bases[0]);
        let exponents: Vec<&[u64]> = exponents[..rings.len()].iter().map(Vec::as_slice).collect();
        let expected: Vec<_> = exponents.iter().map(|exponent| ring.pow(base, exponent)).collect();
        let table = FixedBase::for_many(ring, base, exponents[0].len());
        prop_assert_eq!(table.pow_many(ring, &exponents), expected);
    }

    #[test]
    fn powers_with_public_exponents_agree(
        (n, bases) in prop::sample::select(&LIMBS[..]).prop_flat_map(modulus_limbs)
            .prop_flat_map(|n| (Just(n.clone()), prop::collection::vec(element(n), 0..20))),
        exponents in prop::collection::vec((0usize..3).prop_flat_map(limbs), 20),
        is_same in any::<bool>(),
    ) {
        let ring = SquareModulus::new(&n).unwrap();
        let square = big(&n).pow(2);
        let residues: Vec<_> = bases.iter().map(|x| ring.residue(x)).collect();
        let exponent = |i: usize| &exponents[if is_same { 0 } else { i }][..];
        let exponents: Vec<_> = (0..bases.len()).map(exponent).collect();
        let powers = pow_each_vartime(&ring, &residues.iter().collect::<Vec<_>>(), &exponents);
        prop_assert_eq!(powers.len(), bases.len());
        for ((power, base), exponent) in powers.iter().zip(&bases).zip(exponents) {
            prop_assert_eq!(big(&ring.to_limbs(power)), big(base).modpow(&big(exponent), &square));
        }
    }

    #[test]
    fn products_of_powers_of_fixed_bases_agree(
        (n, bases) in prop::sample::select(&LIMBS[..]).prop_flat_map(modulus_limbs)
            .prop_flat_map(|n| (Just(n.clone()), prop::collection::vec(element(n), 0..24))),
        lists in prop::collection::vec(prop::collection::vec(any::<u32>(), 24), 0..10),
        bits in prop::sample::select(vec![0u32, 1, 4, 5, 9, 16, 32]),
        is_full in any::<bool>(),
    ) {
        let (ring, square) = (SquareModulus::new(&n).unwrap(), big(&n).pow(2));
        let residues: Vec<_> = bases.iter().map(|base| ring.residue(base)).collect();
        let table = FixedBases::new(&ring, &residues);
        prop_assert_eq!(table.bases(), bases.len());
        let largest = u32::MAX.checked_shr(32 - bits).unwrap_or(0);
        let lists: Vec<Vec<u32>> = lists.iter()
            .map(|list| list[..bases.len()].iter().map(|e| if is_full { largest } else { e & largest }).collect())
            .collect();
        let slices: Vec<&[u32]> = lists.iter().map(Vec::as_slice).collect();
        let expected: Vec<BigUint> = lists.iter()
            .map(|list| list.iter().zip(&bases).fold(BigUint::one(), |product, (&e, base)| {
                product * big(base).modpow(&e.into(), &square) % &square
            }))
            .collect();
        let products = table.multi_exp(&ring, &slices, bits);
        let found: Vec<BigUint> = products.iter().map(|x| big(&ring.to_limbs(x))).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn products_of_registers_agree(
        (n, x, y) in ring(),
        batches in prop::collection::vec(prop::collection::vec(any::<[u32; 2]>(), 0..70), 1..6),
        squares in any::<bool>(),
    ) {
        let ring = SquareModulus::new(&n).unwrap();
        let square = big(&n).pow(2);
        let mut expected = vec![big(&x), big(&y)];
        let mut registers = Registers::with_capacity(&ring, 2);
        registers.push(&[ring.residue(&x), ring.residue(&y)]);
        for pairs in batches {
            let count = expected.len() as u32;
            let pairs: Vec<_> = pairs.iter()
                .map(|&[a, b]| [a % count, if squares { a % count } else { b % count }])
                .collect();
            registers.push_products_vartime(&pairs);
            expected.extend(pairs.iter()
                .map(|&[a, b]| &expected[a as usize] * &expected[b as usize] % &square)
                .collect::<Vec<_>>());
            prop_assert_eq!(registers.count(), expected.len());
        }
        for (register, expected) in (0..).zip(&expected) {
            prop_assert_eq!(&big(&ring.to_limbs(&registers.get(register))), expected);
        }
    }

    #[test]
    fn horners_rule_agrees_with_powers(
        (n, x, y) in ring(), count in 0usize..20, length in 0usize..5, squarings in 0u32..70, uneven in any::<bool>(),
        exponent in (0usize..4).prop_flat_map(limbs),
    ) {
        let ring = SquareModulus::new(&n).unwrap();
        let square = big(&n).pow(2);
        let number = |j: usize, i: usize| (big(&x) + (big(&y) - big(&x).min(big(&y))) * (3 * j + i)) % &square;
        let length = |j: usize| if uneven { (length + j) % 5 } else { length };
        let residue = |number: BigUint| ring.residue(&number.to_u64_digits());
        let residues: Vec<Vec<_>> = (0..count)
            .map(|j| (0..length(j)).map(|i| residue(number(j, i))).collect())
            .collect();
        let lists: Vec<Vec<_>> = residues.iter().map(|list| list.iter().collect()).collect();
        let bases: Vec<_> = (0..count).map(|j| residue(number(j, 7))).collect();
        let totals = horner_many(&ring, &lists, squarings);
        let products = horner_powers_vartime(&ring, &lists, squarings, &bases, &exponent);
        prop_assert_eq!((totals.len(), products.len()), (count, count));
        for (j, list) in lists.iter().enumerate() {
            let total = horner_in_halves_vartime(&ring, list, squarings, None);
            prop_assert_eq!(&total, &totals[j]);
            let product = horner_in_halves_vartime(&ring, list, squarings, Some((&bases[j], &exponent)));
            prop_assert_eq!(&product, &products[j]);
        }
        for (j, (total, product)) in totals.iter().zip(&products).enumerate() {
            let mut expected = BigUint::one() % &square;
            for i in 0..length(j) {
                let exponent = BigUint::one() << (squarings as usize * i);
                expected = expected * number(j, i).modpow(&exponent, &square) % &square;
            }
            prop_assert_eq!(&big(&ring.to_limbs(total)), &expected);
            let power = number(j, 7).modpow(&big(&exponent), &square);
            prop_assert_eq!(big(&ring.to_limbs(product)), expected * power % &square);
        }
    }

    #[test]
    fn many_small_powers_agree(
        (n, seed, _) in ring(),
        rows in prop::collection::vec(prop::collection::vec(exponent(), 9), 1..4),
    ) {
        let ring = SquareModulus::new(&n).unwrap();
        let square = big(&n).pow(2);
        // Units only: division must be possible.
        let units: Vec<BigUint> = (0u32..)
            .map(|i| (big(&seed) + i) % &square)
            .filter(|x| x.gcd(&big(&n)).is_one())
            .take(9)
            .collect();
        let bases: Vec<_> = units.iter().map(|x| ring.residue(&x.to_u64_digits())).collect();
        let fractions = rows.iter().map(|row| multi_exp_vartime(&ring, &bases, row)).collect();
        let values = divide_vartime(&ring, fractions).unwrap();
        for (row, value) in rows.iter().zip(&values) {
            let mut expected = BigUint::one() % &square;
            for (x, &w) in units.iter().zip(row) {
                let base = if w < 0 { x.modinv(&square).unwrap() } else { x.clone() };
                expected = expected * base.modpow(&w.unsigned_abs().into(), &square) % &square;
            }
            prop_assert_eq!(big(&ring.to_limbs(value)), expected);
        }
    }
}

/// Moduli at the ends for lanes, the largest and the sparsest, each with numbers where carries run.
fn ends() -> Vec<(SquareModulus, Vec<BigUint>)> {
    let with_ends = |n: Vec<u64>| {
        let half = BigUint::one() << (64 * n.len());
        let ring = SquareModulus::new(&n).expect("it is odd and fills its limbs");
        let (n, square) = (big(&n), big(&n).pow(2));
        let ends = vec![
            BigUint::zero(),
            BigUint::one(),
            &n - 1u8,
            n.clone(),
            &n + 1u8,
            (half - 1u8) * &n % &square,
            (&n - 1u8) * &n,
            &square - &n,
            &square - &n - 1u8,
            &square - 1u8,
        ];
        (ring, ends)
    };
    let moduli = [16, 24, 32, 48, 64].into_iter().flat_map(|l| {
        let mut sparse = vec![0; l];
        (sparse[0], sparse[l - 1]) = (1, 1 << 63);
        [vec![u64::MAX; l], sparse]
    });
    moduli.map(with_ends).collect()
}

#[test]
fn powers_of_many_agree_at_the_ends() {
    for (ring, ends) in ends() {
        let square = big(ring.n()).pow(2);
        let bases: Vec<_> = ends
            .iter()
            .map(|x| ring.residue(&x.to_u64_digits()))
            .collect();
        for exponent in [1u64, 2, 3, 31, u64::MAX] {
            let limbs = [exponent];
            let power = |base| Power {
                modulus: &ring,
                base,
                exponent: &limbs,
            };
            let powers = pow_many(&bases.iter().map(power).collect::<Vec<_>>());
            let none = vec![Vec::new(); bases.len()];
            let public = horner_powers_vartime(&ring, &none, 0, &bases, &limbs);
            assert_eq!(public, powers);
            // Another exponent for the first base, so that no two lanes share their windows.
            let mut exponents = vec![&limbs[..]; bases.len()];
            exponents[0] = &[];
            let each = pow_each_vartime(&ring, &bases.iter().collect::<Vec<_>>(), &exponents);
            assert_eq!((&each[0], &each[1..]), (&ring.one(), &powers[1..]));
            for (x, power) in ends.iter().zip(&powers) {
                let expected = x.modpow(&exponent.into(), &square);
                assert_eq!(
                    big(&ring.to_limbs(power)),
                    expected,
                    "{} limbs, {x}^{exponent}",
                    ring.limbs()
                );
            }
        }
    }
}

#[test]
fn products_of_registers_agree_at_the_ends() {
    for (ring, ends) in ends() {
        let square = big(ring.n()).pow(2);
        let residues: Vec<_> = ends
            .iter()
            .map(|x| ring.residue(&x.to_u64_digits()))
            .collect();
        let count = ends.len() as u32;
        let pairs: Vec<_> = (0..count * count).map(|i| [i / count, i % count]).collect();
        // By eights and by fours; lanes that stay unused repeat others.
        for at_once in [8, 4, 3] {
            let mut registers = Registers::with_capacity(&ring, 0);
            registers.push(&residues);
            for pairs in pairs.chunks(at_once) {
                registers.push_products_vartime(pairs);
            }
            for (&[a, b], product) in pairs.iter().zip(count..) {
                let expected = &ends[a as usize] * &ends[b as usize] % &square;
                let product = big(&ring.to_limbs(&registers.get(product)));
                assert_eq!(product, expected, "{} limbs, {a} {b}", ring.limbs());
            }
        }
    }
}

fn exponent() -> impl Strategy<Value = i32> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(-1),
        Just(i32::MAX),
        Just(i32::MIN),
        -127i32..128,
        any::<i32>()
    ]
}

#[test]
fn a_denominator_without_an_inverse_is_reported() {
    let ring = SquareModulus::new(&[(1 << 63) | 15]).unwrap();
    let divisor = ring.residue(ring.n());
    let fraction = multi_exp_vartime(&ring, &[divisor], &[-1]);
    assert!(divide_vartime(&ring, vec![fraction]).is_none());
}

#[test]
fn moduli_out_of_range_are_refused() {
    use veilcast_arith::ModulusError::{Even, Size};
    assert_eq!(SquareModulus::new(&[]).unwrap_err(), Size);
    assert_eq!(SquareModulus::new(&[3]).unwrap_err(), Size);
    assert_eq!(SquareModulus::new(&[1 << 63]).unwrap_err(), Even);
    assert_eq!(SquareModulus::new(&[u64::MAX; 65]).unwrap_err(), Size);
}
