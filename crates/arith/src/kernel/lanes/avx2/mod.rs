//! Lanes with AVX2.
//!
//! A multiplication takes 32 bits of each of four lanes. Digits of 28 bits, or of 27 for long numbers,
//! leave room for the sum of a column in 64 bits, so that a carry is taken once per column. Columns
//! are computed in pairs, so that each digit loaded is used twice. Cost: 5·D² vector
//! multiplications for four products, 4·D² for squares.

mod products;
mod vector;

pub(super) use self::products::{mul, square};
use self::vector::Four;
use super::moves;
use super::vector::{Lanes4, Vector as _};
use crate::kernel::interface::Block;
use crate::kernel::lane_kernel::Avx2Lanes;

/// In each lane, the entry of that lane's index.
#[target_feature(enable = "avx2")]
pub(super) fn select(proof: Avx2Lanes, out: &mut [Lanes4], table: &[Lanes4], indices: &Lanes4) {
    moves::select::<Four>(proof, out, table, indices);
}

/// The most fours of entries that a table has.
const FOURS: usize = 16;

/// In each lane, the entry of its index in a table of up to 64 entries, which has two digits of
/// each entry in one limb, and those limbs of all entries side by side.
#[target_feature(enable = "avx2")]
pub(super) fn select_shared(
    proof: Avx2Lanes,
    out: &mut [Lanes4],
    table: &[Block],
    indices: &Lanes4,
) {
    let blocks = table.len() / out.len().div_ceil(2);
    assert!(2 * blocks <= FOURS, "a table has at most 64 entries");
    let indices = Four::load(proof, indices);
    let within = indices.and(Four::all(proof, 3)).of_halves();
    let fours = indices.above::<2>();
    let mut masks = [fours; FOURS];
    for (four, mask) in masks.iter_mut().enumerate() {
        *mask = fours.where_equal(Four::all(proof, four as i64));
    }
    let low = Four::all(proof, (1 << 32) - 1);
    for (out, blocks) in out.chunks_mut(2).zip(table.chunks_exact(blocks)) {
        let mut selected = Four::all(proof, 0);
        for (block, masks) in blocks.iter().zip(masks.as_chunks::<2>().0) {
            for (four, &mask) in block.0.as_chunks::<4>().0.iter().zip(masks) {
                let picked = Four::of_limbs(proof, four).picked(within);
                selected = selected.or(picked.and(mask));
            }
        }
        selected.and(low).store(&mut out[0]);
        if let Some(second) = out.get_mut(1) {
            selected.above::<32>().store(second);
        }
    }
}
