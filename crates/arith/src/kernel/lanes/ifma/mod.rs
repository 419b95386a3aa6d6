//! Lanes with AVX-512 IFMA.
//!
//! Digits of 52 bits. Both halves are multiplied column by column, the reduction in between (*finely
//! integrated product scanning*, Koç, Acar and Kaliski 1996). Four lanes take about half the time of
//! eight on processors that start two narrow multiplications or one wide one per cycle. Cost: 10·D²
//! vector multiplications for all lanes' products, 7·D² for squares.

mod products;
mod vector;

pub(super) use self::products::{mul, square};
use self::vector::Fused;
pub(super) use self::vector::{Vector4, Vector8};
use super::moves;
use super::vector::{Transposed, Vector};
use crate::kernel::interface::Block;
use crate::kernel::lane_kernel::IfmaLanes;

/// In each lane, the entry of that lane's index.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
pub(super) fn select<V: Fused>(
    proof: IfmaLanes,
    out: &mut [V::Digit],
    table: &[V::Digit],
    indices: &V::Digit,
) {
    moves::select::<V>(proof, out, table, indices);
}

/// Brings a row's digits into each lane.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
pub(super) fn gather<V: Fused + Transposed<COUNT>, const COUNT: usize>(
    proof: IfmaLanes,
    lanes: &mut [V::Digit],
    rows: [&[Block]; COUNT],
) {
    moves::gather::<V, COUNT>(proof, lanes, rows);
}

/// Brings the digits of the first lanes into consecutive rows.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
pub(super) fn scatter<V: Fused + Transposed<COUNT>, const COUNT: usize>(
    proof: IfmaLanes,
    rows: &mut [Block],
    lanes: &[V::Digit],
) {
    moves::scatter::<V, COUNT>(proof, rows, lanes);
}

/// In each lane, the entry of its index in a table that has each digit of all entries side by side: 16,
/// 32 or 64 of them.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
pub(super) fn select_shared<V: Fused>(
    proof: IfmaLanes,
    out: &mut [V::Digit],
    table: &[Block],
    indices: &V::Digit,
) {
    match table.len() / out.len() {
        2 => select_among::<V, 1>(proof, out, table, indices),
        4 => select_among::<V, 2>(proof, out, table, indices),
        blocks => {
            assert_eq!(blocks, 8, "a table has 16, 32 or 64 entries");
            select_among::<V, 4>(proof, out, table, indices);
        }
    }
}

/// Sixteen entries are in two registers, from which one instruction takes those of all lanes. What it
/// takes from the right sixteen is kept.
#[inline(always)]
fn select_among<V: Fused, const SIXTEENS: usize>(
    proof: IfmaLanes,
    out: &mut [V::Digit],
    table: &[Block],
    indices: &V::Digit,
) {
    let indices = V::load(proof, indices).widened();
    let (table, _) = table.as_chunks::<2>();
    let (digits, _) = table.as_chunks::<SIXTEENS>();
    for (out, sixteens) in out.iter_mut().zip(digits) {
        let mut selected = Vector8::all(proof, 0);
        for (i, sixteen) in sixteens.iter().enumerate() {
            let blocks = sixteen.each_ref();
            let [low, high] = blocks.map(|block| Vector8::load_part(proof, block, 0));
            let taken = low.taken_from_both(high, indices);
            selected = selected.replaced_in_sixteen(taken, indices, i);
        }
        V::narrowed(selected).store(out);
    }
}
