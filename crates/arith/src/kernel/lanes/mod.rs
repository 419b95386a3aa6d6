//! Eight or four products of pairs at once, for x86-64 processors with AVX-512 IFMA.
//!
//! Where [`ifma`](super::ifma) spreads the digits of one number over the lanes of a vector, here
//! each lane has its own number: digit i of eight numbers is in one vector, nothing passes between
//! lanes, and all multiplications are useful. Four lanes take about half the time of eight on
//! processors that start two narrow multiplications per cycle or one wide one.
//!
//! Digits of 52 bits, D to a number, R' = 2^(52·D). Both halves are multiplied column by column,
//! the reduction in between (*finely integrated product scanning*, Koç, Acar and Kaliski 1996):
//!
//! 1. T = a₁·a₂ gives m, with T + m·n divisible by R', and t = (T + m·n)/R'.
//! 2. U = a₁·b₂ + b₁·a₂ − m gives v = (U + m'·n)/R' + n.
//!
//! With factors a < 2n and b < 4n, and n < R'/2¹², t < 2n and v < 3n: no subtraction is needed
//! until the end. Cost: 10·D² vector multiplications for all lanes' products, 7·D² for squares.

mod moves;
mod products;
mod vector;

pub(crate) use self::vector::{Lanes4, Lanes8};
use self::vector::{Vector4, Vector8};
use super::interface::{Block, Lanes};
use super::lane_kernel::LaneKernel;

/// Computing with digits of one type in vectors of another.
macro_rules! lanes_in_vectors {
    ($Digit:ident, $Vector:ident, $count:literal) => {
        impl Lanes for $Digit {
            const COUNT: usize = $count;

            fn from_fn(lane: impl FnMut(usize) -> u64) -> Self {
                Self(std::array::from_fn(lane))
            }

            fn lane(&self, lane: usize) -> u64 {
                self.0[lane]
            }

            fn mul(kernel: LaneKernel, x: &mut [Self], y: &[Self], n: &[Self], n_inv: &Self) {
                products::mul::<$Vector>(kernel, x, y, n, n_inv);
            }

            fn square(kernel: LaneKernel, x: &mut [Self], n: &[Self], n_inv: &Self) {
                products::square::<$Vector>(kernel, x, n, n_inv);
            }

            fn select(kernel: LaneKernel, out: &mut [Self], table: &[Self], indices: &Self) {
                // SAFETY: a `LaneKernel` proves that the processor has the instructions.
                unsafe { moves::select::<$Vector>(kernel, out, table, indices) }
            }

            fn select_shared(
                kernel: LaneKernel,
                out: &mut [Self],
                table: &[Block],
                indices: &Self,
            ) {
                // SAFETY: a `LaneKernel` proves that the processor has the instructions.
                unsafe { moves::select_shared::<$Vector>(kernel, out, table, indices) }
            }

            fn gather<'a>(
                kernel: LaneKernel,
                lanes: &mut [Self],
                row: impl Fn(usize) -> &'a [Block],
            ) {
                let rows = std::array::from_fn(row);
                // SAFETY: a `LaneKernel` proves that the processor has the instructions.
                unsafe { moves::gather::<$Vector, $count>(kernel, lanes, rows) }
            }

            fn scatter(kernel: LaneKernel, rows: &mut [Block], lanes: &[Self]) {
                // SAFETY: a `LaneKernel` proves that the processor has the instructions.
                unsafe { moves::scatter::<$Vector, $count>(kernel, rows, lanes) }
            }
        }
    };
}

lanes_in_vectors!(Lanes8, Vector8, 8);
lanes_in_vectors!(Lanes4, Vector4, 4);
