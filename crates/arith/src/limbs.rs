//! Steps on single limbs and on little-endian limb slices, all in constant time.

use std::hint::black_box;

/// t + a·b + carry as (low, high), which can't overflow two limbs.
#[inline(always)]
pub(crate) fn mac(t: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = u128::from(t) + u128::from(a) * u128::from(b) + u128::from(carry);
    (wide as u64, (wide >> 64) as u64)
}

/// a + b + carry as (sum, carry out), where a carry is 0 or 1.
#[inline(always)]
pub(crate) fn adc(a: u64, b: u64, carry: u64) -> (u64, u64) {
    let (s, first) = a.overflowing_add(b);
    let (s, second) = s.overflowing_add(carry);
    (s, u64::from(first | second))
}

/// a − b − borrow as (difference, borrow out), where a borrow is 0 or 1.
#[inline(always)]
pub(crate) fn sbb(a: u64, b: u64, borrow: u64) -> (u64, u64) {
    let (d, first) = a.overflowing_sub(b);
    let (d, second) = d.overflowing_sub(borrow);
    (d, u64::from(first | second))
}

/// x\[i\] ← step(x\[i\], y\[i\], carry) from the lowest limb up; returns the last carry.
///
/// Eight limbs at a time, which compilers turn into one unbroken chain of carries.
#[inline(always)]
fn chain(
    x: &mut [u64],
    y: &[u64],
    mut carry: u64,
    step: impl Fn(u64, u64, u64) -> (u64, u64),
) -> u64 {
    debug_assert_eq!(x.len(), y.len());
    let (x_eights, x_rest) = x.as_chunks_mut::<8>();
    let (y_eights, y_rest) = y.as_chunks::<8>();
    for (x, y) in x_eights.iter_mut().zip(y_eights) {
        for (x, &y) in x.iter_mut().zip(y) {
            (*x, carry) = step(*x, y, carry);
        }
    }
    for (x, &y) in x_rest.iter_mut().zip(y_rest) {
        (*x, carry) = step(*x, y, carry);
    }
    carry
}

/// x += y for slices of one length; returns the carry.
#[inline]
pub(crate) fn add_assign(x: &mut [u64], y: &[u64]) -> u64 {
    chain(x, y, 0, adc)
}

/// x −= y for slices of one length; returns the borrow.
#[inline]
pub(crate) fn sub_assign(x: &mut [u64], y: &[u64]) -> u64 {
    chain(x, y, 0, sbb)
}

/// x += word, carried upwards; returns the carry.
#[inline]
pub(crate) fn add_word(x: &mut [u64], word: u64) -> u64 {
    let mut carry = word;
    for x in x.iter_mut() {
        (*x, carry) = adc(*x, 0, carry);
    }
    carry
}

/// Subtracts n from the number (high, x) if that is at least n.
///
/// Returns the new `high`, and 1 if n was subtracted, else 0.
#[inline]
pub(crate) fn subtract_if_reached(x: &mut [u64], high: u64, n: &[u64]) -> (u64, u64) {
    let (left, underflow) = sbb(high, 0, sub_assign(x, n));
    // If the subtraction underflowed, it is undone. The mask is hidden from the optimiser, which
    // might turn it into a branch.
    let mask = black_box(underflow.wrapping_neg());
    let carry = chain(x, n, 0, |x, n, carry| adc(x, n & mask, carry));
    (left.wrapping_add(carry & mask), 1 - underflow)
}

/// Whether x < n, for slices of one length.
pub(crate) fn is_below(x: &[u64], n: &[u64]) -> bool {
    debug_assert_eq!(x.len(), n.len());
    let mut borrow = 0;
    for (&x, &n) in x.iter().zip(n) {
        (_, borrow) = sbb(x, n, borrow);
    }
    borrow == 1
}

/// −n⁻¹ modulo 2⁶⁴ for an odd n, by Newton's iteration.
pub(crate) fn negated_inverse(n: u64) -> u64 {
    debug_assert_eq!(n & 1, 1);
    // n·n ≡ 1 (mod 8): three bits are right at the start, and each step doubles them.
    let mut inverse = n;
    for _ in 0..5 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(n.wrapping_mul(inverse)));
    }
    inverse.wrapping_neg()
}

/// The `width` bits of x from bit `start` upwards (at most 64), zeros above its end.
///
/// The position is public, the bits may be secret.
pub(crate) fn bit_window(x: &[u64], start: usize, width: usize) -> u64 {
    let (limb, shift) = (start / 64, start % 64);
    let low = x.get(limb).copied().unwrap_or(0) >> shift;
    let high = match shift {
        0 => 0,
        _ => x.get(limb + 1).copied().unwrap_or(0) << (64 - shift),
    };
    (low | high) & (u64::MAX >> (64 - width))
}
