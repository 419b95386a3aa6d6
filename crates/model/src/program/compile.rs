//! The search for a short program.
//!
//! Every weight is written in digits to a base 2^w. There are two ways to put them together, each
//! the reverse of the other:
//!
//! - **By outputs**, good for many inputs. A *term* is (output, sign, position, digit), and each
//!   input is added to some terms. Inputs that share two terms are added to a new node
//!   once, which is then added to both. The digits d of a position are reduced from the largest: d
//!   counts as a smaller digit and the gap between them. The positions are put together by
//!   Horner's rule, with w doublings each.
//! - **By inputs**, good for many outputs. A *multiple* is (input, position, digit), and each
//!   output is the sum of some multiples less some others; these are made first, each from two
//!   smaller ones. Two multiples that several outputs share are added once.
//!
//! What is shared is chosen greedily (Paar 1997; Pippenger 1980 for the bounds). The sums come out
//! as lists of registers; a list is added up in pairs, lowest depth first, which keeps the program
//! shallow, so that many steps can run at once.
//!
//! All widths are tried, both ways unless one is clearly better, and the shortest program is
//! kept.

mod builder;
mod share;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use self::builder::{Builder, Positions};
use self::share::share_pairs;
use super::{Output, Program};
use crate::IntegerMap;

/// Pairs that one search may look at; more outputs, or inputs, are split into groups.
const MAX_PAIRS: usize = 1 << 23;

impl Program {
    /// Searches for a short program for a map's weighted sums; the same map always gives the same
    /// program.
    ///
    /// Takes about a second for 784 inputs and 10 outputs.
    pub fn compile(map: &IntegerMap) -> Self {
        shortest(map)
    }
}

/// The best program over both ways and all widths of digits.
fn shortest(map: &IntegerMap) -> Program {
    // Between these, with about half as many outputs as inputs, either way may be the better.
    let few_outputs = map.outputs() <= map.inputs();
    let many_outputs = 4 * map.outputs() > map.inputs();
    let largest = map.weights().iter().map(|w| w.unsigned_abs()).max();
    let bits = u32::BITS - largest.unwrap_or(0).leading_zeros();
    (1..=bits.max(1))
        .flat_map(|width| {
            let by_outputs = few_outputs.then(|| by_outputs(map, width));
            let by_inputs = many_outputs.then(|| by_inputs(map, width));
            by_outputs.into_iter().chain(by_inputs)
        })
        .min_by_key(|program| program.steps.len())
        .expect("there is at least one width and one way")
}

/// The digits of a weight's magnitude that aren't 0, each with its position.
fn digits(weight: i32, width: u32) -> impl Iterator<Item = (u32, u32)> {
    let magnitude = u64::from(weight.unsigned_abs());
    (0..u32::BITS.div_ceil(width))
        .map(move |position| {
            let digit = (magnitude >> (position * width)) & ((1 << width) - 1);
            (position, digit as u32)
        })
        .filter(|&(_, digit)| digit != 0)
}

/// Splits outputs, or inputs, into groups in which lists of digits have at most [`MAX_PAIRS`]
/// pairs: `count(i, list)` is the number of digits that i adds to a list.
fn groups(length: usize, lists: usize, count: impl Fn(usize, usize) -> usize) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let mut start = 0;
    let mut lengths = vec![0; lists];
    for i in 0..length {
        let mut pairs = 0_usize;
        for (list, length) in lengths.iter_mut().enumerate() {
            *length += count(i, list);
            pairs += *length * *length / 2;
        }
        if pairs > MAX_PAIRS && i > start {
            groups.push(start..i);
            start = i;
            for (list, length) in lengths.iter_mut().enumerate() {
                *length = count(i, list);
            }
        }
    }
    groups.push(start..length);
    groups
}

/// Where an input counts: a digit at a position of the positive or negative sum of an output.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Term {
    output: usize,
    is_minus: bool,
    position: u32,
    digit: u32,
}

fn by_outputs(map: &IntegerMap, width: u32) -> Program {
    let mut builder = Builder::new(map.inputs());
    let mut outputs = vec![Output::default(); map.outputs()];
    let count = |output: usize, input: usize| digits(map.row(output)[input], width).count();
    for group in groups(map.outputs(), map.inputs(), count) {
        let (terms, mut columns) = terms(map, group, width);
        let nodes = share_pairs(&mut columns, terms.len());
        let mut summands: Vec<Vec<u32>> = vec![Vec::new(); terms.len() + nodes.len()];
        for (input, column) in columns.iter().enumerate() {
            for &number in column {
                summands[number as usize].push(input as u32);
            }
        }
        // A node's parts have smaller numbers than itself.
        for (index, &pair) in nodes.iter().enumerate().rev() {
            let register = builder.sum(std::mem::take(&mut summands[terms.len() + index]));
            for part in pair {
                summands[part as usize].extend(register);
            }
        }
        let mut sums: BTreeMap<(usize, bool), Positions> = BTreeMap::new();
        for (term, summands) in terms.iter().zip(summands) {
            let positions = sums.entry((term.output, term.is_minus)).or_default();
            let digits = positions.entry(term.position).or_default();
            digits.insert(term.digit, summands);
        }
        for ((output, is_minus), positions) in sums {
            let register = builder.horner(positions, width);
            *outputs[output].side(is_minus) = register;
        }
    }
    builder.finish(outputs)
}

/// The terms of some outputs, numbered from 0, and for each input the sorted numbers of the terms
/// that it is to be added to.
fn terms(map: &IntegerMap, group: Range<usize>, width: u32) -> (Vec<Term>, Vec<Vec<u32>>) {
    let mut numbers = HashMap::new();
    let mut terms = Vec::new();
    let columns = (0..map.inputs()).map(|input| {
        let mut column = Vec::new();
        for output in group.clone() {
            let weight = map.row(output)[input];
            for (position, digit) in digits(weight, width) {
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
        column.sort_unstable();
        column
    });
    let columns = columns.collect();
    (terms, columns)
}

fn by_inputs(map: &IntegerMap, width: u32) -> Program {
    let mut builder = Builder::new(map.inputs());
    // For each output what is added, then what is subtracted.
    let mut summands: Vec<Vec<u32>> = vec![Vec::new(); 2 * map.outputs()];
    let count = |input: usize, output: usize| digits(map.row(output)[input], width).count();
    for group in groups(map.inputs(), map.outputs(), count) {
        let mut registers = Vec::new();
        let mut lists: Vec<Vec<u32>> = vec![Vec::new(); summands.len()];
        for input in group {
            let numbers = multiples(map, input, width, &mut builder, &mut registers);
            for output in 0..map.outputs() {
                let weight = map.row(output)[input];
                let list = &mut lists[2 * output + usize::from(weight < 0)];
                list.extend(digits(weight, width).map(|multiple| numbers[&multiple]));
            }
        }
        lists.iter_mut().for_each(|list| list.sort_unstable());
        for [a, b] in share_pairs(&mut lists, registers.len()) {
            let sum = builder.add(registers[a as usize], registers[b as usize]);
            registers.push(sum);
        }
        for (summands, list) in summands.iter_mut().zip(lists) {
            summands.extend(list.iter().map(|&number| registers[number as usize]));
        }
    }
    let outputs = summands.as_chunks().0.iter().map(|[plus, minus]| Output {
        plus: builder.sum(plus.iter().copied()),
        minus: builder.sum(minus.iter().copied()),
    });
    let outputs = outputs.collect();
    builder.finish(outputs)
}

/// Makes the multiples of an input that its weights need; returns the number of each (position,
/// digit), which is its index in `registers`.
fn multiples(
    map: &IntegerMap,
    input: usize,
    width: u32,
    builder: &mut Builder,
    registers: &mut Vec<u32>,
) -> BTreeMap<(u32, u32), u32> {
    let mut needed: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for output in 0..map.outputs() {
        for (position, digit) in digits(map.row(output)[input], width) {
            needed.entry(position).or_default().insert(digit);
        }
    }
    let mut numbers = BTreeMap::new();
    let (mut register, mut below) = (input as u32, 0);
    for (position, digits) in needed {
        register = builder.double(register, width * (position - below));
        below = position;
        let made = builder.multiples(register, digits.clone());
        for digit in digits {
            numbers.insert((position, digit), registers.len() as u32);
            registers.push(made[&digit]);
        }
    }
    numbers
}
