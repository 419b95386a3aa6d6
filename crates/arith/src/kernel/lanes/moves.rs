//! Selecting entries from tables, and moving rows of digits into lanes and back.

use super::vector::{Transposed, Vector, Vector8};
use crate::kernel::interface::Block;
use crate::kernel::lane_kernel::LaneKernel;

/// Digits that are selected at once, one register each.
const SELECTED: usize = 8;

/// In each lane, the entry of that lane's index.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
#[inline]
pub(super) fn select<V: Vector>(
    kernel: LaneKernel,
    out: &mut [V::Digit],
    table: &[V::Digit],
    indices: &V::Digit,
) {
    let width = out.len();
    let entries = table.len() / width;
    let read = |place: usize| V::load(kernel, &table[place]);
    let (blocks, rest) = out.as_chunks_mut::<SELECTED>();
    let whole = SELECTED * blocks.len();
    for (i, block) in blocks.iter_mut().enumerate() {
        let digit = |e: usize, d: usize| read(width * e + SELECTED * i + d);
        select_digits(kernel, block, entries, digit, indices);
    }
    for (i, digit) in rest.iter_mut().enumerate() {
        let block = std::array::from_mut(digit);
        select_digits(
            kernel,
            block,
            entries,
            |e, _| read(width * e + whole + i),
            indices,
        );
    }
}

/// The digits are collected in registers and stored once, whole. If they were stored entry by entry,
/// the compiler would make each store one under a mask, which is secret; and how soon a processor
/// forwards such a store to the next load depends on the mask.
#[inline(always)]
fn select_digits<V: Vector, const N: usize>(
    kernel: LaneKernel,
    out: &mut [V::Digit; N],
    entries: usize,
    read: impl Fn(usize, usize) -> V,
    indices: &V::Digit,
) {
    let indices = V::load(kernel, indices);
    let mut selected = [V::all(kernel, 0); N];
    for e in 0..entries {
        let index = V::all(kernel, e as i64);
        for (d, selected) in selected.iter_mut().enumerate() {
            *selected = selected.replaced_where_equal(read(e, d), indices, index);
        }
    }
    for (out, selected) in out.iter_mut().zip(selected) {
        selected.store(out);
    }
}

/// The same from a table that all lanes share, which has each digit of all entries side by side: 16, 32
/// or 64 of them.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
#[inline]
pub(super) fn select_shared<V: Vector>(
    kernel: LaneKernel,
    out: &mut [V::Digit],
    table: &[Block],
    indices: &V::Digit,
) {
    match table.len() / out.len() {
        2 => select_among::<V, 1>(kernel, out, table, indices),
        4 => select_among::<V, 2>(kernel, out, table, indices),
        blocks => {
            assert_eq!(blocks, 8, "a table has 16, 32 or 64 entries");
            select_among::<V, 4>(kernel, out, table, indices);
        }
    }
}

/// Sixteen entries are in two registers, from which one instruction takes those of all lanes. What it
/// takes from the right sixteen is kept.
#[inline(always)]
fn select_among<V: Vector, const SIXTEENS: usize>(
    kernel: LaneKernel,
    out: &mut [V::Digit],
    table: &[Block],
    indices: &V::Digit,
) {
    let indices = V::load(kernel, indices).widened();
    let (table, _) = table.as_chunks::<2>();
    let (digits, _) = table.as_chunks::<SIXTEENS>();
    for (out, sixteens) in out.iter_mut().zip(digits) {
        let mut selected = Vector8::all(kernel, 0);
        for (i, sixteen) in sixteens.iter().enumerate() {
            let blocks = sixteen.each_ref();
            let [low, high] = blocks.map(|block| Vector8::load_part(kernel, block, 0));
            let taken = low.taken_from_both(high, indices);
            selected = selected.replaced_in_sixteen(taken, indices, i);
        }
        V::narrowed(selected).store(out);
    }
}

/// Brings a row's digits into each lane.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
#[inline]
pub(super) fn gather<V: Transposed<COUNT>, const COUNT: usize>(
    kernel: LaneKernel,
    lanes: &mut [V::Digit],
    rows: [&[Block]; COUNT],
) {
    for (i, digits) in lanes.as_chunks_mut::<COUNT>().0.iter_mut().enumerate() {
        let (block, part) = (i * COUNT / 8, i * COUNT % 8 / COUNT);
        let columns = V::transposed(rows.map(|row| V::load_part(kernel, &row[block], part)));
        for (digit, column) in digits.iter_mut().zip(columns) {
            column.store(digit);
        }
    }
}

/// Brings the digits of the first lanes into consecutive rows.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
#[inline]
pub(super) fn scatter<V: Transposed<COUNT>, const COUNT: usize>(
    kernel: LaneKernel,
    rows: &mut [Block],
    lanes: &[V::Digit],
) {
    let width = lanes.len() / 8;
    for (i, digits) in lanes.as_chunks::<COUNT>().0.iter().enumerate() {
        let (block, part) = (i * COUNT / 8, i * COUNT % 8 / COUNT);
        let columns = V::transposed(digits.each_ref().map(|digit| V::load(kernel, digit)));
        for (row, column) in rows.chunks_exact_mut(width).zip(columns) {
            column.store_part(&mut row[block], part);
        }
    }
}
