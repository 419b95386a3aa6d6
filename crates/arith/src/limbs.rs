//! Steps on single limbs and on little-endian limb slices, all in constant time.

/// t + a·b + carry as (low, high); it can't overflow two limbs.
#[inline(always)]
pub(crate) fn mac(t: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = u128::from(t) + u128::from(a) * u128::from(b) + u128::from(carry);
    (wide as u64, (wide >> 64) as u64)
}

/// a + b + carry as (sum, carry out).
#[inline(always)]
pub(crate) fn adc(a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = u128::from(a) + u128::from(b) + u128::from(carry);
    (wide as u64, (wide >> 64) as u64)
}

/// a − b − borrow as (difference, borrow out), where a borrow is 0 or 1.
#[inline(always)]
pub(crate) fn sbb(a: u64, b: u64, borrow: u64) -> (u64, u64) {
    let (d, first) = a.overflowing_sub(b);
    let (d, second) = d.overflowing_sub(borrow);
    (d, u64::from(first | second))
}

/// x += y for slices of one length; returns the carry.
#[inline]
pub(crate) fn add_assign(x: &mut [u64], y: &[u64]) -> u64 {
    debug_assert_eq!(x.len(), y.len());
    let mut carry = 0;
    for (x, &y) in x.iter_mut().zip(y) {
        (*x, carry) = adc(*x, y, carry);
    }
    carry
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
/// Returns what is left of `high`, and 1 if n was subtracted, else 0.
#[inline]
pub(crate) fn subtract_if_reached(x: &mut [u64], high: u64, n: &[u64]) -> (u64, u64) {
    debug_assert_eq!(x.len(), n.len());
    let mut borrow = 0;
    for (&x, &n) in x.iter().zip(n) {
        (_, borrow) = sbb(x, n, borrow);
    }
    let (left, borrow) = sbb(high, 0, borrow);
    // All ones where the subtraction did not underflow.
    let mask = borrow.wrapping_sub(1);
    borrow_masked(x, n, mask);
    ((left & mask) | (high & !mask), mask & 1)
}

/// x −= n & mask; the borrow is known to the caller.
#[inline]
fn borrow_masked(x: &mut [u64], n: &[u64], mask: u64) {
    let mut borrow = 0;
    for (x, &n) in x.iter_mut().zip(n) {
        (*x, borrow) = sbb(*x, n & mask, borrow);
    }
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
