//! Several products of pairs at once, for x86-64 processors with AVX-512 IFMA or AVX2.
//!
//! Where [`super::ifma`] spreads the digits of one number over the lanes of a vector, here each lane
//! has its own number: digit i of eight or four numbers is in one vector, nothing passes between
//! lanes, and all multiplications are useful.
//!
//! Digits of w bits, D to a number, R' = 2^(w·D):
//!
//! 1. T = a₁·a₂ gives m, with T + m·n divisible by R', and t = (T + m·n)/R'.
//! 2. U = a₁·b₂ + b₁·a₂ − m gives v = (U + m'·n)/R' + n.
//!
//! With factors a < 2n and b < 4n, and n < R'/2¹², t < 2n and v < 3n: no subtraction is needed
//! until the end.
//!
//! | subject | file |
//! |---|---|
//! | what vectors can do | `vector` |
//! | selecting and moving, in any vectors | `moves` |
//! | eight or four lanes with AVX-512 IFMA | `ifma` |
//! | four lanes with AVX2 | `avx2` |

mod avx2;
mod ifma;
mod moves;
mod vector;

pub(crate) use self::vector::{Lanes4, Lanes8};
use super::interface::{Block, Lanes};
use super::lane_kernel::{IfmaLanes, LaneKernel};

// SAFETY of all calls: an `IfmaLanes` or `Avx2Lanes` proves that the processor has the instructions.

impl Lanes for Lanes8 {
    const COUNT: usize = 8;

    type Kernel = IfmaLanes;

    fn from_fn(lane: impl FnMut(usize) -> u64) -> Self {
        Self(std::array::from_fn(lane))
    }

    fn lane(&self, lane: usize) -> u64 {
        self.0[lane]
    }

    fn mul(kernel: IfmaLanes, x: &mut [Self], y: &[Self], n: &[Self], n_inv: &Self) {
        ifma::mul::<ifma::Vector8>(kernel, x, y, n, n_inv);
    }

    fn square(kernel: IfmaLanes, x: &mut [Self], n: &[Self], n_inv: &Self) {
        ifma::square::<ifma::Vector8>(kernel, x, n, n_inv);
    }

    fn select(kernel: IfmaLanes, out: &mut [Self], table: &[Self], indices: &Self) {
        // SAFETY: as above.
        unsafe { ifma::select::<ifma::Vector8>(kernel, out, table, indices) }
    }

    fn select_shared(kernel: IfmaLanes, out: &mut [Self], table: &[Block], indices: &Self) {
        // SAFETY: as above.
        unsafe { ifma::select_shared::<ifma::Vector8>(kernel, out, table, indices) }
    }

    fn gather<'a>(kernel: IfmaLanes, lanes: &mut [Self], row: impl Fn(usize) -> &'a [Block]) {
        // SAFETY: as above.
        unsafe { ifma::gather::<ifma::Vector8, 8>(kernel, lanes, std::array::from_fn(row)) }
    }

    fn scatter(kernel: IfmaLanes, rows: &mut [Block], lanes: &[Self]) {
        // SAFETY: as above.
        unsafe { ifma::scatter::<ifma::Vector8, 8>(kernel, rows, lanes) }
    }
}

impl Lanes for Lanes4 {
    const COUNT: usize = 4;

    type Kernel = LaneKernel;

    fn from_fn(lane: impl FnMut(usize) -> u64) -> Self {
        Self(std::array::from_fn(lane))
    }

    fn lane(&self, lane: usize) -> u64 {
        self.0[lane]
    }

    fn mul(kernel: LaneKernel, x: &mut [Self], y: &[Self], n: &[Self], n_inv: &Self) {
        match kernel {
            LaneKernel::Ifma(ifma) => ifma::mul::<ifma::Vector4>(ifma, x, y, n, n_inv),
            LaneKernel::Avx2(avx2) => avx2::mul(avx2, x, y, n, n_inv),
        }
    }

    fn square(kernel: LaneKernel, x: &mut [Self], n: &[Self], n_inv: &Self) {
        match kernel {
            LaneKernel::Ifma(ifma) => ifma::square::<ifma::Vector4>(ifma, x, n, n_inv),
            LaneKernel::Avx2(avx2) => avx2::square(avx2, x, n, n_inv),
        }
    }

    fn select(kernel: LaneKernel, out: &mut [Self], table: &[Self], indices: &Self) {
        // SAFETY: as above.
        unsafe {
            match kernel {
                LaneKernel::Ifma(ifma) => {
                    ifma::select::<ifma::Vector4>(ifma, out, table, indices);
                }
                LaneKernel::Avx2(avx2) => avx2::select(avx2, out, table, indices),
            }
        }
    }

    fn select_shared(kernel: LaneKernel, out: &mut [Self], table: &[Block], indices: &Self) {
        // SAFETY: as above.
        unsafe {
            match kernel {
                LaneKernel::Ifma(ifma) => {
                    ifma::select_shared::<ifma::Vector4>(ifma, out, table, indices);
                }
                LaneKernel::Avx2(avx2) => avx2::select_shared(avx2, out, table, indices),
            }
        }
    }

    fn gather<'a>(kernel: IfmaLanes, lanes: &mut [Self], row: impl Fn(usize) -> &'a [Block]) {
        // SAFETY: as above.
        unsafe { ifma::gather::<ifma::Vector4, 4>(kernel, lanes, std::array::from_fn(row)) }
    }

    fn scatter(kernel: IfmaLanes, rows: &mut [Block], lanes: &[Self]) {
        // SAFETY: as above.
        unsafe { ifma::scatter::<ifma::Vector4, 4>(kernel, rows, lanes) }
    }
}

/// The table for [`Lanes::select_shared`] of entries in digits: for each digit, those of all entries
/// side by side; with AVX2, for each two digits, which fit one limb.
pub(crate) fn shared_table(kernel: LaneKernel, entries: &[&[u64]]) -> Vec<Block> {
    let at_once = match kernel {
        LaneKernel::Ifma(_) => 1,
        LaneKernel::Avx2(_) => 2,
    };
    let digits = entries.first().map_or(0, |entry| entry.len());
    let limb = |entry: &[u64], digit: usize| match entry.get(digit + 1) {
        Some(second) if at_once == 2 => entry[digit] | second << 32,
        _ => entry[digit],
    };
    let blocks = (0..digits).step_by(at_once).flat_map(|digit| {
        let eights = entries.as_chunks::<8>().0.iter();
        eights.map(move |eight| Block(eight.map(|entry| limb(entry, digit))))
    });
    blocks.collect()
}
