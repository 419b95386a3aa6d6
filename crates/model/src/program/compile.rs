//! The search for a short program.
//!
//! 1. Every weight is written in digits to a base 2^w. A *term* is (output, sign, position, digit),
//!    and each input is to be added to some terms.
//! 2. Inputs that share two terms can be added to a new node once, which is then added to both
//!    terms. Greedily, the pair of terms or nodes that most inputs share is made a node, until no
//!    pair is shared (Paar 1997; Pippenger 1980 for what can be hoped for).
//! 3. The digits d of a position are reduced from the largest: d counts as the next smaller digit
//!    and the gap between them. What is left counts once.
//! 4. The positions are put together by Horner's rule, with w doublings each.
//!
//! The sums come out as lists of what is to be added into each node; a list is added up in pairs of
//! least depth first, which keeps the program shallow, so that many steps can run at once.
//!
//! All widths are tried, and the shortest program is kept.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use super::{Output, Program};
use crate::IntegerMap;

/// Pairs of terms of all inputs that one search may look at; more outputs are split into groups.
const MAX_PAIRS: usize = 1 << 22;

/// The best program over all widths of digits.
pub(super) fn compile(map: &IntegerMap) -> Program {
    let largest = map
        .weights()
        .iter()
        .map(|w| w.unsigned_abs())
        .max()
        .unwrap_or(0);
    let bits = (u32::BITS - largest.leading_zeros()).max(1);
    (1..=bits)
        .map(|width| with_width(map, width))
        .min_by_key(|program| program.steps.len())
        .expect("there is at least one width")
}

fn with_width(map: &IntegerMap, width: u32) -> Program {
    let mut builder = Builder::new(map.inputs());
    let mut outputs = vec![Output::default(); map.outputs()];
    let rows: Vec<usize> = (0..map.outputs()).collect();
    for group in rows.chunks(group_size(map, width)) {
        let mut terms = Terms::new(map, group, width);
        terms.share_pairs();
        for ((output, is_minus), register) in terms.build(&mut builder, width) {
            let output: &mut Output = &mut outputs[output];
            *(if is_minus {
                &mut output.minus
            } else {
                &mut output.plus
            }) = Some(register);
        }
    }
    builder.finish(outputs)
}

/// How many outputs are searched at once, so that their pairs stay below [`MAX_PAIRS`].
fn group_size(map: &IntegerMap, width: u32) -> usize {
    let largest = map
        .weights()
        .iter()
        .map(|w| w.unsigned_abs())
        .max()
        .unwrap_or(0);
    let digits = (u32::BITS - largest.leading_zeros()).div_ceil(width).max(1) as usize;
    let terms = (2 * MAX_PAIRS / map.inputs()).isqrt();
    (terms / digits).max(1)
}

/// Where an input counts: a digit at a position of the positive or negative sum of an output.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Term {
    output: usize,
    is_minus: bool,
    position: u32,
    digit: u32,
}

/// For each position of a sum, and each digit there, the registers to be added.
type Positions = BTreeMap<u32, BTreeMap<u32, Vec<u32>>>;

/// What each input is to be added to, and the nodes that stand for pairs.
struct Terms {
    /// The terms, numbered from 0; nodes are numbered after them.
    terms: Vec<Term>,
    /// The two numbers that each node stands for.
    nodes: Vec<[u32; 2]>,
    /// For each input the sorted numbers that it is to be added to.
    columns: Vec<Vec<u32>>,
}

impl Terms {
    fn new(map: &IntegerMap, group: &[usize], width: u32) -> Self {
        let mut numbers = HashMap::new();
        let mut terms = Vec::new();
        let mut columns = Vec::with_capacity(map.inputs());
        for input in 0..map.inputs() {
            let mut column = Vec::new();
            for &output in group {
                let weight = map.row(output)[input];
                let positions = (0..u32::BITS / width + 1).take_while(|p| p * width < u32::BITS);
                for position in positions {
                    let digit = (weight.unsigned_abs() >> (position * width))
                        & (((1u64 << width) - 1) as u32);
                    if digit != 0 {
                        let term = Term {
                            output,
                            is_minus: weight < 0,
                            position,
                            digit,
                        };
                        column.push(*numbers.entry(term).or_insert_with(|| {
                            terms.push(term);
                            terms.len() as u32 - 1
                        }));
                    }
                }
            }
            column.sort_unstable();
            columns.push(column);
        }
        Self {
            terms,
            nodes: Vec::new(),
            columns,
        }
    }

    /// Replaces the pair that most inputs share by a node, until no two inputs share one.
    fn share_pairs(&mut self) {
        let mut counts: HashMap<[u32; 2], u32> = HashMap::new();
        // The inputs that were once to be added to each number.
        let mut users: Vec<Vec<u32>> = vec![Vec::new(); self.terms.len()];
        for (input, column) in self.columns.iter().enumerate() {
            for (i, &a) in column.iter().enumerate() {
                users[a as usize].push(input as u32);
                for &b in &column[i + 1..] {
                    *counts.entry([a, b]).or_default() += 1;
                }
            }
        }
        // Counts only go down once a pair is in the heap, or it is put in again: stale entries
        // are recognised by their count.
        let entry =
            |(&pair, &count): (&[u32; 2], &u32)| (count > 1).then_some((count, Reverse(pair)));
        let mut heap: BinaryHeap<_> = counts.iter().filter_map(entry).collect();
        while let Some((count, Reverse(pair))) = heap.pop() {
            let current = counts.get(&pair).copied().unwrap_or(0);
            if current != count {
                heap.extend(entry((&pair, &current)));
                continue;
            }
            let node = (self.terms.len() + self.nodes.len()) as u32;
            self.nodes.push(pair);
            let [a, b] = pair;
            let rarer = if users[a as usize].len() < users[b as usize].len() {
                a
            } else {
                b
            };
            let mut moved = Vec::with_capacity(count as usize);
            for &input in &users[rarer as usize] {
                let column = &mut self.columns[input as usize];
                if column.binary_search(&a).is_err() || column.binary_search(&b).is_err() {
                    continue;
                }
                column.retain(|&number| number != a && number != b);
                for &other in column.iter() {
                    for number in pair {
                        let count = counts.get_mut(&[other.min(number), other.max(number)]);
                        *count.expect("the pair stood in this column") -= 1;
                    }
                    *counts.entry([other, node]).or_default() += 1;
                }
                column.push(node);
                moved.push(input);
            }
            counts.remove(&pair);
            let partners: std::collections::BTreeSet<u32> = moved
                .iter()
                .flat_map(|&input| &self.columns[input as usize])
                .copied()
                .collect();
            let fresh = partners.into_iter().map(|other| [other, node]);
            heap.extend(fresh.filter_map(|pair| entry((&pair, counts.get(&pair)?))));
            users.push(moved);
        }
    }

    /// Adds everything up, and gives the register of each output's positive and negative sum.
    fn build(self, builder: &mut Builder, width: u32) -> BTreeMap<(usize, bool), u32> {
        let mut summands: Vec<Vec<u32>> = vec![Vec::new(); self.terms.len() + self.nodes.len()];
        for (input, column) in self.columns.iter().enumerate() {
            for &number in column {
                summands[number as usize].push(input as u32);
            }
        }
        // A node's parts have smaller numbers than itself.
        for (index, &pair) in self.nodes.iter().enumerate().rev() {
            let register = builder.sum(std::mem::take(&mut summands[self.terms.len() + index]));
            for part in pair {
                summands[part as usize].extend(register);
            }
        }
        let mut sums: BTreeMap<(usize, bool), Positions> = BTreeMap::new();
        for (term, summands) in self.terms.iter().zip(summands) {
            let positions = sums.entry((term.output, term.is_minus)).or_default();
            positions
                .entry(term.position)
                .or_default()
                .insert(term.digit, summands);
        }
        sums.into_iter()
            .filter_map(|(sum, positions)| Some((sum, builder.horner(positions, width)?)))
            .collect()
    }
}

/// The steps so far, with the depth of every register.
struct Builder {
    inputs: usize,
    steps: Vec<[u32; 2]>,
    depths: Vec<u32>,
}

impl Builder {
    fn new(inputs: usize) -> Self {
        Self {
            inputs,
            steps: Vec::new(),
            depths: vec![0; inputs],
        }
    }

    fn add(&mut self, a: u32, b: u32) -> u32 {
        self.steps.push([a, b]);
        self.depths
            .push(1 + self.depths[a as usize].max(self.depths[b as usize]));
        self.depths.len() as u32 - 1
    }

    /// The register of a sum of registers, adding the shallowest first; none for an empty sum.
    fn sum(&mut self, registers: Vec<u32>) -> Option<u32> {
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

    /// Σ digit·(sum of the digit's registers), from the largest digit down.
    fn weighted(&mut self, mut digits: BTreeMap<u32, Vec<u32>>) -> Option<u32> {
        while let Some((digit, registers)) = digits.pop_last() {
            let register = self.sum(registers)?;
            if digit == 1 {
                return Some(register);
            }
            // The largest digit counts as the next one and the gap between them.
            let next = digits.last_key_value().map_or(digit / 2, |(&next, _)| next);
            for part in [next, digit - next] {
                digits.entry(part).or_default().push(register);
            }
        }
        None
    }

    /// Σ 2^(width·position)·(the position's sum), by Horner's rule.
    fn horner(&mut self, positions: Positions, width: u32) -> Option<u32> {
        let mut total: Option<u32> = None;
        let mut above = 0;
        for (position, digits) in positions.into_iter().rev() {
            if let Some(total) = &mut total {
                for _ in 0..width * (above - position) {
                    *total = self.add(*total, *total);
                }
            }
            above = position;
            let sum = self.weighted(digits);
            total = self.sum(total.into_iter().chain(sum).collect());
        }
        let total = total?;
        Some((0..width * above).fold(total, |total, _| self.add(total, total)))
    }

    /// The program, its steps in order of depth.
    fn finish(self, mut outputs: Vec<Output>) -> Program {
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
