//! [`WindowTable`]: factors of which some are selected by secret indices and multiplied.

use std::ops::Range;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::kernel::Block;
use crate::lanes::SharedLanes;
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// Parts of 2^w factors each. A product takes one factor of each part, which is selected by reading all
/// of them, so that memory accesses don't reveal the index. It is wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct WindowTable {
    /// How many parts there will be.
    capacity: usize,
    parts: usize,
    kept: Kept,
}

#[derive(Zeroize, ZeroizeOnDrop)]
enum Kept {
    /// The limbs of the factors, one factor after another.
    Residues(Vec<u64>),
    /// Their digits, for computing several products at a time.
    Lanes(SharedLanes, Vec<Block>),
}

impl WindowTable {
    /// No parts yet, but memory for `parts` of them once there is one: what a growing vector leaves behind isn't
    /// wiped.
    pub(crate) fn with_capacity(parts: usize) -> Self {
        Self {
            capacity: parts,
            parts: 0,
            kept: Kept::Residues(Vec::new()),
        }
    }

    /// The same, with which several products take less time each than a single one, where the
    /// processor allows it. Its parts must have 32 or 64 factors.
    pub(crate) fn for_many(modulus: &SquareModulus, parts: usize) -> Self {
        let table = Self::with_capacity(parts);
        match SharedLanes::new(modulus) {
            Some(lanes) => Self {
                capacity: parts,
                parts: 0,
                kept: Kept::Lanes(lanes, Vec::new()),
            },
            None => table,
        }
    }

    /// How many parts there are.
    pub(crate) fn parts(&self) -> usize {
        self.parts
    }

    /// Appends a part; all have the same number of factors.
    pub(crate) fn push(&mut self, modulus: &SquareModulus, factors: &[Residue]) {
        match &mut self.kept {
            Kept::Residues(limbs) => {
                let part = factors.len() * 2 * modulus.limbs();
                limbs.reserve_exact(self.capacity * part - limbs.len());
                (factors.iter()).for_each(|factor| limbs.extend_from_slice(factor.limbs()));
            }
            Kept::Lanes(lanes, blocks) => {
                let part = lanes.part(factors);
                blocks.reserve_exact(self.capacity * part.len() - blocks.len());
                blocks.extend_from_slice(&part);
            }
        }
        self.parts += 1;
    }

    /// For each list of indices, one for each of these parts, the product of the factors that they select.
    pub(crate) fn products(
        &self,
        modulus: &SquareModulus,
        parts: Range<usize>,
        indices: &[Vec<u64>],
    ) -> Vec<Residue> {
        match &self.kept {
            Kept::Residues(limbs) => {
                let part = limbs.len() / self.parts.max(1);
                let limbs = &limbs[parts.start * part..parts.end * part];
                products(modulus, limbs.chunks_exact(part.max(1)), indices)
            }
            Kept::Lanes(lanes, blocks) => {
                let part = blocks.len() / self.parts.max(1);
                let blocks = &blocks[parts.start * part..parts.end * part];
                lanes.products(modulus, blocks, part, indices)
            }
        }
    }
}

fn products<'a>(
    modulus: &SquareModulus,
    parts: impl Iterator<Item = &'a [u64]>,
    indices: &[Vec<u64>],
) -> Vec<Residue> {
    let mut products: Vec<Residue> = Vec::with_capacity(indices.len());
    // Part by part, so that each is read from memory once for all products.
    for (i, part) in parts.enumerate() {
        for (j, indices) in indices.iter().enumerate() {
            let factor = modulus.select(part, indices[i]);
            match products.get_mut(j) {
                Some(product) => modulus.mul_assign(product, &factor),
                None => products.push(factor),
            }
        }
    }
    products.resize_with(indices.len(), || modulus.one());
    products
}
