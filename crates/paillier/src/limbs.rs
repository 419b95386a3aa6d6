//! Secret limbs in constant time: predicates, as masks that are all ones for true and 0 for false, and shifts.

use std::hint::black_box;

/// The bits that are set in any of the limbs.
pub(crate) fn all_bits(limbs: &[u64]) -> u64 {
    limbs.iter().fold(0, |bits, &limb| bits | limb)
}

/// Whether x is 0.
pub(crate) fn is_zero(x: u64) -> u64 {
    // Hidden from the optimiser, which might turn what it masks into a branch.
    black_box(((x | x.wrapping_neg()) >> 63).wrapping_sub(1))
}

/// Whether x ≤ bound, for numbers of as many limbs.
pub(crate) fn is_at_most(x: &[u64], bound: &[u64]) -> u64 {
    debug_assert_eq!(x.len(), bound.len());
    let borrow = x.iter().zip(bound).fold(false, |borrow, (&x, &bound)| {
        let (difference, first) = bound.overflowing_sub(x);
        let (_, second) = difference.overflowing_sub(borrow.into());
        first | second
    });
    black_box(u64::from(borrow).wrapping_sub(1))
}

/// `a` if the mask is all ones, `b` if it is 0.
pub(crate) fn choose(mask: u64, a: &[u64], b: &[u64]) -> Vec<u64> {
    let mask = black_box(mask);
    let limbs = a.iter().zip(b);
    limbs.map(|(a, b)| (a & mask) | (b & !mask)).collect()
}

/// x·2^shift, cut off at both ends of as many limbs as x has, for a public shift.
pub(crate) fn shifted(x: &[u64], shift: isize) -> Vec<u64> {
    let (whole, bits) = (shift.div_euclid(64), shift.rem_euclid(64) as u32);
    let limb = |i: isize| usize::try_from(i).ok().and_then(|i| x.get(i)).copied();
    let limb = |i: isize| limb(i).unwrap_or(0);
    (0..x.len() as isize)
        .map(|i| limb(i - whole) << bits | limb(i - whole - 1) >> 1 >> (63 - bits))
        .collect()
}
