//! Carries: sums of products in lanes of 64 bits become digits of 52.

#![allow(clippy::needless_range_loop)] // Digits and vectors go by their numbers here.

use std::arch::x86_64::*;

use super::digits::ONES;

/// Lanes as digits modulo 2⁴¹⁶.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
pub(super) fn carried(lanes: __m512i) -> __m512i {
    let (digits, _) = carried_once(lanes, _mm512_setzero_si512());
    let (over, full) = carry_marks(digits);
    rippled(digits, ripple(over.into(), full.into()) as u8)
}

/// Digits of at most 2⁵² + 2¹², from lanes and the excess of the vector below, and the excess.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
pub(super) fn carried_once(lanes: __m512i, excess_below: __m512i) -> (__m512i, __m512i) {
    let excess = _mm512_srli_epi64(lanes, 52);
    let digits = _mm512_and_si512(lanes, _mm512_set1_epi64(ONES));
    (
        _mm512_add_epi64(digits, _mm512_alignr_epi64(excess, excess_below, 7)),
        excess,
    )
}

/// Which digits are too large by 2⁵², and which would be if they were given a carry.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn carry_marks(digits: __m512i) -> (__mmask8, __mmask8) {
    let ones = _mm512_set1_epi64(ONES);
    (
        _mm512_cmpgt_epu64_mask(digits, ones),
        _mm512_cmpeq_epu64_mask(digits, ones),
    )
}

/// Adds 1 to the marked digits, and cuts all to 52 bits.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn rippled(digits: __m512i, marks: __mmask8) -> __m512i {
    let digits = _mm512_mask_add_epi64(digits, marks, digits, _mm512_set1_epi64(1));
    _mm512_and_si512(digits, _mm512_set1_epi64(ONES))
}

/// Digits of at most 2⁵³ − 1 as digits of 52 bits, and the carry.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
pub(super) fn all_rippled<const V: usize>(x: &[__m512i; V]) -> ([__m512i; V], u8) {
    let (mut over, mut full) = (0_u128, 0_u128);
    for k in 0..V {
        let marks = carry_marks(x[k]);
        over |= u128::from(marks.0) << (8 * k);
        full |= u128::from(marks.1) << (8 * k);
    }
    let carries = ripple(over, full);
    let mut digits = *x;
    for k in 0..V {
        digits[k] = rippled(x[k], (carries >> (8 * k)) as u8);
    }
    (digits, (carries >> (8 * V)) as u8)
}

/// Which digits get a carry, given which are too large and which pass a carry on, by the carries
/// of an addition.
fn ripple(over: u128, full: u128) -> u128 {
    ((over << 1) + full) ^ full
}
