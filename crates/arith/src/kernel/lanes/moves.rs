//! Selecting entries from tables, and moving rows of digits into lanes and back.

use super::vector::{Transposed, Vector};
use crate::kernel::interface::Block;
use crate::kernel::lane_kernel::LaneKernel;

/// In each lane, the entry of that lane's index.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
#[inline]
pub(super) fn select<V: Vector>(
    kernel: LaneKernel,
    out: &mut [V::Digit],
    table: &[V::Digit],
    indices: &V::Digit,
) {
    for (e, entry) in table.chunks_exact(out.len()).enumerate() {
        for (out, entry) in out.iter_mut().zip(entry) {
            replace_where(kernel, out, V::load(kernel, entry), indices, e);
        }
    }
}

/// The same from a table that all lanes share.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
#[inline]
pub(super) fn select_shared<V: Vector>(
    kernel: LaneKernel,
    out: &mut [V::Digit],
    table: &[u64],
    indices: &V::Digit,
) {
    for (e, entry) in table.chunks_exact(out.len()).enumerate() {
        for (out, &digit) in out.iter_mut().zip(entry) {
            replace_where(kernel, out, V::all(kernel, digit as i64), indices, e);
        }
    }
}

/// Replaces a digit in the lanes whose index is `e`.
#[inline(always)]
fn replace_where<V: Vector>(
    kernel: LaneKernel,
    digit: &mut V::Digit,
    then: V,
    indices: &V::Digit,
    e: usize,
) {
    let (indices, e) = (V::load(kernel, indices), V::all(kernel, e as i64));
    let lanes = V::load(kernel, digit).replaced_where_equal(then, indices, e);
    lanes.store(digit);
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
