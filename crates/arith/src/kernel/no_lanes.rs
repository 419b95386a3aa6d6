//! No lanes: this processor has none.

use zeroize::Zeroize;

use super::interface::{Block, Lanes};
use super::lane_kernel::{IfmaLanes, LaneKernel};

/// Stands for a digit of several numbers.
#[derive(Clone, Copy, Default, Zeroize)]
pub(crate) struct NoLanes<const COUNT: usize>;

pub(crate) type Lanes8 = NoLanes<8>;
pub(crate) type Lanes4 = NoLanes<4>;

impl<const COUNT: usize> Lanes for NoLanes<COUNT> {
    const COUNT: usize = COUNT;

    type Kernel = LaneKernel;

    fn from_fn(_: impl FnMut(usize) -> u64) -> Self {
        Self
    }

    fn lane(&self, _: usize) -> u64 {
        0
    }

    fn mul(kernel: LaneKernel, _: &mut [Self], _: &[Self], _: &[Self], _: &Self) {
        match kernel {}
    }

    fn square(kernel: LaneKernel, _: &mut [Self], _: &[Self], _: &Self) {
        match kernel {}
    }

    fn select(kernel: LaneKernel, _: &mut [Self], _: &[Self], _: &Self) {
        match kernel {}
    }

    fn select_shared(kernel: LaneKernel, _: &mut [Self], _: &[Block], _: &Self) {
        match kernel {}
    }

    fn gather<'a>(kernel: IfmaLanes, _: &mut [Self], _: impl Fn(usize) -> &'a [Block]) {
        match kernel {}
    }

    fn scatter(kernel: IfmaLanes, _: &mut [Block], _: &[Self]) {
        match kernel {}
    }
}

pub(crate) fn shared_table(kernel: LaneKernel, _: &[&[u64]]) -> Vec<Block> {
    match kernel {}
}
