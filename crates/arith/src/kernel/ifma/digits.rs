//! Numbers between limbs in memory and digits in vectors.

#![allow(clippy::needless_range_loop)] // Digits and vectors go by their numbers here.

use std::arch::x86_64::*;

/// Bits of a digit, and the largest digit.
pub(super) const BITS: usize = 52;
pub(super) const ONES: i64 = (1 << BITS) - 1;

/// N vectors of digits in memory.
pub(super) type Digits<const N: usize> = [[u64; 8]; N];

/// Bytes that bring each of eight digits, 6½ bytes apart, to separate lanes.
const UNPACKED: [u8; 64] = {
    let mut index = [0; 64];
    let mut i = 0;
    while i < 64 {
        index[i] = (BITS * (i / 8) / 8 + i % 8) as u8;
        i += 1;
    }
    index
};

/// Bytes that bring four pairs of digits, each in the low 13 of 16 bytes, together.
const PACKED: [u8; 64] = {
    let mut index = [0; 64];
    let mut i = 0;
    while i < 52 {
        index[i] = (16 * (i / 13) + i % 13) as u8;
        i += 1;
    }
    index
};

/// The digits of x·2^(8·shift).
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
pub(super) fn digits<const V: usize>(x: &[u64], shift: usize) -> [__m512i; V] {
    let mut vectors = [_mm512_setzero_si512(); V];
    let odd_lanes = _mm512_set_epi64(4, 0, 4, 0, 4, 0, 4, 0);
    for k in 0..V {
        // x's bytes from 52·k − shift, zeros where x has none.
        let start = (52 * k) as isize - shift as isize;
        let below = (-start).clamp(0, 64) as u32;
        let within = (8 * x.len() as isize - start).clamp(0, 64) as u32;
        let marked = u64::MAX.checked_shr(64 - within).unwrap_or(0)
            & u64::MAX.checked_shl(below).unwrap_or(0);
        let from = x.as_ptr().cast::<u8>().wrapping_offset(start);
        // SAFETY: only bytes of x are marked, and no others are read.
        let bytes = unsafe { _mm512_maskz_loadu_epi8(marked, from.cast()) };
        let lanes = _mm512_permutexvar_epi8(load_bytes(&UNPACKED), bytes);
        let lanes = _mm512_srlv_epi64(lanes, odd_lanes);
        vectors[k] = _mm512_and_si512(lanes, _mm512_set1_epi64(ONES));
    }
    vectors
}

/// Writes the number of these digits, which fits `out`.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
pub(super) fn write<const V: usize>(out: &mut [u64], digits: &[__m512i; V]) {
    for k in 0..V {
        // Pairs of digits as 104 bits: the even lane gets the low 64 of them, the odd one the rest.
        let swapped = _mm512_shuffle_epi32(digits[k], 0x4e);
        let pairs = _mm512_or_si512(digits[k], _mm512_slli_epi64(swapped, 52));
        let pairs = _mm512_mask_srli_epi64(pairs, 0xaa, digits[k], 12);
        let bytes = _mm512_permutexvar_epi8(load_bytes(&PACKED), pairs);
        let within = (8 * out.len()).saturating_sub(52 * k).min(52) as u32;
        let marked = u64::MAX.checked_shr(64 - within).unwrap_or(0);
        let to = out.as_mut_ptr().cast::<u8>().wrapping_add(52 * k);
        // SAFETY: only bytes of `out` are marked, and no others are written.
        unsafe { _mm512_mask_storeu_epi8(to.cast(), marked, bytes) };
    }
}

/// Vectors in memory, with zeros below and above.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
pub(super) fn store<const V: usize, const W: usize>(digits: &mut Digits<W>, x: &[__m512i; V]) {
    for (digits, x) in digits[1..=V].iter_mut().zip(x) {
        put(digits, *x);
    }
}

/// A vector in memory.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
pub(super) fn put(digits: &mut [u64; 8], x: __m512i) {
    // SAFETY: eight digits are 64 bytes.
    unsafe { _mm512_storeu_si512(digits.as_mut_ptr().cast(), x) };
}

/// Each lane, spread over all lanes of a separate vector.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
pub(super) fn spread(lanes: __m512i) -> [__m512i; 8] {
    let mut vectors = [lanes; 8];
    for (r, vector) in vectors.iter_mut().enumerate() {
        *vector = _mm512_permutexvar_epi64(_mm512_set1_epi64(r as i64), lanes);
    }
    vectors
}

/// The same for digits in memory.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
pub(super) fn spread_digits(x: &[u64; 8]) -> [__m512i; 8] {
    let mut vectors = [_mm512_setzero_si512(); 8];
    for (vector, &x) in vectors.iter_mut().zip(x) {
        *vector = _mm512_set1_epi64(x as i64);
    }
    vectors
}

/// The k-th vector of a number with zeros at both ends, of digits that are `lower` places lower, at most 8.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
pub(super) fn lower<const W: usize>(x: &Digits<W>, k: usize, lower: usize) -> __m512i {
    load(x.as_flattened(), 8 * (k + 1) - lower)
}

/// Eight digits from `at` on.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
pub(super) fn load(x: &[u64], at: usize) -> __m512i {
    let x = &x[at..][..8];
    // SAFETY: a slice of eight digits is 64 bytes.
    unsafe { _mm512_loadu_si512(x.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn load_bytes(x: &[u8; 64]) -> __m512i {
    // SAFETY: an array of 64 bytes.
    unsafe { _mm512_loadu_si512(x.as_ptr().cast()) }
}
