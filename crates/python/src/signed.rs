//! Plaintexts as signed numbers: variable time, for factors and weights, which aren't hidden from
//! who computes with them; and in constant time where it says so.

use std::hint::black_box;

use veilcast_paillier::{Plaintext, PublicKey};

/// Whether a plaintext represents a negative number, and its magnitude in as many limbs as n has.
/// Variable time.
pub(crate) fn sign_and_magnitude_vartime(key: &PublicKey, m: &Plaintext) -> (bool, Vec<u64>) {
    let negated = difference(key.modulus_limbs(), m.limbs()).0;
    if negated.iter().rev().lt(m.limbs().iter().rev()) {
        (true, negated)
    } else {
        (false, m.limbs().to_vec())
    }
}

/// Whether a plaintext represents a number of at most this magnitude, given as little-endian limbs.
/// Constant time, but for the result.
pub(crate) fn is_within(key: &PublicKey, m: &Plaintext, bound: &[u64]) -> bool {
    let negated = difference(key.modulus_limbs(), m.limbs()).0;
    let exceeds = |magnitude: &[u64]| difference(bound, magnitude).1;
    !black_box(exceeds(m.limbs()) & exceeds(&negated))
}

/// The number of bits up to the highest that is set. Variable time.
pub(crate) fn bits_vartime(limbs: &[u64]) -> u32 {
    let top = limbs.iter().rposition(|&limb| limb != 0);
    top.map_or(0, |top| {
        64 * top as u32 + u64::BITS - limbs[top].leading_zeros()
    })
}

/// Up to 32 bits of a number from bit `at` on.
pub(crate) fn bits_at(limbs: &[u64], at: u32, count: u32) -> u32 {
    let (whole, bits) = ((at / 64) as usize, at % 64);
    let limb = |i: usize| u128::from(limbs.get(i).copied().unwrap_or(0));
    let wide = limb(whole) | limb(whole + 1) << 64;
    ((wide >> bits) as u64 & ((1 << count) - 1)) as u32
}

/// Big-endian bytes as as many little-endian limbs as asked for, if they suffice.
pub(crate) fn limbs(bytes: &[u8], count: usize) -> Option<Vec<u64>> {
    let limb = |chunk: &[u8]| {
        chunk
            .iter()
            .fold(0, |limb, &byte| limb << 8 | u64::from(byte))
    };
    let mut limbs: Vec<u64> = bytes.rchunks(8).map(limb).collect();
    let used = limbs.len() - limbs.iter().rev().take_while(|&&limb| limb == 0).count();
    if used > count {
        return None;
    }
    limbs.resize(count, 0);
    Some(limbs)
}

/// Little-endian limbs as big-endian bytes.
pub(crate) fn bytes(limbs: &[u64]) -> Vec<u8> {
    limbs
        .iter()
        .rev()
        .flat_map(|limb| limb.to_be_bytes())
        .collect()
}

/// a − b modulo a power of two, and whether it is negative, for numbers of as many limbs.
fn difference(a: &[u64], b: &[u64]) -> (Vec<u64>, bool) {
    debug_assert_eq!(a.len(), b.len());
    let mut borrow = false;
    let limbs = a.iter().zip(b).map(|(&a, &b)| {
        let (limb, first) = a.overflowing_sub(b);
        let (limb, second) = limb.overflowing_sub(borrow.into());
        borrow = first | second;
        limb
    });
    let limbs = limbs.collect();
    (limbs, borrow)
}
