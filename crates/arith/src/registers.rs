//! [`Registers`], numbers of which many products are taken, several at once where they can be.
//!
//! A straight-line program of products puts each into a register of its own. On processors with
//! AVX-512 IFMA the registers are kept in digits of 52 bits, and products that don't need each
//! other are taken eight at a time, each in a lane of its own (see `lanes`); elsewhere they are
//! residues, multiplied one after another.

use crate::lanes::{RowRing, Rows};
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// Registers of numbers of one ring, for public numbers.
pub struct Registers<'m> {
    modulus: &'m SquareModulus,
    kept: Kept,
}

enum Kept {
    Rows(Box<RowRing>, Rows),
    Residues(Vec<Residue>),
}

/// Numbers that are ready to be put into [`Registers`].
pub struct Batch(Numbers);

enum Numbers {
    Rows(Rows),
    Residues(Vec<Residue>),
}

impl<'m> Registers<'m> {
    /// No registers yet, and memory for `capacity` of them: moving them is expensive.
    pub fn with_capacity(modulus: &'m SquareModulus, capacity: usize) -> Self {
        let kept = match RowRing::new(modulus) {
            Some(ring) => {
                let rows = ring.rows(capacity);
                Kept::Rows(Box::new(ring), rows)
            }
            None => Kept::Residues(Vec::with_capacity(capacity)),
        };
        Self { modulus, kept }
    }

    /// Numbers made ready.
    pub fn enter(&self, numbers: &[Residue]) -> Batch {
        Batch(match &self.kept {
            Kept::Rows(ring, _) => Numbers::Rows(ring.enter(self.modulus, numbers)),
            Kept::Residues(_) => Numbers::Residues(numbers.to_vec()),
        })
    }

    /// The product of two registers for each pair. Fastest for multiples of eight pairs.
    ///
    /// # Panics
    /// If there is no such register.
    pub fn products_vartime(&self, pairs: &[[u32; 2]]) -> Batch {
        Batch(match &self.kept {
            Kept::Rows(ring, rows) => Numbers::Rows(ring.products(rows, pairs)),
            Kept::Residues(registers) => {
                let product = |&[a, b]: &[u32; 2]| {
                    let mut product = registers[a as usize].clone();
                    match a == b {
                        true => self.modulus.square_assign(&mut product),
                        false => self
                            .modulus
                            .mul_assign(&mut product, &registers[b as usize]),
                    }
                    product
                };
                Numbers::Residues(pairs.iter().map(product).collect())
            }
        })
    }

    /// Puts these into the next registers; these registers must have made them.
    pub fn append(&mut self, batch: Batch) {
        match (&mut self.kept, batch.0) {
            (Kept::Rows(_, rows), Numbers::Rows(more)) => rows.append(&more),
            (Kept::Residues(registers), Numbers::Residues(more)) => registers.extend(more),
            _ => unreachable!("registers take what they made"),
        }
    }

    /// How many registers there are.
    pub fn count(&self) -> usize {
        match &self.kept {
            Kept::Rows(ring, rows) => ring.count(rows),
            Kept::Residues(registers) => registers.len(),
        }
    }

    /// The number in a register.
    ///
    /// # Panics
    /// If there is no such register.
    pub fn get(&self, register: u32) -> Residue {
        match &self.kept {
            Kept::Rows(ring, rows) => ring.leave(self.modulus, rows, register as usize),
            Kept::Residues(registers) => registers[register as usize].clone(),
        }
    }
}
