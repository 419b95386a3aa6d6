//! Steps of a program, put together from sums and multiples.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::super::{Output, Program};

/// For each position of a sum, and each digit there, the registers to be added.
pub(super) type Positions = BTreeMap<u32, BTreeMap<u32, Vec<u32>>>;

/// The steps so far, with the depth of every register.
pub(super) struct Builder {
    inputs: usize,
    steps: Vec<[u32; 2]>,
    depths: Vec<u32>,
}

impl Builder {
    pub(super) fn new(inputs: usize) -> Self {
        Self {
            inputs,
            steps: Vec::new(),
            depths: vec![0; inputs],
        }
    }

    /// The register of the sum of two registers.
    pub(super) fn add(&mut self, a: u32, b: u32) -> u32 {
        self.steps.push([a, b]);
        self.depths
            .push(1 + self.depths[a as usize].max(self.depths[b as usize]));
        self.depths.len() as u32 - 1
    }

    /// The register of a sum of registers, adding the shallowest first; none for an empty sum.
    pub(super) fn sum(&mut self, registers: impl IntoIterator<Item = u32>) -> Option<u32> {
        let mut heap: BinaryHeap<_> = registers
            .into_iter()
            .map(|register| Reverse((self.depths[register as usize], register)))
            .collect();
        while let Some(Reverse((_, a))) = heap.pop() {
            let Some(Reverse((_, b))) = heap.pop() else {
                return Some(a);
            };
            let sum = self.add(a, b);
            heap.push(Reverse((self.depths[sum as usize], sum)));
        }
        None
    }

    /// The register of 2^`times` times a register.
    pub(super) fn double(&mut self, register: u32, times: u32) -> u32 {
        (0..times).fold(register, |register, _| self.add(register, register))
    }

    /// The registers of some multiples of a register.
    pub(super) fn multiples(
        &mut self,
        register: u32,
        mut digits: BTreeSet<u32>,
    ) -> BTreeMap<u32, u32> {
        let mut parts = Vec::new();
        while let Some(digit) = digits.pop_last().filter(|&digit| digit > 1) {
            let next = next_below(digit, digits.last());
            digits.extend([next, digit - next]);
            parts.push((digit, next));
        }
        let mut made = BTreeMap::from([(1, register)]);
        for (digit, next) in parts.into_iter().rev() {
            made.insert(digit, self.add(made[&next], made[&(digit - next)]));
        }
        made
    }

    /// Σ digit·(sum of the digit's registers), from the largest digit down.
    fn weighted(&mut self, mut digits: BTreeMap<u32, Vec<u32>>) -> Option<u32> {
        while let Some((digit, registers)) = digits.pop_last() {
            let register = self.sum(registers)?;
            if digit == 1 {
                return Some(register);
            }
            let next = next_below(digit, digits.keys().next_back());
            for part in [next, digit - next] {
                digits.entry(part).or_default().push(register);
            }
        }
        None
    }

    /// Σ 2^(width·position)·(the position's sum), by Horner's rule.
    pub(super) fn horner(&mut self, positions: Positions, width: u32) -> Option<u32> {
        let mut total: Option<u32> = None;
        let mut above = 0;
        for (position, digits) in positions.into_iter().rev() {
            total = total.map(|total| self.double(total, width * (above - position)));
            above = position;
            let sum = self.weighted(digits);
            total = self.sum(total.into_iter().chain(sum));
        }
        Some(self.double(total?, width * above))
    }

    /// The program, its steps in order of depth.
    pub(super) fn finish(self, mut outputs: Vec<Output>) -> Program {
        let mut order: Vec<u32> = (self.inputs as u32..self.depths.len() as u32).collect();
        order.sort_by_key(|&register| self.depths[register as usize]);
        let mut renamed: Vec<u32> = (0..self.depths.len() as u32).collect();
        for (index, &register) in order.iter().enumerate() {
            renamed[register as usize] = (self.inputs + index) as u32;
        }
        let rename = |register: u32| renamed[register as usize];
        let steps = order
            .iter()
            .map(|&register| self.steps[register as usize - self.inputs].map(rename))
            .collect();
        for output in &mut outputs {
            *output = Output {
                plus: output.plus.map(rename),
                minus: output.minus.map(rename),
            };
        }
        Program {
            inputs: self.inputs,
            steps,
            outputs,
        }
    }
}

/// The larger part that a digit above 1 is split into, besides the gap to it: the next smaller
/// digit there is, or half of it if that is more. So even a digit far above all others takes few
/// steps.
fn next_below(digit: u32, smaller: Option<&u32>) -> u32 {
    smaller.copied().unwrap_or(0).max(digit / 2)
}
