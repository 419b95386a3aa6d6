//! Products and squares, two columns at a time, with the reduction in between.

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

#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn mul_digits<V: Fused, const D: usize>(
    proof: IfmaLanes,
    x: [&mut [V::Digit; D]; 2],
    y: [&[V::Digit; D]; 2],
    n: &[V::Digit; D],
    n_inv: &V::Digit,
) {
    columns::<V, D, false>(Reduction::new(proof, n, n_inv), x, Some(y));
}

/// The same with a·a, of which products of different digits are taken once and doubled, and 2·a·b.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn square_digits<V: Fused, const D: usize>(
    proof: IfmaLanes,
    x: [&mut [V::Digit; D]; 2],
    n: &[V::Digit; D],
    n_inv: &V::Digit,
) {
    columns::<V, D, true>(Reduction::new(proof, n, n_inv), x, None);
}

/// All columns of a product, or of a square if there is no other factor, two at a time; with an odd
/// number of digits, there are two columns left over.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
#[inline]
fn columns<V: Fused, const D: usize, const IS_SQUARE: bool>(
    mut reduction: Reduction<'_, V, D>,
    [a, b]: [&mut [V::Digit; D]; 2],
    y: Option<[&[V::Digit; D]; 2]>,
) {
    for start in [0, D] {
        for k in (0..D / 2 * 2).step_by(2) {
            next_columns::<V, D, IS_SQUARE, 2>(&mut reduction, [a, b], y, start + k);
        }
        if D % 2 == 1 {
            next_columns::<V, D, IS_SQUARE, 1>(&mut reduction, [a, b], y, start + D - 1);
        }
    }
}

/// Columns k to k + N − 1, for N of 1 or 2, all below D or none. T's sums come before U's, which take m from them.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
#[inline]
fn next_columns<V: Fused, const D: usize, const IS_SQUARE: bool, const N: usize>(
    reduction: &mut Reduction<'_, V, D>,
    [a, b]: [&mut [V::Digit; D]; 2],
    y: Option<[&[V::Digit; D]; 2]>,
    k: usize,
) {
    let (proof, n) = (reduction.proof, reduction.n);
    let load = |x: &V::Digit| V::load(proof, x);
    let [ya, yb] = y.unwrap_or([&*a, &*b]);
    // Of a square, T has its own sum, and half of U is taken.
    let products = |sums: &mut Sums<V>, [a, b]: [V; 2], [ya, yb]: [V; 2]| {
        sums.u = sums.u.plus_product(a, yb);
        if !IS_SQUARE {
            sums.t = sums.t.plus_product(a, ya);
            sums.u = sums.u.plus_product(b, ya);
        }
    };
    let whole = |mut sums: Sums<V>| {
        if IS_SQUARE {
            sums.u = sums.u.doubled();
        }
        sums
    };
    let mut sums = [Sums::zero(proof); N];
    // The digits that both columns take.
    let (from, to) = if k < D { (0, k) } else { (k + N - D, D) };
    let others = k + 1 - to..k + N - from;
    let digits = a[from..to].iter().zip(&b[from..to]);
    let multipliers = reduction.m[from..to]
        .iter()
        .zip(&reduction.m_of_u[from..to]);
    let windows = ya[others.clone()]
        .windows(N)
        .zip(yb[others.clone()].windows(N));
    let windows = windows.zip(n[others].windows(N)).rev();
    for (((a, b), (&m, &m_of_u)), ((ya, yb), n)) in digits.zip(multipliers).zip(windows) {
        let x = [load(a), load(b)];
        for c in 0..N {
            products(&mut sums[c], x, [load(&ya[c]), load(&yb[c])]);
            sums[c].reduce([m, m_of_u], load(&n[c]));
        }
    }
    if IS_SQUARE {
        for (c, sums) in sums.iter_mut().enumerate() {
            sums.t = half_of_square(proof, a, k + c);
        }
    }
    // Those that only one takes.
    if k < D {
        let [y0, y1] = [0, 1].map(|j| [load(&ya[j]), load(&yb[j])]);
        let x = [load(&a[k]), load(&b[k])];
        products(&mut sums[0], x, y0);
        let multipliers = reduction.next_multipliers(whole(sums[0]), k);
        if N == 2 {
            let next = [load(&a[k + 1]), load(&b[k + 1])];
            products(&mut sums[1], x, y1);
            products(&mut sums[1], next, y0);
            sums[1].reduce(multipliers, load(&n[1]));
            reduction.next_multipliers(whole(sums[1]), k + 1);
        }
    } else {
        if N == 2 {
            let (i, last) = (from - 1, D - 1);
            let (x, y) = (
                [load(&a[i]), load(&b[i])],
                [load(&ya[last]), load(&yb[last])],
            );
            products(&mut sums[0], x, y);
            let multipliers = [reduction.m[i], reduction.m_of_u[i]];
            sums[0].reduce(multipliers, load(&n[last]));
        }
        for (c, sums) in sums.into_iter().enumerate() {
            let [t, u] = reduction.next_digits(whole(sums), k + c - D);
            t.store(&mut a[k + c - D]);
            u.store(&mut b[k + c - D]);
        }
    }
}

/// Column k of a·a: twice its products of different digits, and that of a digit with itself.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
#[inline]
fn half_of_square<V: Fused, const D: usize>(
    proof: IfmaLanes,
    a: &[V::Digit; D],
    k: usize,
) -> Column<V> {
    let load = |x: &V::Digit| V::load(proof, x);
    let (from, to) = ((k + 1).saturating_sub(D), k.div_ceil(2));
    // Two sums, because of the multiplications' latency.
    let [mut even, mut odd] = [Column::zero(proof); 2];
    for (x, y) in a[from..to]
        .iter()
        .zip(a[k + 1 - to..k + 1 - from].iter().rev())
    {
        let product = odd.plus_product(load(x), load(y));
        (even, odd) = (product, even);
    }
    let twice = even.plus(odd).doubled();
    match k.is_multiple_of(2) && k / 2 < D {
        true => twice.plus_product(load(&a[k / 2]), load(&a[k / 2])),
        false => twice,
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

/// The sums of a column: every kind of product has its own sum, so that none waits for another's
/// multiplications.
#[derive(Clone, Copy)]
struct Sums<V> {
    t: Column<V>,
    u: Column<V>,
    /// m·n, and m'·n.
    m_n: Column<V>,
    m_n_of_u: Column<V>,
}

impl<V: Fused> Sums<V> {
    #[inline(always)]
    fn zero(proof: IfmaLanes) -> Self {
        let zero = Column::zero(proof);
        Self {
            t: zero,
            u: zero,
            m_n: zero,
            m_n_of_u: zero,
        }
    }

    /// Adds to both sums their multipliers' products with a digit of n.
    #[inline(always)]
    fn reduce(&mut self, [m, m_of_u]: [V; 2], n: V) {
        self.m_n = self.m_n.plus_product(m, n);
        self.m_n_of_u = self.m_n_of_u.plus_product(m_of_u, n);
    }

    #[inline(always)]
    fn totals(self, carries: [V; 2]) -> [Column<V>; 2] {
        let mut totals = [self.t.plus(self.m_n), self.u.plus(self.m_n_of_u)];
        for (total, carry) in totals.iter_mut().zip(carries) {
            total.low = total.low.add(carry);
        }
        totals
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
    /// The carry to the next column.
    carries: [V; 2],
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
            carries: [zero; 2],
        }
    }

    /// The end of column k below D, which gives mₖ for both sums.
    #[inline(always)]
    fn next_multipliers(&mut self, sums: Sums<V>, k: usize) -> [V; 2] {
        let (zero, n0) = (V::all(self.proof, 0), V::load(self.proof, &self.n[0]));
        let [t, mut u] = sums.totals(self.carries);
        let m = zero.add_low(t.low, self.n_inv);
        u.low = u.low.subtract(m);
        let m_of_u = zero.add_low(u.low, self.n_inv);
        (self.m[k], self.m_of_u[k]) = (m, m_of_u);
        self.carry([t.plus_product(m, n0), u.plus_product(m_of_u, n0)]);
        [m, m_of_u]
    }

    /// The end of column D + i: digit i of both results.
    #[inline(always)]
    fn next_digits(&mut self, sums: Sums<V>, i: usize) -> [V; 2] {
        let [t, mut u] = sums.totals(self.carries);
        u.low = u.low.add(V::load(self.proof, &self.n[i]));
        self.carry([t, u]);
        let digit = V::all(self.proof, DIGIT);
        [t.low.and(digit), u.low.and(digit)]
    }

    /// U − m may be negative in between: its carry keeps the sign.
    #[inline(always)]
    fn carry(&mut self, totals: [Column<V>; 2]) {
        self.carries = totals.map(|total| total.low.above_digit().add(total.high));
    }
}
