//! Products and squares of pairs, by the steps that the module describes.

#![allow(clippy::needless_range_loop)] // Digits, rows and vectors go by their numbers here.

use std::arch::x86_64::*;
use std::hint::black_box;

use super::carries::{all_rippled, carried, carried_once};
use super::digits::{
    BITS, Digits, ONES, digits, load, lower, put, spread, spread_digits, store, write,
};
use super::modulus::Modulus;

/// Lanes of low and high halves of products; the high ones count one digit more.
type Sum = [__m512i; 2];

/// The sums T and U.
type Sums<const S: usize> = [[Sum; S]; 2];

/// The halves of a pair, in digits.
type Pair<const W: usize> = [Digits<W>; 2];

/// Which sums are computed.
const T: u8 = 1;
const U: u8 = 2;

/// x ← x·y/R, in limbs.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
pub(super) fn mul<const V: usize, const W: usize, const S: usize>(
    modulus: &Modulus<V, W, S>,
    x: &mut [u64],
    y: &[u64],
) {
    let shift = Modulus::<V, W, S>::extra_bits(modulus.limbs) / 8;
    let ([a1, b1], [a2, b2]) = (pair::<V, W>(x, 0), pair::<V, W>(y, shift));
    let sums = both::<V, W, S, true>(modulus, [&a1, &b1], [&a2, &b2]);
    to_limbs(modulus, &sums, x);
}

/// x ← x²/R, in limbs.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
pub(super) fn square<const V: usize, const W: usize, const S: usize>(
    modulus: &Modulus<V, W, S>,
    x: &mut [u64],
) {
    let shift = Modulus::<V, W, S>::extra_bits(modulus.limbs) / 8;
    let [a, b] = pair::<V, W>(x, 0);
    let mut shifted = [[0; 8]; W];
    store(&mut shifted, &digits::<V>(&x[..modulus.limbs], shift));
    let sums = both::<V, W, S, false>(modulus, [&a, &doubled::<V, W>(&b)], [&shifted; 2]);
    to_limbs(modulus, &sums, x);
}

/// x ← x·y/R', in digits.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
pub(super) fn mul_digits<const V: usize, const W: usize, const S: usize>(
    modulus: &Modulus<V, W, S>,
    x: &mut [u64],
    y: &[u64],
) {
    let sums = both::<V, W, S, true>(modulus, halves(x), halves(y));
    to_digits::<V, W, S>(&sums, x);
}

/// x ← x²/R', in digits.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
pub(super) fn square_digits<const V: usize, const W: usize, const S: usize>(
    modulus: &Modulus<V, W, S>,
    x: &mut [u64],
) {
    let [a, b] = halves::<W>(x);
    let sums = both::<V, W, S, false>(modulus, [a, &doubled::<V, W>(b)], [a; 2]);
    to_digits::<V, W, S>(&sums, x);
}

/// x·y/R' in limbs, of pairs in digits.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
pub(super) fn leave<const V: usize, const W: usize, const S: usize>(
    modulus: &Modulus<V, W, S>,
    out: &mut [u64],
    x: &[u64],
    y: &[u64],
) {
    let sums = both::<V, W, S, true>(modulus, halves(x), halves(y));
    to_limbs(modulus, &sums, out);
}

/// The first half of a product or a square in digits: a ← a·y/R', and a and m as they were on the way.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
pub(super) fn first_half<const V: usize, const W: usize, const S: usize>(
    modulus: &Modulus<V, W, S>,
    a: &mut Digits<W>,
    factor: Option<&Digits<W>>,
    m: &mut Digits<V>,
) {
    let y = factor.unwrap_or(a);
    let [t, _] = product::<V, W, S, false, T>(modulus, [a; 2], [y; 2], m);
    store(a, &upper_half::<V, S>(&t, 0));
}

/// The second half, with a and m of the first.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
pub(super) fn second_half<const V: usize, const W: usize, const S: usize>(
    modulus: &Modulus<V, W, S>,
    [a, b]: [&Digits<W>; 2],
    factor: Option<[&Digits<W>; 2]>,
    m: &Digits<V>,
) -> Digits<W> {
    let mut m = *m;
    let [_, u] = match factor {
        Some(y) => product::<V, W, S, true, U>(modulus, [a, b], y, &mut m),
        None => {
            let twice = doubled::<V, W>(b);
            product::<V, W, S, false, U>(modulus, [a, &twice], [a; 2], &mut m)
        }
    };
    let mut half = [[0; 8]; W];
    store(&mut half, &upper_half::<V, S>(&u, 0));
    half
}

/// A pair of limbs, times 2^(8·shift) each, in digits.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
pub(super) fn pair<const V: usize, const W: usize>(limbs: &[u64], shift: usize) -> Pair<W> {
    let mut pair = [[[0; 8]; W]; 2];
    for (half, limbs) in pair.iter_mut().zip(limbs.chunks_exact(limbs.len() / 2)) {
        store(half, &digits::<V>(limbs, shift));
    }
    pair
}

/// The halves of a pair in digits.
pub(super) fn halves<const W: usize>(pair: &[u64]) -> [&Digits<W>; 2] {
    let (a, b) = pair.as_chunks().0.split_at(W);
    [a, b].map(|half| half.try_into().expect("W vectors to each half"))
}

/// Twice a number.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn doubled<const V: usize, const W: usize>(x: &Digits<W>) -> Digits<W> {
    let mut twice = [_mm512_setzero_si512(); V];
    for k in 0..V {
        let (digits, below) = (lower(x, k, 0), lower(x, k, 1));
        let shifted = _mm512_and_si512(_mm512_add_epi64(digits, digits), _mm512_set1_epi64(ONES));
        twice[k] = _mm512_or_si512(shifted, _mm512_srli_epi64(below, BITS as u32 - 1));
    }
    let mut doubled = [[0; 8]; W];
    store(&mut doubled, &twice);
    doubled
}

/// Both sums of a product; a₁·b₂ is left out unless it is asked for.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn both<const V: usize, const W: usize, const S: usize, const CROSS: bool>(
    modulus: &Modulus<V, W, S>,
    x: [&Digits<W>; 2],
    y: [&Digits<W>; 2],
) -> Sums<S> {
    product::<V, W, S, CROSS, { T | U }>(modulus, x, y, &mut [[0; 8]; V])
}

/// Steps 1 to 3, a block of digits at a time, for one of the sums or for both: without T, m is the
/// one from T; otherwise it is stored there.
///
/// A block's multipliers take long to compute, and need only the lowest vectors' products: the
/// other vectors' products are started meanwhile, half of them for T's multipliers, half for U's.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn product<const V: usize, const W: usize, const S: usize, const CROSS: bool, const SUMS: u8>(
    modulus: &Modulus<V, W, S>,
    [a1, b1]: [&Digits<W>; 2],
    y: [&Digits<W>; 2],
    all_m: &mut Digits<V>,
) -> Sums<S> {
    let zero = _mm512_setzero_si512();
    let [mut t, mut u] = [[[zero; 2]; S]; 2];
    for i in 0..V {
        let x = [spread_digits(&a1[i + 1]), spread_digits(&b1[i + 1])];
        column::<W, CROSS, SUMS>([&mut t[i], &mut u[i]], &x, y, 0);
        let m = match SUMS & T {
            0 => load(&all_m[i], 0),
            _ => multipliers(block(&t, i), modulus),
        };
        for k in 1..=V / 2 {
            column::<W, CROSS, SUMS>([&mut t[i + k], &mut u[i + k]], &x, y, k);
        }
        let m_of_u = match SUMS & U {
            0 => zero,
            _ => {
                let minus_m = _mm512_sub_epi64(load(&modulus.multiple[i], 0), m);
                u[i][0] = _mm512_add_epi64(u[i][0], minus_m);
                multipliers(block(&u, i), modulus)
            }
        };
        for k in V / 2 + 1..=V {
            column::<W, CROSS, SUMS>([&mut t[i + k], &mut u[i + k]], &x, y, k);
        }
        if SUMS & T != 0 {
            put(&mut all_m[i], m);
        }
        reduce::<V, W, S, SUMS>([&mut t, &mut u], i, [m, m_of_u], modulus);
    }
    [t, u]
}

/// T += a₁·a₂ and U += b₁·a₂ + a₁·b₂ for a block of digits of a₁ and b₁ and the k-th vectors of a₂ and b₂.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn column<const W: usize, const CROSS: bool, const SUMS: u8>(
    [t, u]: [&mut Sum; 2],
    [a1, b1]: &[[__m512i; 8]; 2],
    [a2, b2]: [&Digits<W>; 2],
    k: usize,
) {
    let ([mut t0, mut t1], [mut u0, mut u1]) = (*t, *u);
    // Separate chains, because of the products' latency.
    let [mut v0, mut v1] = [_mm512_setzero_si512(); 2];
    for r in 0..8 {
        let y = lower(a2, k, r);
        if SUMS & T != 0 {
            t0 = _mm512_madd52lo_epu64(t0, a1[r], y);
            t1 = _mm512_madd52hi_epu64(t1, a1[r], y);
        }
        if SUMS & U != 0 {
            u0 = _mm512_madd52lo_epu64(u0, b1[r], y);
            u1 = _mm512_madd52hi_epu64(u1, b1[r], y);
        }
        if CROSS {
            let y = lower(b2, k, r);
            v0 = _mm512_madd52lo_epu64(v0, a1[r], y);
            v1 = _mm512_madd52hi_epu64(v1, a1[r], y);
        }
    }
    if CROSS {
        (u0, u1) = (_mm512_add_epi64(u0, v0), _mm512_add_epi64(u1, v1));
    }
    (*t, *u) = ([t0, t1], [u0, u1]);
}

/// T += m·n and U += m·n for block i's multipliers, one each; what is left of the block is carried up.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn reduce<const V: usize, const W: usize, const S: usize, const SUMS: u8>(
    [t, u]: [&mut [Sum; S]; 2],
    i: usize,
    [m_of_t, m_of_u]: [__m512i; 2],
    modulus: &Modulus<V, W, S>,
) {
    let (mt, mu) = (spread(m_of_t), spread(m_of_u));
    for k in 0..=V {
        let ([mut t0, mut t1], [mut u0, mut u1]) = (t[i + k], u[i + k]);
        for r in 0..8 {
            let n = lower(&modulus.n, k, r);
            if SUMS & T != 0 {
                t0 = _mm512_madd52lo_epu64(t0, mt[r], n);
                t1 = _mm512_madd52hi_epu64(t1, mt[r], n);
            }
            if SUMS & U != 0 {
                u0 = _mm512_madd52lo_epu64(u0, mu[r], n);
                u1 = _mm512_madd52hi_epu64(u1, mu[r], n);
            }
        }
        (t[i + k], u[i + k]) = ([t0, t1], [u0, u1]);
        if k == 0 {
            carry_up(t, i);
            carry_up(u, i);
        }
    }
}

/// Carries what is left of block i, which is a multiple of 2⁴¹⁶. All but its top digit add less than 2¹⁰ to that
/// digit's place: rounding the top digit up to a multiple of 2⁵² makes up for them.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn carry_up<const S: usize>(sum: &mut [Sum; S], i: usize) {
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
fn multipliers<const V: usize, const W: usize, const S: usize>(
    block: __m512i,
    modulus: &Modulus<V, W, S>,
) -> __m512i {
    let x = spread(carried(block));
    let zero = _mm512_setzero_si512();
    // Two chains each, because of the products' latency.
    let (mut low, mut high) = ([zero; 2], [zero; 2]);
    for r in 0..8 {
        let y = load(modulus.negated_inverse.as_flattened(), 8 - r);
        low[r % 2] = _mm512_madd52lo_epu64(low[r % 2], x[r], y);
        high[r % 2] = _mm512_madd52hi_epu64(high[r % 2], x[r], y);
    }
    let (low, high) = (
        _mm512_add_epi64(low[0], low[1]),
        _mm512_add_epi64(high[0], high[1]),
    );
    carried(_mm512_add_epi64(low, _mm512_alignr_epi64(high, zero, 7)))
}

/// The end of a product in digits: both sums' upper halves.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn to_digits<const V: usize, const W: usize, const S: usize>([t, u]: &Sums<S>, x: &mut [u64]) {
    let (a, b) = x.as_chunks_mut().0.split_at_mut(W);
    for (half, sum) in [a, b].into_iter().zip([t, u]) {
        let half: &mut Digits<W> = half.try_into().expect("W vectors to each half");
        store(half, &upper_half::<V, S>(sum, 0));
    }
}

/// The end of a product: both sums' upper halves, brought below n, as x's limbs.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
#[inline]
fn to_limbs<const V: usize, const W: usize, const S: usize>(
    modulus: &Modulus<V, W, S>,
    [t, u]: &Sums<S>,
    x: &mut [u64],
) {
    let mut t = upper_half::<V, S>(t, 0);
    let one = subtract_if_reached(&mut t, modulus);
    let mut v = upper_half::<V, S>(u, one);
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
fn subtract_if_reached<const V: usize, const W: usize, const S: usize>(
    x: &mut [__m512i; V],
    modulus: &Modulus<V, W, S>,
) -> u8 {
    // x + R' − n reaches R' exactly if x reaches n.
    let mut less = *x;
    for k in 0..V {
        less[k] = _mm512_add_epi64(x[k], load(&modulus.complement[k], 0));
    }
    let (less, reached) = all_rippled(&less);
    let lanes = black_box(reached.wrapping_neg());
    for k in 0..V {
        x[k] = _mm512_mask_mov_epi64(x[k], lanes, less[k]);
    }
    reached
}
