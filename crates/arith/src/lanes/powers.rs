//! Powers, one per lane: bases, exponents and even moduli may differ.

use zeroize::Zeroizing;

use super::groups::worth_lanes;
use super::ring::{Lane, Ring, kernel, widest};
use crate::kernel::lanes::{Lanes4, Lanes8};
use crate::kernel::{Digits, Lanes};
use crate::limbs::bit_window;
use crate::pow::SECRET_WINDOW;
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// A power to be computed: base^exponent in a ring.
#[derive(Clone, Copy, Debug)]
pub struct Power<'a> {
    /// The ring.
    pub modulus: &'a SquareModulus,
    /// An element of it.
    pub base: &'a Residue,
    /// The exponent's little-endian limbs.
    pub exponent: &'a [u64],
}

/// Computes several powers, in time that depends only on their number and sizes.
///
/// Fastest for groups of eight or four whose moduli and exponents have the same numbers of limbs.
///
/// # Panics
/// If a base belongs to a modulus of another size.
pub fn pow_many(powers: &[Power<'_>]) -> Vec<Residue> {
    let mut results = Vec::with_capacity(powers.len());
    for group in powers.chunks(widest()) {
        match pow_group(group) {
            Some(group) => results.extend(group),
            None => results.extend(
                group
                    .iter()
                    .map(|power| power.modulus.pow(power.base, power.exponent)),
            ),
        }
    }
    results
}

/// One to eight powers at once, or `None` if they are faster one by one.
fn pow_group(powers: &[Power<'_>]) -> Option<Vec<Residue>> {
    let first = powers.first()?;
    let (limbs, length) = (first.modulus.limbs(), first.exponent.len());
    let (kernel, digits) = kernel(limbs)?;
    let is_like_first =
        |power: &Power<'_>| power.modulus.limbs() == limbs && power.exponent.len() == length;
    if powers.len() < worth_lanes(kernel, limbs) || length == 0 || !powers.iter().all(is_like_first)
    {
        return None;
    }
    Some(match kernel.eight() {
        Some(eight) if powers.len() > 4 => pow_lanes::<Lanes8>(eight, powers, digits),
        _ => pow_lanes::<Lanes4>(kernel, powers, digits),
    })
}

fn pow_lanes<L: Lanes>(kernel: L::Kernel, powers: &[Power<'_>], digits: Digits) -> Vec<Residue> {
    assert!(powers.len() <= L::COUNT, "one power per lane");
    let lanes: Vec<Lane> = powers
        .iter()
        .map(|power| Lane::new(power.modulus, digits))
        .collect();
    let ring = Ring::<L>::new(kernel, &lanes.iter().collect::<Vec<_>>());

    let base = ring.enter(&powers.iter().map(|power| power.base).collect::<Vec<_>>());
    let ones: Vec<Residue> = powers.iter().map(|power| power.modulus.one()).collect();
    let mut entry = ring.enter(&ones.iter().collect::<Vec<_>>());
    let mut table = Zeroizing::new(Vec::with_capacity(entry.len() << SECRET_WINDOW));
    for _ in 0..1 << SECRET_WINDOW {
        table.extend_from_slice(&entry);
        ring.mul(&mut entry, &base);
    }

    let mut factor = entry;
    let mut select = |window: usize| {
        let exponent = |i: usize| powers[i.min(powers.len() - 1)].exponent;
        let indices =
            L::from_fn(|i| bit_window(exponent(i), window * SECRET_WINDOW, SECRET_WINDOW));
        L::select(kernel, &mut factor, &table, &indices);
        factor.clone()
    };
    let highest = (64 * powers[0].exponent.len()).div_ceil(SECRET_WINDOW) - 1;
    let mut power = select(highest);
    for window in (0..highest).rev() {
        for _ in 0..SECRET_WINDOW {
            ring.square(&mut power);
        }
        ring.mul(&mut power, &select(window));
    }
    ring.leave(power, powers.iter().map(|power| power.modulus))
}
