//! Every kernel against the portable one and against num-bigint, over operands that produce long
//! carries: boundary, sparse and random ones.

use num_bigint::BigUint;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{Kernel, PairKernel, portable};
use crate::limbs::{negated_inverse, subtract_if_reached};

/// Runs the checks on a kernel at each of the limb counts; one test per limb count.
macro_rules! kernel_tests {
    ($set:ident, $kernel:expr, [$($limbs:literal)*]) => {
        mod $set {
            use super::*;

            #[test]
            fn agrees_on_boundaries() {
                let Some(kernel) = $kernel else { return absent(stringify!($set)) };
                for limbs in [$($limbs),*] {
                    on_boundaries(kernel, limbs);
                }
            }

            #[test]
            fn agrees_on_sparse_and_random_numbers() {
                let Some(kernel) = $kernel else { return absent(stringify!($set)) };
                for limbs in [$($limbs),*] {
                    on_sparse_and_random_numbers(kernel, limbs);
                }
            }

            #[test]
            fn selects_each_entry() {
                let Some(kernel) = $kernel else { return absent(stringify!($set)) };
                for limbs in [$($limbs),*] {
                    selects(kernel, limbs);
                }
            }
        }
    };
}

kernel_tests!(portable_set, Some(portable::KERNEL), [1 2 3 5 8 13 16 24 32 48 64]);

#[cfg(target_arch = "x86_64")]
kernel_tests!(adx_set, super::super::adx::Adx::detect().map(|adx| adx.kernel()), [8 16 24 32 40 48 56 64]);

#[cfg(target_arch = "x86_64")]
mod ifma_set {
    use super::*;
    use crate::kernel::ifma::Ifma;

    const LIMBS: [usize; 5] = [16, 24, 32, 48, 64];

    #[test]
    fn agrees_on_boundaries() {
        let Some(ifma) = Ifma::detect() else {
            return absent("ifma_set");
        };
        for l in LIMBS {
            let ends = boundaries(l);
            for n in &ends {
                let mut n = n.clone();
                n[0] |= 1;
                n[l - 1] |= 1 << 63;
                let kernel = ifma.kernel(&n).unwrap();
                for x in &ends {
                    for y in &ends {
                        check_pairs(&*kernel, &n, [x, y], [y, &n]);
                        check_pairs(&*kernel, &n, [x, x], [y, x]);
                    }
                }
            }
        }
    }

    #[test]
    fn agrees_on_sparse_and_random_numbers() {
        let Some(ifma) = Ifma::detect() else {
            return absent("ifma_set");
        };
        for l in LIMBS {
            let case = [(); 5].map(|()| limbs(l));
            TestRunner::new(Config::with_cases(400))
                .run(&case, |[mut n, a1, b1, a2, b2]| {
                    n[0] |= 1;
                    n[l - 1] |= 1 << 63;
                    let kernel = ifma.kernel(&n).unwrap();
                    check_pairs(&*kernel, &n, [&a1, &b1], [&a2, &b2]);
                    Ok(())
                })
                .unwrap();
        }
    }
}

/// Checks a product and a square of pairs, brought below n first.
fn check_pairs(kernel: &dyn PairKernel, n: &[u64], x: [&[u64]; 2], y: [&[u64]; 2]) {
    let l = n.len();
    let below_n = |x: &[u64]| {
        // n has its top bit set, so that one subtraction is enough.
        let mut x = x.to_vec();
        subtract_if_reached(&mut x, 0, n);
        x
    };
    let (mut x, y) = (x.map(below_n).concat(), y.map(below_n).concat());
    let (big_n, before) = (big(n), x.clone());
    let value = |pair: &[u64]| {
        let (a, b) = (big(&pair[..l]), big(&pair[l..]));
        assert!(
            a < big_n && b < big_n,
            "halves below {n:x?} for {before:x?} and {y:x?}"
        );
        a + b * &big_n
    };
    let square = &big_n * &big_n;
    let agrees = |product: &[u64], expected: BigUint| {
        let product = value(product) << (64 * l);
        assert_eq!(
            product % &square,
            expected % &square,
            "{before:x?} {y:x?} {n:x?}"
        );
    };

    kernel.mul(&mut x, &y);
    agrees(&x, value(&before) * value(&y));
    x.copy_from_slice(&before);
    kernel.square(&mut x);
    agrees(&x, value(&before).pow(2));

    // (x·y)²·y in digits: what the first two operations leave is not below n. R is 2^(64·L), R' is 2^e times that.
    let (mut digits, factor) = (kernel.to_digits(&before), kernel.to_digits(&y));
    kernel.mul_digits(&mut digits, &factor);
    kernel.square_digits(&mut digits);
    let product = value(&kernel.to_limbs(&digits, &factor)) << (4 * (64 * l + kernel.extra_bits()));
    let expected = value(&before).pow(2) * value(&y).pow(3);
    assert_eq!(
        product % &square,
        expected % &square,
        "in digits, {before:x?} {y:x?} {n:x?}"
    );
}

/// A set that can't run here is not tested; that is printed, and is an error where all must be
/// tested.
fn absent(set: &str) {
    eprintln!("NOT TESTED: this processor lacks the instructions of the kernels `{set}`");
    assert!(
        std::env::var_os("VEILCAST_TEST_ALL_KERNELS").is_none(),
        "VEILCAST_TEST_ALL_KERNELS is set, and the kernels `{set}` can't run here"
    );
}

/// One case: factors x and y, an odd modulus n, and what `out` holds before.
#[derive(Debug, Clone)]
struct Case {
    x: Vec<u64>,
    y: Vec<u64>,
    n: Vec<u64>,
    before: Vec<u64>,
}

fn check(kernel: Kernel, case: &Case) {
    let Case { x, y, n, before } = case;
    let l = x.len();

    let mut out = before.clone();
    let carry = (kernel.mul_add)(&mut out, x, y);
    let expected = big(before) + big(x) * big(y);
    assert_eq!(
        big(&out) + (BigUint::from(carry) << (128 * l)),
        expected,
        "mul_add of {case:x?}"
    );
    agrees_with_portable(&out, carry, before, |p, t| (p.mul_add)(t, x, y));

    let mut out = before.clone();
    (kernel.square)(&mut out, x);
    assert_eq!(big(&out), big(x).pow(2), "square of {case:x?}");

    let n_inv = negated_inverse(n[0]);
    let mut t = before.clone();
    let carry = (kernel.redc)(&mut t, n, n_inv);
    let (m, quotient) = (
        big(&t[..l]),
        big(&t[l..]) + (BigUint::from(carry) << (64 * l)),
    );
    assert_eq!(
        big(before) + m * big(n),
        quotient << (64 * l),
        "redc of {case:x?}"
    );
    agrees_with_portable(&t, carry, before, |p, t| (p.redc)(t, n, n_inv));
}

fn agrees_with_portable(
    out: &[u64],
    carry: u64,
    before: &[u64],
    run: impl FnOnce(Kernel, &mut [u64]) -> u64,
) {
    let mut twin = before.to_vec();
    let twin_carry = run(portable::KERNEL, &mut twin);
    assert_eq!((out, carry), (&twin[..], twin_carry));
}

/// From tables of 1 to 65 pairs; nothing at an index out of range.
fn selects(kernel: Kernel, l: usize) {
    for entries in [1, 2, 31, 32, 64, 65] {
        let table: Vec<u64> = (0..entries * 2 * l)
            .map(|i| !(i as u64) << (i % 7))
            .collect();
        for (i, entry) in table.chunks_exact(2 * l).enumerate() {
            let mut out = vec![u64::MAX; 2 * l];
            (kernel.select)(&mut out, &table, i as u64);
            assert_eq!(out, entry, "entry {i} of {entries}");
        }
        for index in [entries as u64, 1 << 32, u64::MAX] {
            let mut out = vec![u64::MAX; 2 * l];
            (kernel.select)(&mut out, &table, index);
            assert_eq!(out, vec![0; 2 * l]);
        }
    }
}

fn on_boundaries(kernel: Kernel, l: usize) {
    let ends = boundaries(l);
    for x in &ends {
        for y in &ends {
            for before in [
                vec![0; 2 * l],
                vec![u64::MAX; 2 * l],
                [&x[..], &y[..]].concat(),
            ] {
                let mut n = y.clone();
                n[0] |= 1;
                check(
                    kernel,
                    &Case {
                        x: x.clone(),
                        y: y.clone(),
                        n,
                        before,
                    },
                );
            }
        }
    }
}

/// 0, 1, all ones, all ones but the lowest bit, and single bits and single zeros at the edges of
/// limbs and of blocks of eight limbs.
fn boundaries(l: usize) -> Vec<Vec<u64>> {
    let ones = vec![u64::MAX; l];
    let mut numbers = vec![vec![0; l], ones.clone()];
    for bit in [0, 1, 63, 64, 511, 512, 32 * l, 64 * l - 1] {
        if bit < 64 * l {
            let mut single = vec![0; l];
            single[bit / 64] = 1 << (bit % 64);
            let inverted = single.iter().map(|x| !x).collect();
            numbers.extend([single, inverted]);
        }
    }
    numbers
}

fn on_sparse_and_random_numbers(kernel: Kernel, l: usize) {
    let case = (limbs(l), limbs(l), limbs(l), limbs(2 * l)).prop_map(|(x, y, mut n, before)| {
        n[0] |= 1;
        Case { x, y, n, before }
    });
    TestRunner::new(Config::with_cases(400))
        .run(&case, |case| {
            check(kernel, &case);
            Ok(())
        })
        .unwrap();
}

/// Limbs that are all zeros, all ones, a single bit or zero, or random.
fn limbs(count: usize) -> impl Strategy<Value = Vec<u64>> {
    let limb = prop_oneof![
        2 => Just(0u64),
        2 => Just(u64::MAX),
        1 => (0u32..64).prop_map(|bit| 1 << bit),
        1 => (0u32..64).prop_map(|bit| !(1 << bit)),
        3 => any::<u64>(),
    ];
    prop_oneof![
        3 => prop::collection::vec(limb, count),
        1 => prop::collection::vec(any::<u64>(), count),
    ]
}

fn big(limbs: &[u64]) -> BigUint {
    let halves = limbs.iter().flat_map(|&x| [x as u32, (x >> 32) as u32]);
    BigUint::from_slice(&halves.collect::<Vec<_>>())
}
