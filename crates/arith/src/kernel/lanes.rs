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

/// Digits of numbers of 16, 24, 32, 48 and 64 limbs.
const DIGITS: [usize; 5] = [20, 30, 40, 60, 79];

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
        assert!(x.len() == 2 * n.len() && y.len() == 2 * n.len() && DIGITS.contains(&n.len()));
        // SAFETY: a `LaneKernel` proves that the processor has the instructions.
        unsafe {
            match n.len() {
                20 => mul::<20>(x, y, n, n_inv),
                30 => mul::<30>(x, y, n, n_inv),
                40 => mul::<40>(x, y, n, n_inv),
                60 => mul::<60>(x, y, n, n_inv),
                _ => mul::<79>(x, y, n, n_inv),
            }
        }
    }

    /// x ← x²/R' in each lane.
    pub(crate) fn square(self, x: &mut [Lanes], n: &[Lanes], n_inv: &Lanes) {
        assert!(x.len() == 2 * n.len() && DIGITS.contains(&n.len()));
        // SAFETY: a `LaneKernel` proves that the processor has the instructions.
        unsafe {
            match n.len() {
                20 => square::<20>(x, n, n_inv),
                30 => square::<30>(x, n, n_inv),
                40 => square::<40>(x, n, n_inv),
                60 => square::<60>(x, n, n_inv),
                _ => square::<79>(x, n, n_inv),
            }
        }
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

/// The sum of a column: the products' low halves, and the high ones, which count a column further.
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
    fn mul<const D: usize>(x: &mut [Lanes], y: &[Lanes], n: &[Lanes], n_inv: &Lanes) {
        let (mut m, mut t) = ([Lanes::default(); D], [Lanes::default(); D]);
        let (a, b) = x.split_at_mut(D);
        let (ya, yb) = y.split_at(D);

        let mut carry = zero();
        for k in 0..2 * D {
            let column = products(zeros(), a, ya, k);
            carry = reduce(carry, column, &mut m, &mut t, n, n_inv, k);
        }
        let mut m_of_u = [Lanes::default(); D];
        let mut carry = zero();
        for k in 0..2 * D {
            let column = products(products(zeros(), a, yb, k), b, ya, k);
            let carry_in = with_rest(carry, &m, n, k);
            // Above D, m has served and makes room for v.
            carry = reduce(carry_in, column, &mut m_of_u, &mut m, n, n_inv, k);
        }
        a.copy_from_slice(&t);
        b.copy_from_slice(&m);
    }

    fn square<const D: usize>(x: &mut [Lanes], n: &[Lanes], n_inv: &Lanes) {
        let (mut m, mut t) = ([Lanes::default(); D], [Lanes::default(); D]);
        let (a, b) = x.split_at_mut(D);

        let mut carry = zero();
        for k in 0..2 * D {
            let column = squares(a, k);
            carry = reduce(carry, column, &mut m, &mut t, n, n_inv, k);
        }
        let mut m_of_u = [Lanes::default(); D];
        let mut carry = zero();
        for k in 0..2 * D {
            let column = doubled(products(zeros(), a, b, k));
            let carry_in = with_rest(carry, &m, n, k);
            // Above D, m has served and makes room for v.
            carry = reduce(carry_in, column, &mut m_of_u, &mut m, n, n_inv, k);
        }
        a.copy_from_slice(&t);
        b.copy_from_slice(&m);
    }

    /// Adds the products xᵢ·y_(k−i) to a column.
    fn products(column: Column, x: &[Lanes], y: &[Lanes], k: usize) -> Column {
        let d = x.len();
        let (from, to) = ((k + 1).saturating_sub(d), (k + 1).min(d));
        // Two chains each, for the multiplications' latency.
        let (mut even, mut odd) = (column, zeros());
        let (xs, ys) = (x[from..to].chunks_exact(2), y[k + 1 - to..k + 1 - from].rchunks_exact(2));
        if let ([x], [y]) = (xs.remainder(), ys.remainder()) {
            odd = multiply_add(odd, load(x), load(y));
        }
        for (x, y) in xs.zip(ys) {
            even = multiply_add(even, load(&x[0]), load(&y[1]));
            odd = multiply_add(odd, load(&x[1]), load(&y[0]));
        }
        Column { low: add(even.low, odd.low), high: add(even.high, odd.high) }
    }

    /// The products xᵢ·x_(k−i), those of different digits once and doubled.
    fn squares(x: &[Lanes], k: usize) -> Column {
        let d = x.len();
        let (from, to) = ((k + 1).saturating_sub(d), k.div_ceil(2));
        let (mut even, mut odd) = (zeros(), zeros());
        for i in from..to {
            odd = multiply_add(odd, load(&x[i]), load(&x[k - i]));
            std::mem::swap(&mut even, &mut odd);
        }
        let column = doubled(Column { low: add(even.low, odd.low), high: add(even.high, odd.high) });
        match k.is_multiple_of(2) && k / 2 < d {
            true => multiply_add(column, load(&x[k / 2]), load(&x[k / 2])),
            false => column,
        }
    }

    /// Column k of a sum, reduced: sets mₖ below D and digit k − D of the result above, and gives
    /// the carry into the next column.
    fn reduce<const D: usize>(
        carry: __m512i, column: Column, m: &mut [Lanes; D], out: &mut [Lanes; D],
        n: &[Lanes], n_inv: &Lanes, k: usize,
    ) -> __m512i {
        let mut column = Column { low: add(column.low, carry), high: column.high };
        if k < D {
            column = products_below(column, &m[..k], n, k);
            let mk = _mm512_madd52lo_epu64(zero(), column.low, load(n_inv));
            store(&mut m[k], mk);
            column = multiply_add(column, mk, load(&n[0]));
        } else {
            column = products(column, &m[..], n, k);
            store(&mut out[k - D], _mm512_and_si512(column.low, _mm512_set1_epi64(DIGIT)));
        }
        // U − m may be negative in between: the carry keeps its sign.
        add(_mm512_srai_epi64::<52>(column.low), column.high)
    }

    /// Adds the products mᵢ·n_(k−i) for the m that are known so far.
    fn products_below(column: Column, m: &[Lanes], n: &[Lanes], k: usize) -> Column {
        let (mut even, mut odd) = (column, zeros());
        for (m, n) in m.iter().zip(n[1..=k].iter().rev()) {
            odd = multiply_add(odd, load(m), load(n));
            std::mem::swap(&mut even, &mut odd);
        }
        Column { low: add(even.low, odd.low), high: add(even.high, odd.high) }
    }

    /// The carry into column k of U, with −mₖ below D and n's digit above.
    fn with_rest<const D: usize>(carry: __m512i, m: &[Lanes; D], n: &[Lanes], k: usize) -> __m512i {
        match k < D {
            true => _mm512_sub_epi64(carry, load(&m[k])),
            false => add(carry, load(&n[k - D])),
        }
    }

    fn multiply_add(sum: Column, x: __m512i, y: __m512i) -> Column {
        Column { low: _mm512_madd52lo_epu64(sum.low, x, y), high: _mm512_madd52hi_epu64(sum.high, x, y) }
    }

    fn doubled(column: Column) -> Column {
        Column { low: add(column.low, column.low), high: add(column.high, column.high) }
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
