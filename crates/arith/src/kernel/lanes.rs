//! Eight or four products of pairs at once, for x86-64 processors with AVX-512 IFMA.
//!
//! Where [`ifma`](super::ifma) spreads the digits of one number over the lanes of a vector, here
//! each lane has a number of its own: digit i of eight numbers stands in one vector, nothing ever
//! passes between lanes, and all multiplications are useful. Four lanes take about half the time of
//! eight, where processors start two narrow multiplications a cycle and one wide one.
//!
//! Digits of 52 bits, D to a number, R' = 2^(52·D). Both halves are multiplied column by column,
//! the reduction in between (*finely integrated product scanning*, Koç, Acar and Kaliski 1996):
//!
//! 1. T = a₁·a₂ gives m, with T + m·n divisible by R', and t = (T + m·n)/R'.
//! 2. U = a₁·b₂ + b₁·a₂ − m gives v = (U + m'·n)/R' + n.
//!
//! With factors a < 2n and b < 4n, and n < R'/2¹², t < 2n and v < 3n: no subtraction is needed
//! until the end. Cost: 10·D² vector multiplications for all lanes' products, 7·D² for squares.

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::*;

use zeroize::Zeroize;

use super::{Block, Lanes};

/// Proof that the processor has AVX-512 with IFMA, for vectors of all lengths.
#[derive(Clone, Copy)]
pub(crate) struct LaneKernel(());

impl LaneKernel {
    pub(crate) fn detect() -> Option<Self> {
        (super::limit() >= super::Limit::None
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512ifma"))
        .then_some(Self(()))
    }
}

/// The digits that numbers have: of 16, 24, 32, 48 and 64 limbs.
macro_rules! for_digits {
    ($digits:expr, $D:ident => $call:expr) => {
        match $digits {
            20 => {
                const $D: usize = 20;
                $call
            }
            30 => {
                const $D: usize = 30;
                $call
            }
            40 => {
                const $D: usize = 40;
                $call
            }
            60 => {
                const $D: usize = 60;
                $call
            }
            _ => {
                const $D: usize = 79;
                $call
            }
        }
    };
}

/// Marks functions that run only where a [`LaneKernel`] was found.
macro_rules! with_lanes {
    ($($(#[$doc:meta])* $visible:vis fn $name:ident $(<const $d:ident: usize>)? ($($args:tt)*) $(-> $out:ty)? $body:block)*) => {
        $(
            $(#[$doc])*
            #[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
            #[inline]
            $visible fn $name $(<const $d: usize>)? ($($args)*) $(-> $out)? $body
        )*
    };
}

/// The kernel for vectors of one length, given the operations on them.
macro_rules! lane_kernel {
    ($module:ident, $Digit:ident, $count:literal, $align:literal, $Vector:ty, { $($operations:tt)* }) => {
/// A digit of as many numbers as the name tells.
#[derive(Clone, Copy, Default, Zeroize)]
#[repr(C, align($align))]
pub(crate) struct $Digit([u64; $count]);

impl Lanes for $Digit {
    const COUNT: usize = $count;

    fn from_fn(lane: impl FnMut(usize) -> u64) -> Self {
        Self(std::array::from_fn(lane))
    }

    fn lane(&self, lane: usize) -> u64 {
        self.0[lane]
    }

    fn mul(_: LaneKernel, x: &mut [Self], y: &[Self], n: &[Self], n_inv: &Self) {
        // SAFETY: a `LaneKernel` proves that the processor has the instructions.
        for_digits!(n.len(), D => unsafe { $module::mul::<D>(halves_mut(x), halves(y), whole(n), n_inv) })
    }

    fn square(_: LaneKernel, x: &mut [Self], n: &[Self], n_inv: &Self) {
        // SAFETY: a `LaneKernel` proves that the processor has the instructions.
        for_digits!(n.len(), D => unsafe { $module::square::<D>(halves_mut(x), whole(n), n_inv) })
    }

    fn select(_: LaneKernel, out: &mut [Self], table: &[Self], indices: &Self) {
        // SAFETY: a `LaneKernel` proves that the processor has the instructions.
        unsafe { $module::select(out, table, indices) }
    }

    fn select_shared(_: LaneKernel, out: &mut [Self], table: &[u64], indices: &Self) {
        // SAFETY: a `LaneKernel` proves that the processor has the instructions.
        unsafe { $module::select_shared(out, table, indices) }
    }

    fn gather<'a>(_: LaneKernel, lanes: &mut [Self], row: impl Fn(usize) -> &'a [Block]) {
        // SAFETY: a `LaneKernel` proves that the processor has the instructions.
        unsafe { $module::gather(lanes, std::array::from_fn(row)) }
    }

    fn scatter(_: LaneKernel, rows: &mut [Block], lanes: &[Self]) {
        // SAFETY: a `LaneKernel` proves that the processor has the instructions.
        unsafe { $module::scatter(rows, lanes) }
    }
}

mod $module {
use super::*;
use super::$Digit as Digit;

type Vector = $Vector;
const COUNT: usize = $count;

/// The sum of a column's products: their low halves, and the high ones, which count a column
/// further.
#[derive(Clone, Copy)]
struct Column {
    low: Vector,
    high: Vector,
}

with_lanes! {
    $($operations)*

    /// Both sums column by column, T's before U's, which takes m from it. Every kind of product has
    /// a sum of its own, so that none waits for another's multiplications.
    pub(super) fn mul<const D: usize>(
        [a, b]: [&mut [Digit; D]; 2], [ya, yb]: [&[Digit; D]; 2], n: &[Digit; D], n_inv: &Digit,
    ) {
        let n_inv = load(n_inv);
        let (mut m, mut m_of_u) = ([all(0); D], [all(0); D]);
        let (mut carry_t, mut carry_u) = (all(0), all(0));
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
    pub(super) fn square<const D: usize>([a, b]: [&mut [Digit; D]; 2], n: &[Digit; D], n_inv: &Digit) {
        let n_inv = load(n_inv);
        let (mut m, mut m_of_u) = ([all(0); D], [all(0); D]);
        let (mut carry_t, mut carry_u) = (all(0), all(0));
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
        [a, b]: [&mut [Digit; D]; 2], [mut t, mut u]: [Column; 2], [carry_t, carry_u]: [Vector; 2],
        [m, m_of_u]: [&mut [Vector; D]; 2], n: &[Digit; D], n_inv: Vector, k: usize,
    ) -> (Vector, Vector) {
        t.low = add(t.low, carry_t);
        u.low = add(u.low, carry_u);
        if k < D {
            let n0 = load(&n[0]);
            m[k] = add_low(all(0), t.low, n_inv);
            t = multiply_add(t, m[k], n0);
            u.low = subtract(u.low, m[k]);
            m_of_u[k] = add_low(all(0), u.low, n_inv);
            u = multiply_add(u, m_of_u[k], n0);
        } else {
            u.low = add(u.low, load(&n[k - D]));
            let digit = all(DIGIT);
            store(&mut a[k - D], and(t.low, digit));
            store(&mut b[k - D], and(u.low, digit));
        }
        // U − m may be negative in between: its carry keeps the sign.
        (add(above_digit(t.low), t.high), add(above_digit(u.low), u.high))
    }

    fn multiply_add(sum: Column, x: Vector, y: Vector) -> Column {
        Column { low: add_low(sum.low, x, y), high: add_high(sum.high, x, y) }
    }

    fn sum(x: Column, y: Column) -> Column {
        Column { low: add(x.low, y.low), high: add(x.high, y.high) }
    }

    fn doubled(x: Column) -> Column {
        sum(x, x)
    }

    pub(super) fn select(out: &mut [Digit], table: &[Digit], indices: &Digit) {
        let entries = table.len() / out.len();
        select_all(out, entries, |place| load(&table[place]), indices);
    }

    pub(super) fn select_shared(out: &mut [Digit], table: &[u64], indices: &Digit) {
        let entries = table.len() / out.len();
        select_all(out, entries, |place| all(table[place] as i64), indices);
    }

    /// Each lane's digits of the entry that its index names; `read` gives a digit of the table.
    fn select_all(out: &mut [Digit], entries: usize, read: impl Fn(usize) -> Vector, indices: &Digit) {
        let width = out.len();
        let (blocks, rest) = out.as_chunks_mut::<SELECTED>();
        let whole = SELECTED * blocks.len();
        for (i, block) in blocks.iter_mut().enumerate() {
            select_digits(block, entries, |e, d| read(width * e + SELECTED * i + d), indices);
        }
        for (i, digit) in rest.iter_mut().enumerate() {
            let digit = std::array::from_mut(digit);
            select_digits(digit, entries, |e, _| read(width * e + whole + i), indices);
        }
    }

    /// They are gathered in registers and stored once, whole. Stored entry by entry, each store would
    /// be one under a mask that is secret, and how soon a processor forwards such a store to the next
    /// load depends on the mask.
    fn select_digits<const N: usize>(
        out: &mut [Digit; N], entries: usize, read: impl Fn(usize, usize) -> Vector, indices: &Digit,
    ) {
        let indices = load(indices);
        let mut selected = [all(0); N];
        for e in 0..entries {
            for (d, selected) in selected.iter_mut().enumerate() {
                *selected = where_equal(indices, e as i64, read(e, d), *selected);
            }
        }
        for (out, selected) in out.iter_mut().zip(selected) {
            store(out, selected);
        }
    }

    pub(super) fn gather(lanes: &mut [Digit], rows: [&[Block]; COUNT]) {
        for (i, digits) in lanes.as_chunks_mut::<COUNT>().0.iter_mut().enumerate() {
            let (block, part) = (i * COUNT / 8, i * COUNT % 8 / COUNT);
            let columns = transposed(rows.map(|row| load_part(&row[block], part)));
            for (digit, column) in digits.iter_mut().zip(columns) {
                store(digit, column);
            }
        }
    }

    pub(super) fn scatter(rows: &mut [Block], lanes: &[Digit]) {
        let width = lanes.len() / 8;
        for (i, digits) in lanes.as_chunks::<COUNT>().0.iter().enumerate() {
            let (block, part) = (i * COUNT / 8, i * COUNT % 8 / COUNT);
            let columns = transposed(digits.each_ref().map(|digit| load(digit)));
            for (row, column) in rows.chunks_exact_mut(width).zip(columns) {
                store_part(&mut row[block], part, column);
            }
        }
    }

    fn zeros() -> Column {
        Column { low: all(0), high: all(0) }
    }
}
}
    };
}

const DIGIT: i64 = (1 << 52) - 1;
/// Digits that are looked up in a table at once: that many registers.
const SELECTED: usize = 8;

lane_kernel!(eight, Lanes8, 8, 64, __m512i, {
    fn all(x: i64) -> Vector {
        _mm512_set1_epi64(x)
    }
    fn add(x: Vector, y: Vector) -> Vector {
        _mm512_add_epi64(x, y)
    }
    fn subtract(x: Vector, y: Vector) -> Vector {
        _mm512_sub_epi64(x, y)
    }
    fn and(x: Vector, y: Vector) -> Vector {
        _mm512_and_si512(x, y)
    }
    fn above_digit(x: Vector) -> Vector {
        _mm512_srai_epi64::<52>(x)
    }
    fn add_low(sum: Vector, x: Vector, y: Vector) -> Vector {
        _mm512_madd52lo_epu64(sum, x, y)
    }
    fn add_high(sum: Vector, x: Vector, y: Vector) -> Vector {
        _mm512_madd52hi_epu64(sum, x, y)
    }
    fn where_equal(x: Vector, value: i64, then: Vector, otherwise: Vector) -> Vector {
        _mm512_mask_mov_epi64(otherwise, _mm512_cmpeq_epi64_mask(x, all(value)), then)
    }
    fn load(x: &Digit) -> Vector {
        // SAFETY: eight limbs are 64 bytes, and aligned to that.
        unsafe { _mm512_load_si512(x.0.as_ptr().cast()) }
    }
    fn store(x: &mut Digit, lanes: Vector) {
        // SAFETY: eight limbs are 64 bytes, and aligned to that.
        unsafe { _mm512_store_si512(x.0.as_mut_ptr().cast(), lanes) }
    }
    fn load_part(block: &Block, part: usize) -> Vector {
        let digits = &block.0.as_chunks::<8>().0[part];
        // SAFETY: eight digits are 64 bytes.
        unsafe { _mm512_loadu_si512(digits.as_ptr().cast()) }
    }
    fn store_part(block: &mut Block, part: usize, digits: Vector) {
        let place = &mut block.0.as_chunks_mut::<8>().0[part];
        // SAFETY: eight digits are 64 bytes.
        unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), digits) }
    }
    /// Vector i of the result has lane i of each vector.
    fn transposed(rows: [Vector; 8]) -> [Vector; 8] {
        // Pairs of rows, then of pairs, then of fours.
        let pair = |i: usize, odd: bool| match odd {
            false => _mm512_unpacklo_epi64(rows[2 * i], rows[2 * i + 1]),
            true => _mm512_unpackhi_epi64(rows[2 * i], rows[2 * i + 1]),
        };
        let even_lanes = |x, y| _mm512_shuffle_i64x2::<0x88>(x, y);
        let odd_lanes = |x, y| _mm512_shuffle_i64x2::<0xdd>(x, y);
        let columns = |odd: bool| {
            let pairs = [pair(0, odd), pair(1, odd), pair(2, odd), pair(3, odd)];
            let (low, high) = (
                even_lanes(pairs[0], pairs[1]),
                even_lanes(pairs[2], pairs[3]),
            );
            let (low_odd, high_odd) =
                (odd_lanes(pairs[0], pairs[1]), odd_lanes(pairs[2], pairs[3]));
            [
                even_lanes(low, high),
                even_lanes(low_odd, high_odd),
                odd_lanes(low, high),
                odd_lanes(low_odd, high_odd),
            ]
        };
        let ([c0, c2, c4, c6], [c1, c3, c5, c7]) = (columns(false), columns(true));
        [c0, c1, c2, c3, c4, c5, c6, c7]
    }
});

lane_kernel!(four, Lanes4, 4, 32, __m256i, {
    fn all(x: i64) -> Vector {
        _mm256_set1_epi64x(x)
    }
    fn add(x: Vector, y: Vector) -> Vector {
        _mm256_add_epi64(x, y)
    }
    fn subtract(x: Vector, y: Vector) -> Vector {
        _mm256_sub_epi64(x, y)
    }
    fn and(x: Vector, y: Vector) -> Vector {
        _mm256_and_si256(x, y)
    }
    fn above_digit(x: Vector) -> Vector {
        _mm256_srai_epi64::<52>(x)
    }
    fn add_low(sum: Vector, x: Vector, y: Vector) -> Vector {
        _mm256_madd52lo_epu64(sum, x, y)
    }
    fn add_high(sum: Vector, x: Vector, y: Vector) -> Vector {
        _mm256_madd52hi_epu64(sum, x, y)
    }
    fn where_equal(x: Vector, value: i64, then: Vector, otherwise: Vector) -> Vector {
        _mm256_mask_mov_epi64(otherwise, _mm256_cmpeq_epi64_mask(x, all(value)), then)
    }
    fn load(x: &Digit) -> Vector {
        // SAFETY: four limbs are 32 bytes, and aligned to that.
        unsafe { _mm256_load_si256(x.0.as_ptr().cast()) }
    }
    fn store(x: &mut Digit, lanes: Vector) {
        // SAFETY: four limbs are 32 bytes, and aligned to that.
        unsafe { _mm256_store_si256(x.0.as_mut_ptr().cast(), lanes) }
    }
    fn load_part(block: &Block, part: usize) -> Vector {
        let digits = &block.0.as_chunks::<4>().0[part];
        // SAFETY: four digits are 32 bytes.
        unsafe { _mm256_loadu_si256(digits.as_ptr().cast()) }
    }
    fn store_part(block: &mut Block, part: usize, digits: Vector) {
        let place = &mut block.0.as_chunks_mut::<4>().0[part];
        // SAFETY: four digits are 32 bytes.
        unsafe { _mm256_storeu_si256(place.as_mut_ptr().cast(), digits) }
    }
    /// Vector i of the result has lane i of each vector.
    fn transposed([a, b, c, d]: [Vector; 4]) -> [Vector; 4] {
        let (low, low_odd) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
        let (high, high_odd) = (_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
        [
            _mm256_permute2x128_si256::<0x20>(low, high),
            _mm256_permute2x128_si256::<0x20>(low_odd, high_odd),
            _mm256_permute2x128_si256::<0x31>(low, high),
            _mm256_permute2x128_si256::<0x31>(low_odd, high_odd),
        ]
    }
});

fn whole<L, const D: usize>(x: &[L]) -> &[L; D] {
    x.try_into().expect("D digits")
}

fn halves<L, const D: usize>(x: &[L]) -> [&[L; D]; 2] {
    let (a, b) = x.split_at(D);
    [whole(a), whole(b)]
}

fn halves_mut<L, const D: usize>(x: &mut [L]) -> [&mut [L; D]; 2] {
    let (a, b) = x.split_at_mut(D);
    [a, b].map(|half| half.try_into().expect("D digits"))
}
