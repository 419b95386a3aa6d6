//! Products and squares of pairs, by the steps that the module describes.
//!
//! V vectors to a number, W = V + 2 with zeros at both ends, S = 2V + 1 to a sum of products.

#![allow(clippy::needless_range_loop)] // Digits, rows and vectors go by their numbers here.

use std::arch::x86_64::*;
use std::hint::black_box;

use super::carries::{all_rippled, carried, carried_once};
use super::digits::{ONES, as_limbs, digits, load, padded, spread, spread_limbs, write};
use super::modulus::Modulus;

/// Lanes of low and high halves of products; the high ones count one digit more.
type Sum = [__m512i; 2];

#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
pub(super) fn mul<const V: usize, const W: usize, const S: usize>(
    modulus: &Modulus,
    x: &mut [u64],
    y: &[u64],
) {
    let shift = Modulus::shift_in_bytes(modulus.limbs, V);
    let (a1, b1) = x.split_at(modulus.limbs);
    let (a2, b2) = y.split_at(modulus.limbs);
    let (a1, b1) = (digits::<V>(a1, 0), digits::<V>(b1, 0));
    let (a2, b2) = (
        padded::<V, W>(digits(a2, shift)),
        padded::<V, W>(digits(b2, shift)),
    );
    product::<V, W, S, true>(modulus, x, [&a1, &b1], [&a2, &b2]);
}

/// U is a·2b: the products of b₂ fall away.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
pub(super) fn square<const V: usize, const W: usize, const S: usize>(
    modulus: &Modulus,
    x: &mut [u64],
) {
    let shift = Modulus::shift_in_bytes(modulus.limbs, V);
    let (a, b) = x.split_at(modulus.limbs);
    let (a1, b1) = (digits::<V>(a, 0), doubled(digits::<V>(b, 0), modulus));
    let a2 = padded::<V, W>(digits(a, shift));
    product::<V, W, S, false>(modulus, x, [&a1, &b1], [&a2, &a2]);
}

/// Step 1, with the others in between; a₁·b₂ is left out unless it is asked for.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn product<const V: usize, const W: usize, const S: usize, const CROSS: bool>(
    modulus: &Modulus,
    out: &mut [u64],
    [a1, b1]: [&[__m512i; V]; 2],
    [a2, b2]: [&[__m512i; W]; 2],
) {
    let [mut t_sum, mut u_sum] = [[[_mm512_setzero_si512(); 2]; S]; 2];
    let mut u_multipliers = _mm512_setzero_si512();
    for i in 0..V {
        if i > 0 {
            reduce::<V, S>(&mut u_sum, i - 1, u_multipliers, modulus);
        }
        let (xa, xb) = (spread_limbs(as_limbs(a1), i), spread_limbs(as_limbs(b1), i));
        for k in 0..=V {
            let ([mut t0, mut t1], [mut u0, mut u1]) = (t_sum[i + k], u_sum[i + k]);
            for r in 0..8 {
                let ya = load(as_limbs(a2), 8 * (k + 1) - r);
                t0 = _mm512_madd52lo_epu64(t0, xa[r], ya);
                t1 = _mm512_madd52hi_epu64(t1, xa[r], ya);
                u0 = _mm512_madd52lo_epu64(u0, xb[r], ya);
                u1 = _mm512_madd52hi_epu64(u1, xb[r], ya);
                if CROSS {
                    let yb = load(as_limbs(b2), 8 * (k + 1) - r);
                    u0 = _mm512_madd52lo_epu64(u0, xa[r], yb);
                    u1 = _mm512_madd52hi_epu64(u1, xa[r], yb);
                }
            }
            (t_sum[i + k], u_sum[i + k]) = ([t0, t1], [u0, u1]);
        }
        u_multipliers = step::<V, S>(&mut t_sum, &mut u_sum, i, modulus);
    }
    reduce::<V, S>(&mut u_sum, V - 1, u_multipliers, modulus);
    finish::<V, S>(out, &t_sum, &u_sum, modulus);
}

/// Steps 2 and 3: reduces block i of T, and takes m from U; returns U's multipliers.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn step<const V: usize, const S: usize>(
    t: &mut [Sum; S],
    u: &mut [Sum; S],
    i: usize,
    modulus: &Modulus,
) -> __m512i {
    let m = multipliers(block(t, i), modulus);
    reduce::<V, S>(t, i, m, modulus);
    let minus_m = _mm512_sub_epi64(load(&modulus.multiple, 8 * i), m);
    u[i][0] = _mm512_add_epi64(u[i][0], minus_m);
    multipliers(block(u, i), modulus)
}

/// sum += m·n for block i's multipliers; what is left of that block is carried up.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn reduce<const V: usize, const S: usize>(
    sum: &mut [Sum; S],
    i: usize,
    m: __m512i,
    modulus: &Modulus,
) {
    let m = spread(m);
    for k in 0..=V {
        let [mut low, mut high] = sum[i + k];
        for r in 0..8 {
            let n = load(&modulus.n.0, 8 * (k + 1) - r);
            low = _mm512_madd52lo_epu64(low, m[r], n);
            high = _mm512_madd52hi_epu64(high, m[r], n);
        }
        sum[i + k] = [low, high];
    }
    // The block is a multiple of 2⁴¹⁶, and all but its top digit add less than 2¹⁰ to that
    // digit's place: rounding the top digit up to a multiple of 2⁵² makes up for them.
    let up = _mm512_add_epi64(block(sum, i), _mm512_set1_epi64(ONES));
    let carry = _mm512_alignr_epi64(_mm512_setzero_si512(), _mm512_srli_epi64(up, 52), 7);
    sum[i + 1][0] = _mm512_add_epi64(sum[i + 1][0], carry);
}

/// The lanes of block i, with the high halves where they belong.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn block<const S: usize>(sum: &[Sum; S], i: usize) -> __m512i {
    let below = if i == 0 {
        _mm512_setzero_si512()
    } else {
        sum[i - 1][1]
    };
    _mm512_add_epi64(sum[i][0], _mm512_alignr_epi64(sum[i][1], below, 7))
}

/// A block times −n⁻¹ modulo 2⁴¹⁶, in digits.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn multipliers(block: __m512i, modulus: &Modulus) -> __m512i {
    let x = spread(carried(block));
    let zero = _mm512_setzero_si512();
    // Two chains each, for the products' latency.
    let (mut low, mut high) = ([zero; 2], [zero; 2]);
    for r in 0..8 {
        let y = load(&modulus.negated_inverse, 8 - r);
        low[r % 2] = _mm512_madd52lo_epu64(low[r % 2], x[r], y);
        high[r % 2] = _mm512_madd52hi_epu64(high[r % 2], x[r], y);
    }
    let (low, high) = (
        _mm512_add_epi64(low[0], low[1]),
        _mm512_add_epi64(high[0], high[1]),
    );
    carried(_mm512_add_epi64(low, _mm512_alignr_epi64(high, zero, 7)))
}

/// The end of a product: both sums' upper halves, brought below n, as x's limbs.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn finish<const V: usize, const S: usize>(
    x: &mut [u64],
    t_sum: &[Sum; S],
    u_sum: &[Sum; S],
    modulus: &Modulus,
) {
    let mut t = upper_half::<V, S>(t_sum, 0);
    let one = subtract_if_reached(&mut t, modulus);
    let mut v = upper_half::<V, S>(u_sum, one);
    subtract_if_reached(&mut v, modulus);
    subtract_if_reached(&mut v, modulus);
    let (a, b) = x.split_at_mut(modulus.limbs);
    write(a, &t);
    write(b, &v);
}

/// The digits of a sum's upper half plus `more`, which is 0 or 1.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn upper_half<const V: usize, const S: usize>(sum: &[Sum; S], more: u8) -> [__m512i; V] {
    let mut digits = [_mm512_setzero_si512(); V];
    let mut excess = _mm512_setzero_si512();
    for k in 0..V {
        let mut lanes = block(sum, V + k);
        if k == 0 {
            lanes = _mm512_add_epi64(lanes, _mm512_maskz_set1_epi64(more, 1));
        }
        (digits[k], excess) = carried_once(lanes, excess);
    }
    let (digits, _) = all_rippled(&digits);
    digits
}

/// Subtracts n from a number that is at least n, below R'; returns 1 if it was, else 0.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn subtract_if_reached<const V: usize>(x: &mut [__m512i; V], modulus: &Modulus) -> u8 {
    // x + R' − n reaches R' exactly if x reaches n.
    let mut less = *x;
    for k in 0..V {
        less[k] = _mm512_add_epi64(x[k], load(&modulus.complement, 8 * k));
    }
    let (less, reached) = all_rippled(&less);
    let lanes = black_box(reached.wrapping_neg());
    for k in 0..V {
        x[k] = _mm512_mask_mov_epi64(x[k], lanes, less[k]);
    }
    reached
}

/// 2x modulo n.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn doubled<const V: usize>(mut x: [__m512i; V], modulus: &Modulus) -> [__m512i; V] {
    for x in &mut x {
        *x = _mm512_add_epi64(*x, *x);
    }
    let (mut x, _) = all_rippled(&x);
    subtract_if_reached(&mut x, modulus);
    x
}
