//! Products and squares, two columns at a time, with the reduction in between.

use super::vector::Four;
use crate::kernel::lane_kernel::Avx2Lanes;
use crate::kernel::lanes::vector::{Lanes4, Vector as _, halves, halves_mut, whole};

/// x ← x·y/R' in each lane, for halves of as many digits as n has.
pub(in crate::kernel::lanes) fn mul(
    proof: Avx2Lanes,
    x: &mut [Lanes4],
    y: &[Lanes4],
    n: &[Lanes4],
    n_inv: &Lanes4,
) {
    // SAFETY: an `Avx2Lanes` proves that the processor has the instructions.
    unsafe {
        match n.len() {
            37 => mul_digits::<37, 28>(proof, halves_mut(x), halves(y), whole(n), n_inv),
            56 => mul_digits::<56, 28>(proof, halves_mut(x), halves(y), whole(n), n_inv),
            74 => mul_digits::<74, 28>(proof, halves_mut(x), halves(y), whole(n), n_inv),
            115 => mul_digits::<115, 27>(proof, halves_mut(x), halves(y), whole(n), n_inv),
            _ => mul_digits::<153, 27>(proof, halves_mut(x), halves(y), whole(n), n_inv),
        }
    }
}

/// x ← x²/R' in each lane.
pub(in crate::kernel::lanes) fn square(
    proof: Avx2Lanes,
    x: &mut [Lanes4],
    n: &[Lanes4],
    n_inv: &Lanes4,
) {
    // SAFETY: an `Avx2Lanes` proves that the processor has the instructions.
    unsafe {
        match n.len() {
            37 => square_digits::<37, 28>(proof, halves_mut(x), whole(n), n_inv),
            56 => square_digits::<56, 28>(proof, halves_mut(x), whole(n), n_inv),
            74 => square_digits::<74, 28>(proof, halves_mut(x), whole(n), n_inv),
            115 => square_digits::<115, 27>(proof, halves_mut(x), whole(n), n_inv),
            _ => square_digits::<153, 27>(proof, halves_mut(x), whole(n), n_inv),
        }
    }
}

#[target_feature(enable = "avx2")]
fn mul_digits<const D: usize, const BITS: i32>(
    proof: Avx2Lanes,
    x: [&mut [Lanes4; D]; 2],
    y: [&[Lanes4; D]; 2],
    n: &[Lanes4; D],
    n_inv: &Lanes4,
) {
    columns::<D, BITS, true>(Reduction::new(proof, n, n_inv), x, y);
}

/// The same with y = (a, 2·b), and without b₁·a₂. Taking products of different digits of a once would
/// save an eighth of all, but takes more loops, which are too short for that.
#[target_feature(enable = "avx2")]
fn square_digits<const D: usize, const BITS: i32>(
    proof: Avx2Lanes,
    x: [&mut [Lanes4; D]; 2],
    n: &[Lanes4; D],
    n_inv: &Lanes4,
) {
    let (a, mut twice_b) = (*x[0], *x[1]);
    for digit in &mut twice_b {
        let loaded = Four::load(proof, digit);
        loaded.add(loaded).store(digit);
    }
    columns::<D, BITS, false>(Reduction::new(proof, n, n_inv), x, [&a, &twice_b]);
}

/// All columns, two at a time; the last has no products, and before it one of an odd number may be left.
/// `IS_WHOLE` says whether b₁·a₂ is among the products.
#[target_feature(enable = "avx2")]
#[inline]
fn columns<const D: usize, const BITS: i32, const IS_WHOLE: bool>(
    mut reduction: Reduction<'_, D, BITS>,
    [a, b]: [&mut [Lanes4; D]; 2],
    y: [&[Lanes4; D]; 2],
) {
    for k in (0..D / 2 * 2).step_by(2) {
        next_columns::<D, BITS, IS_WHOLE, 2>(&mut reduction, [a, b], y, k);
    }
    if D % 2 == 1 {
        next_columns::<D, BITS, IS_WHOLE, 1>(&mut reduction, [a, b], y, D - 1);
    }
    let end_of_pairs = D + (D - 1) / 2 * 2;
    for k in (D..end_of_pairs).step_by(2) {
        next_columns::<D, BITS, IS_WHOLE, 2>(&mut reduction, [a, b], y, k);
    }
    for k in end_of_pairs..2 * D {
        next_columns::<D, BITS, IS_WHOLE, 1>(&mut reduction, [a, b], y, k);
    }
}

/// Columns k to k + N − 1, for N of 1 or 2, all below D or none.
#[target_feature(enable = "avx2")]
#[inline]
fn next_columns<const D: usize, const BITS: i32, const IS_WHOLE: bool, const N: usize>(
    reduction: &mut Reduction<'_, D, BITS>,
    [a, b]: [&mut [Lanes4; D]; 2],
    [ya, yb]: [&[Lanes4; D]; 2],
    k: usize,
) {
    let (proof, n) = (reduction.proof, reduction.n);
    let load = |x: &Lanes4| Four::load(proof, x);
    let products = |[t, u]: [Four; 2], [a, b]: [Four; 2], [ya, yb]: [Four; 2]| {
        let u = u.add_product(a, yb);
        let u = if IS_WHOLE { u.add_product(b, ya) } else { u };
        [t.add_product(a, ya), u]
    };
    let mut sums = [[Four::all(proof, 0); 2]; N];
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
            let [t, u] = products(sums[c], x, [load(&ya[c]), load(&yb[c])]);
            let n = load(&n[c]);
            sums[c] = [t.add_product(m, n), u.add_product(m_of_u, n)];
        }
    }
    // Those that only one takes.
    if k < D {
        let [y0, y1] = [0, 1].map(|j| [load(&ya[j]), load(&yb[j])]);
        let x = [load(&a[k]), load(&b[k])];
        let multipliers = reduction.next_multipliers(products(sums[0], x, y0), k);
        if N == 2 {
            let next = [load(&a[k + 1]), load(&b[k + 1])];
            let sums = products(products(sums[1], x, y1), next, y0);
            let sums = reduction.add_products(sums, multipliers, 1);
            reduction.next_multipliers(sums, k + 1);
        }
    } else {
        if N == 2 {
            let (i, last) = (from - 1, D - 1);
            let (x, y) = (
                [load(&a[i]), load(&b[i])],
                [load(&ya[last]), load(&yb[last])],
            );
            let multipliers = [reduction.m[i], reduction.m_of_u[i]];
            sums[0] = reduction.add_products(products(sums[0], x, y), multipliers, last);
        }
        for (c, sums) in sums.into_iter().enumerate() {
            let [t, u] = reduction.next_digits(sums, k + c - D);
            t.store(&mut a[k + c - D]);
            u.store(&mut b[k + c - D]);
        }
    }
}

/// The state of the reduction of both sums.
struct Reduction<'a, const D: usize, const BITS: i32> {
    proof: Avx2Lanes,
    n: &'a [Lanes4; D],
    n_inv: Four,
    /// The digits of m, and those of m' for U, that are known.
    m: [Four; D],
    m_of_u: [Four; D],
    /// The carry to the next column.
    carries: [Four; 2],
}

impl<'a, const D: usize, const BITS: i32> Reduction<'a, D, BITS> {
    /// The largest digit.
    const LARGEST: i64 = (1 << BITS) - 1;

    #[inline(always)]
    fn new(proof: Avx2Lanes, n: &'a [Lanes4; D], n_inv: &Lanes4) -> Self {
        let zero = Four::all(proof, 0);
        Self {
            proof,
            n,
            n_inv: Four::load(proof, n_inv),
            m: [zero; D],
            m_of_u: [zero; D],
            carries: [zero; 2],
        }
    }

    /// Adds to both sums their multipliers' products with a digit of n.
    #[inline(always)]
    fn add_products(&self, [t, u]: [Four; 2], [m, m_of_u]: [Four; 2], digit: usize) -> [Four; 2] {
        let n = Four::load(self.proof, &self.n[digit]);
        [t.add_product(m, n), u.add_product(m_of_u, n)]
    }

    /// The end of column k below D, which gives mₖ for both sums.
    ///
    /// U − m would be negative at times. So the complement R' − m is added, digit by digit, and the
    /// 1 by which R' is too large after the division is taken off n, which is odd.
    #[inline(always)]
    fn next_multipliers(&mut self, [t, u]: [Four; 2], k: usize) -> [Four; 2] {
        let largest = Four::all(self.proof, Self::LARGEST);
        let n0 = Four::load(self.proof, &self.n[0]);
        let t = t.add(self.carries[0]);
        let m = t.times(self.n_inv).and(largest);
        let one_at_first = Four::all(self.proof, i64::from(k == 0));
        let u = u
            .add(self.carries[1].add(one_at_first))
            .add(largest.subtract(m));
        let m_of_u = u.times(self.n_inv).and(largest);
        (self.m[k], self.m_of_u[k]) = (m, m_of_u);
        let [t, u] = [t.add_product(m, n0), u.add_product(m_of_u, n0)];
        self.carries = [t.above::<BITS>(), u.above::<BITS>()];
        [m, m_of_u]
    }

    /// The end of column D + i: digit i of both results.
    #[inline(always)]
    fn next_digits(&mut self, [t, u]: [Four; 2], i: usize) -> [Four; 2] {
        let largest = Four::all(self.proof, Self::LARGEST);
        let one_at_first = Four::all(self.proof, i64::from(i == 0));
        let n = Four::load(self.proof, &self.n[i]).subtract(one_at_first);
        let [t, u] = [t.add(self.carries[0]), u.add(self.carries[1].add(n))];
        self.carries = [t.above::<BITS>(), u.above::<BITS>()];
        [t.and(largest), u.and(largest)]
    }
}
