//! Powers with public exponents that differ, one per lane.
//!
//! Sliding windows, as a single power takes them, begin at other bits in every exponent. Lanes need
//! windows at the same bits: fixed ones, and for each window a factor of every lane's own table. That
//! is a few products more, which cost less than eight lanes save. Four lanes with AVX2 save less.

use zeroize::Zeroizing;

use super::groups::worth_lanes;
use super::ring::{Lane, Ring, kernel, widest};
use crate::horner::horner_powers_vartime;
use crate::kernel::Lanes;
use crate::kernel::lanes::{Lanes4, Lanes8};
use crate::limbs::bit_window;
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// The most bits of a window: 2⁵ powers of each base.
const WIDEST_WINDOW: usize = 5;

/// bases\[i\]^exponents\[i\] for each i, for public exponents, given as little-endian limbs.
///
/// For an exponent of b bits about b squarings and b/4 + 14 products. Numbers with exponents of about the same
/// length are computed at once where the processor allows it.
///
/// # Panics
/// If there is not one exponent per base.
pub fn pow_each_vartime(
    modulus: &SquareModulus,
    bases: &[&Residue],
    exponents: &[&[u64]],
) -> Vec<Residue> {
    assert_eq!(
        bases.len(),
        exponents.len(),
        "there must be one exponent per base"
    );
    // The exponents' lengths in bits, with their places, the shortest first.
    let mut order: Vec<(usize, usize)> = exponents.iter().map(|e| bits(e)).zip(0..).collect();
    order.sort_unstable();
    let mut powers: Vec<Option<Residue>> = vec![None; bases.len()];
    for group in order.chunks(widest()) {
        let places = group.iter().map(|&(_, place)| place);
        let bases: Vec<&Residue> = places.clone().map(|place| bases[place]).collect();
        let exponents: Vec<&[u64]> = places.clone().map(|place| exponents[place]).collect();
        let longest = group.last().map_or(0, |&(bits, _)| bits);
        let computed = of_group(modulus, &bases, &exponents, longest);
        for (place, power) in places.zip(computed) {
            powers[place] = Some(power);
        }
    }
    // Each place is in one group.
    powers.into_iter().flatten().collect()
}

/// As many powers as there are lanes at most, of exponents of up to `longest` bits.
fn of_group(
    modulus: &SquareModulus,
    bases: &[&Residue],
    exponents: &[&[u64]],
    longest: usize,
) -> Vec<Residue> {
    if exponents.windows(2).all(|pair| pair[0] == pair[1]) {
        // With the same windows in all lanes.
        let (lists, bases): (Vec<_>, Vec<_>) =
            bases.iter().map(|&base| (Vec::new(), base.clone())).unzip();
        let exponent = exponents.first().copied().unwrap_or_default();
        return horner_powers_vartime(modulus, &lists, 0, &bases, exponent);
    }
    let in_eight = kernel(modulus.limbs())
        .and_then(|(kernel, digits)| Some((kernel, digits, kernel.eight()?)))
        .filter(|(kernel, ..)| bases.len() >= worth_lanes(*kernel, modulus.limbs()));
    if let Some((kernel, digits, eight)) = in_eight {
        let lane = Lane::new(modulus, digits);
        return match bases.len() {
            ..=4 => in_lanes::<Lanes4>(kernel, &lane, modulus, bases, exponents, longest),
            _ => in_lanes::<Lanes8>(eight, &lane, modulus, bases, exponents, longest),
        };
    }
    let pairs = bases.iter().zip(exponents);
    pairs
        .map(|(base, exponent)| modulus.pow_vartime(base, exponent))
        .collect()
}

fn in_lanes<L: Lanes>(
    kernel: L::Kernel,
    lane: &Lane,
    modulus: &SquareModulus,
    bases: &[&Residue],
    exponents: &[&[u64]],
    longest: usize,
) -> Vec<Residue> {
    assert!(bases.len() <= L::COUNT, "one power per lane");
    let ring = Ring::<L>::new(kernel, &[lane]);
    let width = best_window(longest);
    let one = modulus.one();
    let mut table: Vec<Zeroizing<Vec<L>>> = vec![ring.enter(&[&one]), ring.enter(bases)];
    for i in 2..1 << width {
        let mut power = table[i / 2].clone();
        ring.square(&mut power);
        if i % 2 == 1 {
            ring.mul(&mut power, &table[1]);
        }
        table.push(power);
    }

    // Lanes that are left over repeat the last exponent.
    let digit = |lane: usize, window: usize| {
        let exponent = exponents[lane.min(exponents.len() - 1)];
        bit_window(exponent, window * width, width) as usize
    };
    let factor = |window: usize| -> Option<Zeroizing<Vec<L>>> {
        let digits: Vec<usize> = (0..L::COUNT).map(|lane| digit(lane, window)).collect();
        let of_all = |i: usize| L::from_fn(|lane| table[digits[lane]][i].lane(lane));
        let is_one = digits.iter().all(|&digit| digit == 0);
        (!is_one).then(|| Zeroizing::new((0..table[0].len()).map(of_all).collect()))
    };
    let windows = longest.div_ceil(width);
    let mut power: Option<Zeroizing<Vec<L>>> = None;
    for window in (0..windows).rev() {
        if let Some(power) = &mut power {
            (0..width).for_each(|_| ring.square(power));
        }
        power = match (power, factor(window)) {
            (Some(mut power), Some(factor)) => {
                ring.mul(&mut power, &factor);
                Some(power)
            }
            (power, factor) => power.or(factor),
        };
    }
    let power = power.unwrap_or_else(|| table.swap_remove(0));
    ring.leave(power, bases.iter().map(|_| modulus))
}

/// The window with the fewest products for exponents of this length.
fn best_window(bits: usize) -> usize {
    let products = |width: usize| (1 << width) + bits.div_ceil(width);
    (1..=WIDEST_WINDOW)
        .min_by_key(|&width| products(width))
        .unwrap_or(1)
}

/// The number of bits up to the highest that is set.
fn bits(limbs: &[u64]) -> usize {
    let top = limbs.iter().rposition(|&limb| limb != 0);
    top.map_or(0, |top| {
        64 * (top + 1) - limbs[top].leading_zeros() as usize
    })
}
