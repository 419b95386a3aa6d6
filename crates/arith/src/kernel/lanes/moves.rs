//! Selecting entries from a separate table for each lane, and moving rows of digits into lanes and
//! back.
//!
//! All functions are inlined into functions that are compiled for a processor.

use super::vector::{Transposed, Vector};
use crate::kernel::interface::Block;

/// Digits that are selected at once, one register each.
const SELECTED: usize = 8;

/// In each lane, the entry of that lane's index.
#[inline(always)]
pub(super) fn select<V: Vector>(
    proof: V::Proof,
    out: &mut [V::Digit],
    table: &[V::Digit],
    indices: &V::Digit,
) {
    let width = out.len();
    let entries = table.len() / width;
    let read = |place: usize| V::load(proof, &table[place]);
    let (blocks, rest) = out.as_chunks_mut::<SELECTED>();
    let whole = SELECTED * blocks.len();
    for (i, block) in blocks.iter_mut().enumerate() {
        let digit = |e: usize, d: usize| read(width * e + SELECTED * i + d);
        select_digits(proof, block, entries, digit, indices);
    }
    for (i, digit) in rest.iter_mut().enumerate() {
        let block = std::array::from_mut(digit);
        select_digits(
            proof,
            block,
            entries,
            |e, _| read(width * e + whole + i),
            indices,
        );
    }
}

/// The digits are collected in registers and stored once, whole. If they were stored entry by
/// entry, the compiler would turn each store into one under a mask, which is secret; and how soon a
/// processor forwards such a store to the next load depends on the mask.
#[inline(always)]
fn select_digits<V: Vector, const N: usize>(
    proof: V::Proof,
    out: &mut [V::Digit; N],
    entries: usize,
    read: impl Fn(usize, usize) -> V,
    indices: &V::Digit,
) {
    let indices = V::load(proof, indices);
    let mut selected = [V::all(proof, 0); N];
    for e in 0..entries {
        let index = V::all(proof, e as i64);
        for (d, selected) in selected.iter_mut().enumerate() {
            *selected = selected.replaced_where_equal(read(e, d), indices, index);
        }
    }
    for (out, selected) in out.iter_mut().zip(selected) {
        selected.store(out);
    }
}

/// Brings a row's digits into each lane.
#[inline(always)]
pub(super) fn gather<V: Transposed<COUNT>, const COUNT: usize>(
    proof: V::Proof,
    lanes: &mut [V::Digit],
    rows: [&[Block]; COUNT],
) {
    for (i, digits) in lanes.as_chunks_mut::<COUNT>().0.iter_mut().enumerate() {
        let (block, part) = (i * COUNT / 8, i * COUNT % 8 / COUNT);
        let columns = V::transposed(rows.map(|row| V::load_part(proof, &row[block], part)));
        for (digit, column) in digits.iter_mut().zip(columns) {
            column.store(digit);
        }
    }
}

/// Brings the digits of the first lanes into consecutive rows.
#[inline(always)]
pub(super) fn scatter<V: Transposed<COUNT>, const COUNT: usize>(
    proof: V::Proof,
    rows: &mut [Block],
    lanes: &[V::Digit],
) {
    let width = lanes.len() / 8;
    for (i, digits) in lanes.as_chunks::<COUNT>().0.iter().enumerate() {
        let (block, part) = (i * COUNT / 8, i * COUNT % 8 / COUNT);
        let columns = V::transposed(digits.each_ref().map(|digit| V::load(proof, digit)));
        for (row, column) in rows.chunks_exact_mut(width).zip(columns) {
            column.store_part(&mut row[block], part);
        }
    }
}
