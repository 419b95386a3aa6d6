//! Products and squares, column by column, with the reduction in between.

use super::vector::Fused;
use crate::kernel::lane_kernel::IfmaLanes;
use crate::kernel::lanes::vector::{halves, halves_mut, whole};

/// The largest digit.
const DIGIT: i64 = (1 << 52) - 1;

/// x ← x·y/R' in each lane, for halves of as many digits as n has.
pub(in crate::kernel::lanes) fn mul<V: Fused>(
    proof: IfmaLanes,
    x: &mut [V::Digit],
    y: &[V::Digit],
    n: &[V::Digit],
    n_inv: &V::Digit,
) {
    // SAFETY: an `IfmaLanes` proves that the processor has the instructions.
    unsafe {
        match n.len() {
            20 => mul_digits::<V, 20>(proof, halves_mut(x), halves(y), whole(n), n_inv),
            30 => mul_digits::<V, 30>(proof, halves_mut(x), halves(y), whole(n), n_inv),
            40 => mul_digits::<V, 40>(proof, halves_mut(x), halves(y), whole(n), n_inv),
            60 => mul_digits::<V, 60>(proof, halves_mut(x), halves(y), whole(n), n_inv),
            _ => mul_digits::<V, 79>(proof, halves_mut(x), halves(y), whole(n), n_inv),
        }
    }
}

/// x ← x²/R' in each lane.
pub(in crate::kernel::lanes) fn square<V: Fused>(
    proof: IfmaLanes,
    x: &mut [V::Digit],
    n: &[V::Digit],
    n_inv: &V::Digit,
) {
    // SAFETY: an `IfmaLanes` proves that the processor has the instructions.
    unsafe {
        match n.len() {
            20 => square_digits::<V, 20>(proof, halves_mut(x), whole(n), n_inv),
            30 => square_digits::<V, 30>(proof, halves_mut(x), whole(n), n_inv),
            40 => square_digits::<V, 40>(proof, halves_mut(x), whole(n), n_inv),
            60 => square_digits::<V, 60>(proof, halves_mut(x), whole(n), n_inv),
            _ => square_digits::<V, 79>(proof, halves_mut(x), whole(n), n_inv),
        }
    }
}

/// Both sums column by column, T's before U's, which takes m from it. Every kind of product has
/// a sum of its own, so that none waits for another's multiplications.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
#[inline]
fn mul_digits<V: Fused, const D: usize>(
    proof: IfmaLanes,
    [a, b]: [&mut [V::Digit; D]; 2],
    [ya, yb]: [&[V::Digit; D]; 2],
    n: &[V::Digit; D],
    n_inv: &V::Digit,
) {
    let load = |x: &V::Digit| V::load(proof, x);
    let mut reduction = Reduction::<V, D>::new(proof, n, n_inv);
    for k in 0..2 * D {
        let [mut a_ya, mut m_n, mut a_yb, mut b_ya, mut m_n_of_u] = [Column::zero(proof); 5];
        let (from, to) = if k < D { (0, k) } else { (k - D + 1, D) };
        for i in from..to {
            let (ai, bi, j) = (load(&a[i]), load(&b[i]), k - i);
            let (yaj, ybj, nj) = (load(&ya[j]), load(&yb[j]), load(&n[j]));
            a_ya = a_ya.plus_product(ai, yaj);
            m_n = m_n.plus_product(reduction.m[i], nj);
            a_yb = a_yb.plus_product(ai, ybj);
            b_ya = b_ya.plus_product(bi, yaj);
            m_n_of_u = m_n_of_u.plus_product(reduction.m_of_u[i], nj);
        }
        if k < D {
            let (ak, bk, ya0, yb0) = (load(&a[k]), load(&b[k]), load(&ya[0]), load(&yb[0]));
            a_ya = a_ya.plus_product(ak, ya0);
            a_yb = a_yb.plus_product(ak, yb0);
            b_ya = b_ya.plus_product(bk, ya0);
        }
        let (t, u) = (a_ya.plus(m_n), a_yb.plus(b_ya).plus(m_n_of_u));
        reduction.end_column([a, b], [t, u], k);
    }
}

/// The same with a·a, of which products of different digits are taken once and doubled, and 2·a·b.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
#[inline]
fn square_digits<V: Fused, const D: usize>(
    proof: IfmaLanes,
    [a, b]: [&mut [V::Digit; D]; 2],
    n: &[V::Digit; D],
    n_inv: &V::Digit,
) {
    let load = |x: &V::Digit| V::load(proof, x);
    let mut reduction = Reduction::<V, D>::new(proof, n, n_inv);
    for k in 0..2 * D {
        let [mut even, mut odd, mut m_n, mut a_b, mut m_n_of_u] = [Column::zero(proof); 5];
        let (from, to) = if k < D { (0, k) } else { (k - D + 1, D) };
        for i in from..to {
            let (ai, bj, nj) = (load(&a[i]), load(&b[k - i]), load(&n[k - i]));
            m_n = m_n.plus_product(reduction.m[i], nj);
            a_b = a_b.plus_product(ai, bj);
            m_n_of_u = m_n_of_u.plus_product(reduction.m_of_u[i], nj);
        }
        for i in from..k.div_ceil(2) {
            let product = odd.plus_product(load(&a[i]), load(&a[k - i]));
            (even, odd) = (product, even);
        }
        let mut a_a = even.plus(odd).doubled();
        if k.is_multiple_of(2) && k / 2 < D {
            let middle = load(&a[k / 2]);
            a_a = a_a.plus_product(middle, middle);
        }
        if k < D {
            a_b = a_b.plus_product(load(&a[k]), load(&b[0]));
        }
        let (t, u) = (a_a.plus(m_n), a_b.doubled().plus(m_n_of_u));
        reduction.end_column([a, b], [t, u], k);
    }
}

/// The sum of a column's products: their low halves, and their high halves, which belong to the
/// next column.
#[derive(Clone, Copy)]
struct Column<V> {
    low: V,
    high: V,
}

impl<V: Fused> Column<V> {
    #[inline(always)]
    fn zero(proof: IfmaLanes) -> Self {
        let zero = V::all(proof, 0);
        Self {
            low: zero,
            high: zero,
        }
    }

    #[inline(always)]
    fn plus_product(self, x: V, y: V) -> Self {
        Self {
            low: self.low.add_low(x, y),
            high: self.high.add_high(x, y),
        }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self {
            low: self.low.add(other.low),
            high: self.high.add(other.high),
        }
    }

    #[inline(always)]
    fn doubled(self) -> Self {
        self.plus(self)
    }
}

/// The state of the reduction of both sums.
struct Reduction<'a, V: Fused, const D: usize> {
    proof: IfmaLanes,
    n: &'a [V::Digit; D],
    n_inv: V,
    /// The digits of m, and those of m' for U, that are known.
    m: [V; D],
    m_of_u: [V; D],
    carry_t: V,
    carry_u: V,
}

impl<'a, V: Fused, const D: usize> Reduction<'a, V, D> {
    #[inline(always)]
    fn new(proof: IfmaLanes, n: &'a [V::Digit; D], n_inv: &V::Digit) -> Self {
        let zero = V::all(proof, 0);
        Self {
            proof,
            n,
            n_inv: V::load(proof, n_inv),
            m: [zero; D],
            m_of_u: [zero; D],
            carry_t: zero,
            carry_u: zero,
        }
    }

    /// The end of column k: below D it gives mₖ for both sums; above, digit k − D of the results,
    /// which takes the place of a digit that is no longer needed.
    #[inline(always)]
    fn end_column(
        &mut self,
        [a, b]: [&mut [V::Digit; D]; 2],
        [mut t, mut u]: [Column<V>; 2],
        k: usize,
    ) {
        let load = |x: &V::Digit| V::load(self.proof, x);
        t.low = t.low.add(self.carry_t);
        u.low = u.low.add(self.carry_u);
        if k < D {
            let (zero, n0) = (V::all(self.proof, 0), load(&self.n[0]));
            self.m[k] = zero.add_low(t.low, self.n_inv);
            t = t.plus_product(self.m[k], n0);
            u.low = u.low.subtract(self.m[k]);
            self.m_of_u[k] = zero.add_low(u.low, self.n_inv);
            u = u.plus_product(self.m_of_u[k], n0);
        } else {
            u.low = u.low.add(load(&self.n[k - D]));
            let digit = V::all(self.proof, DIGIT);
            t.low.and(digit).store(&mut a[k - D]);
            u.low.and(digit).store(&mut b[k - D]);
        }
        // U − m may be negative in between: its carry keeps the sign.
        self.carry_t = t.low.above_digit().add(t.high);
        self.carry_u = u.low.above_digit().add(u.high);
    }
}
