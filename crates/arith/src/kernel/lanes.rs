//! Eight products of pairs at once, for x86-64 processors with AVX-512 IFMA.
//!
//! Where [`ifma`](super::ifma) spreads the digits of one number over the lanes of a vector, here
//! each lane has a number of its own: digit i of eight numbers stands in one vector, nothing ever
//! passes between lanes, and all multiplications are useful.
//!
//! Digits of 52 bits, D to a number, R' = 2^(52·D). Both halves are multiplied column by column,
//! the reduction in between (*finely integrated product scanning*, Koç, Acar and Kaliski 1996):
//!
//! 1. T = a₁·a₂ gives m, with T + m·n divisible by R', and t = (T + m·n)/R'.
//! 2. U = a₁·b₂ + b₁·a₂ − m gives v = (U + m'·n)/R' + n.
//!
//! With factors a < 2n and b < 4n, and n < R'/2¹², t < 2n and v < 3n: no subtraction is needed
//! until the end. Cost: 10·D² vector multiplications for eight products, 7·D² for eight squares.

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::*;

use zeroize::Zeroize;

/// A digit of eight numbers.
#[derive(Clone, Copy, Default, Zeroize)]
#[repr(C, align(64))]
pub(crate) struct Lanes(pub(crate) [u64; 8]);

/// Proof that the processor has AVX-512 with IFMA.
#[derive(Clone, Copy)]
pub(crate) struct LaneKernel(());

impl LaneKernel {
    pub(crate) fn detect() -> Option<Self> {
        (super::limit() >= super::Limit::None
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512ifma"))
        .then_some(Self(()))
    }

    /// x ← x·y/R' in each lane, for D digits of n and `n_inv` = −n⁻¹ mod 2⁵² in each.
    pub(crate) fn mul(self, x: &mut [Lanes], y: &[Lanes], n: &[Lanes], n_inv: &Lanes) {
        match n.len() {
            20 => self.mul_of::<20>(x, y, n, n_inv),
            30 => self.mul_of::<30>(x, y, n, n_inv),
            40 => self.mul_of::<40>(x, y, n, n_inv),
            60 => self.mul_of::<60>(x, y, n, n_inv),
            _ => self.mul_of::<79>(x, y, n, n_inv),
        }
    }

    fn mul_of<const D: usize>(self, x: &mut [Lanes], y: &[Lanes], n: &[Lanes], n_inv: &Lanes) {
        let [a, b] = halves_mut(x);
        // SAFETY: a `LaneKernel` proves that the processor has the instructions.
        unsafe { mul::<D>(a, b, halves(y), whole(n), load(n_inv)) }
    }

    /// x ← x²/R' in each lane.
    pub(crate) fn square(self, x: &mut [Lanes], n: &[Lanes], n_inv: &Lanes) {
        match n.len() {
            20 => self.square_of::<20>(x, n, n_inv),
            30 => self.square_of::<30>(x, n, n_inv),
            40 => self.square_of::<40>(x, n, n_inv),
            60 => self.square_of::<60>(x, n, n_inv),
            _ => self.square_of::<79>(x, n, n_inv),
        }
    }

    fn square_of<const D: usize>(self, x: &mut [Lanes], n: &[Lanes], n_inv: &Lanes) {
        let [a, b] = halves_mut(x);
        // SAFETY: a `LaneKernel` proves that the processor has the instructions.
        unsafe { square::<D>(a, b, whole(n), load(n_inv)) }
    }

    /// In each lane, the entry of that lane's index: all entries are read, whatever the indices.
    pub(crate) fn select(self, out: &mut [Lanes], table: &[Lanes], indices: [u64; 8]) {
        assert!(!out.is_empty() && table.len().is_multiple_of(out.len()));
        // SAFETY: a `LaneKernel` proves that the processor has the instructions.
        unsafe { select(out, table, indices) }
    }

    /// The same from a table that all lanes share.
    pub(crate) fn select_shared(self, out: &mut [Lanes], table: &[u64], indices: [u64; 8]) {
        assert!(!out.is_empty() && table.len().is_multiple_of(out.len()));
        // SAFETY: a `LaneKernel` proves that the processor has the instructions.
        unsafe { select_shared(out, table, indices) }
    }
}

const DIGIT: i64 = (1 << 52) - 1;

/// The sum of a column's products: their low halves, and the high ones, which count a column
/// further.
#[derive(Clone, Copy)]
struct Column {
    low: __m512i,
    high: __m512i,
}

/// Marks functions that run only where a [`LaneKernel`] was found.
macro_rules! with_lanes {
    ($($(#[$doc:meta])* fn $name:ident $(<const $d:ident: usize>)? ($($args:tt)*) $(-> $out:ty)? $body:block)*) => {
        $(
            $(#[$doc])*
            #[target_feature(enable = "avx512f,avx512ifma")]
            #[inline]
            fn $name $(<const $d: usize>)? ($($args)*) $(-> $out)? $body
        )*
    };
}

with_lanes! {
    /// Both sums column by column, T's before U's, which takes m from it. Every kind of product has
    /// a sum of its own, so that none waits for another's multiplications.
    fn mul<const D: usize>(a: &mut [Lanes; D], b: &mut [Lanes; D], [ya, yb]: [&[Lanes; D]; 2], n: &[Lanes; D], n_inv: __m512i) {
        let (mut m, mut m_of_u) = ([zero(); D], [zero(); D]);
        let (mut carry_t, mut carry_u) = (zero(), zero());
        for k in 0..2 * D {
            let [mut a_ya, mut m_n, mut a_yb, mut b_ya, mut m_n_of_u] = [zeros(); 5];
            let (from, to) = if k < D { (0, k) } else { (k - D + 1, D) };
            for i in from..to {
                let (ai, bi, j) = (load(&a[i]), load(&b[i]), k - i);
                let (yaj, ybj, nj) = (load(&ya[j]), load(&yb[j]), load(&n[j]));
                a_ya = multiply_add(a_ya, ai, yaj);
                m_n = multiply_add(m_n, m[i], nj);
                a_yb = multiply_add(a_yb, ai, ybj);
                b_ya = multiply_add(b_ya, bi, yaj);
                m_n_of_u = multiply_add(m_n_of_u, m_of_u[i], nj);
            }
            if k < D {
                let (ak, bk, ya0, yb0) = (load(&a[k]), load(&b[k]), load(&ya[0]), load(&yb[0]));
                a_ya = multiply_add(a_ya, ak, ya0);
                a_yb = multiply_add(a_yb, ak, yb0);
                b_ya = multiply_add(b_ya, bk, ya0);
            }
            let (t, u) = (sum(a_ya, m_n), sum(sum(a_yb, b_ya), m_n_of_u));
            (carry_t, carry_u) = end_column([a, b], [t, u], [carry_t, carry_u], [&mut m, &mut m_of_u], n, n_inv, k);
        }
    }

    /// The same with a·a, of which products of different digits are taken once and doubled, and 2·a·b.
    fn square<const D: usize>(a: &mut [Lanes; D], b: &mut [Lanes; D], n: &[Lanes; D], n_inv: __m512i) {
        let (mut m, mut m_of_u) = ([zero(); D], [zero(); D]);
        let (mut carry_t, mut carry_u) = (zero(), zero());
        for k in 0..2 * D {
            let [mut even, mut odd, mut m_n, mut a_b, mut m_n_of_u] = [zeros(); 5];
            let (from, to) = if k < D { (0, k) } else { (k - D + 1, D) };
            for i in from..to {
                let (ai, bj, nj) = (load(&a[i]), load(&b[k - i]), load(&n[k - i]));
                m_n = multiply_add(m_n, m[i], nj);
                a_b = multiply_add(a_b, ai, bj);
                m_n_of_u = multiply_add(m_n_of_u, m_of_u[i], nj);
            }
            for i in from..k.div_ceil(2) {
                let product = multiply_add(odd, load(&a[i]), load(&a[k - i]));
                (even, odd) = (product, even);
            }
            let mut a_a = doubled(sum(even, odd));
            if k.is_multiple_of(2) && k / 2 < D {
                let middle = load(&a[k / 2]);
                a_a = multiply_add(a_a, middle, middle);
            }
            if k < D {
                a_b = multiply_add(a_b, load(&a[k]), load(&b[0]));
            }
            let (t, u) = (sum(a_a, m_n), sum(doubled(a_b), m_n_of_u));
            (carry_t, carry_u) = end_column([a, b], [t, u], [carry_t, carry_u], [&mut m, &mut m_of_u], n, n_inv, k);
        }
    }

    /// The end of column k: below D it makes mₖ for both sums; above, digit k − D of the results,
    /// which takes the place of a digit that has served. Gives the carries into the next column.
    fn end_column<const D: usize>(
        [a, b]: [&mut [Lanes; D]; 2], [mut t, mut u]: [Column; 2], [carry_t, carry_u]: [__m512i; 2],
        [m, m_of_u]: [&mut [__m512i; D]; 2], n: &[Lanes; D], n_inv: __m512i, k: usize,
    ) -> (__m512i, __m512i) {
        t.low = add(t.low, carry_t);
        u.low = add(u.low, carry_u);
        if k < D {
            let n0 = load(&n[0]);
            m[k] = _mm512_madd52lo_epu64(zero(), t.low, n_inv);
            t = multiply_add(t, m[k], n0);
            u.low = _mm512_sub_epi64(u.low, m[k]);
            m_of_u[k] = _mm512_madd52lo_epu64(zero(), u.low, n_inv);
            u = multiply_add(u, m_of_u[k], n0);
        } else {
            u.low = add(u.low, load(&n[k - D]));
            let digit = _mm512_set1_epi64(DIGIT);
            store(&mut a[k - D], _mm512_and_si512(t.low, digit));
            store(&mut b[k - D], _mm512_and_si512(u.low, digit));
        }
        // U − m may be negative in between: its carry keeps the sign.
        (add(_mm512_srli_epi64::<52>(t.low), t.high), add(_mm512_srai_epi64::<52>(u.low), u.high))
    }

    fn multiply_add(sum: Column, x: __m512i, y: __m512i) -> Column {
        Column { low: _mm512_madd52lo_epu64(sum.low, x, y), high: _mm512_madd52hi_epu64(sum.high, x, y) }
    }

    fn sum(x: Column, y: Column) -> Column {
        Column { low: add(x.low, y.low), high: add(x.high, y.high) }
    }

    fn doubled(x: Column) -> Column {
        sum(x, x)
    }

    fn select(out: &mut [Lanes], table: &[Lanes], indices: [u64; 8]) {
        let indices = load(&Lanes(indices));
        for (e, entry) in table.chunks_exact(out.len()).enumerate() {
            let chosen = _mm512_cmpeq_epi64_mask(indices, _mm512_set1_epi64(e as i64));
            for (out, entry) in out.iter_mut().zip(entry) {
                let lanes = _mm512_mask_mov_epi64(load(out), chosen, load(entry));
                store(out, lanes);
            }
        }
    }

    fn select_shared(out: &mut [Lanes], table: &[u64], indices: [u64; 8]) {
        let indices = load(&Lanes(indices));
        for (e, entry) in table.chunks_exact(out.len()).enumerate() {
            let chosen = _mm512_cmpeq_epi64_mask(indices, _mm512_set1_epi64(e as i64));
            for (out, &digit) in out.iter_mut().zip(entry) {
                let lanes = _mm512_mask_set1_epi64(load(out), chosen, digit as i64);
                store(out, lanes);
            }
        }
    }

    fn zeros() -> Column {
        Column { low: zero(), high: zero() }
    }

    fn zero() -> __m512i {
        _mm512_setzero_si512()
    }

    fn add(x: __m512i, y: __m512i) -> __m512i {
        _mm512_add_epi64(x, y)
    }

    fn load(x: &Lanes) -> __m512i {
        // SAFETY: eight limbs are 64 bytes, and aligned to that.
        unsafe { _mm512_load_si512(x.0.as_ptr().cast()) }
    }

    fn store(x: &mut Lanes, lanes: __m512i) {
        // SAFETY: eight limbs are 64 bytes, and aligned to that.
        unsafe { _mm512_store_si512(x.0.as_mut_ptr().cast(), lanes) }
    }
}

fn whole<const D: usize>(x: &[Lanes]) -> &[Lanes; D] {
    x.try_into().expect("D digits")
}

fn halves<const D: usize>(x: &[Lanes]) -> [&[Lanes; D]; 2] {
    let (a, b) = x.split_at(D);
    [whole(a), whole(b)]
}

fn halves_mut<const D: usize>(x: &mut [Lanes]) -> [&mut [Lanes; D]; 2] {
    let (a, b) = x.split_at_mut(D);
    [a, b].map(|half| half.try_into().expect("D digits"))
}
