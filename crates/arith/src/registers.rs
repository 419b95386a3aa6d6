//! [`Registers`]: products of many numbers, several at once where possible.
//!
//! A straight-line program of products puts each product into a new register. On processors with
//! AVX-512 IFMA the registers are kept in digits of 52 bits, and products that don't depend on each
//! other are computed eight at a time, each in its own lane (see `lanes`). Elsewhere the registers
//! are residues, which are multiplied one after another.

use crate::lanes::{RowRing, Rows};
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// Registers that hold public numbers of one ring.
pub struct Registers<'m> {
    modulus: &'m SquareModulus,
    kept: Kept,
}

enum Kept {
    Rows(Box<RowRing>, Rows),
    Residues(Vec<Residue>),
}

/// Numbers in the form in which [`Registers`] hold them, to be appended.
pub struct Batch(Numbers);

enum Numbers {
    Rows(Rows),
    Residues(Vec<Residue>),
}

impl<'m> Registers<'m> {
    /// No registers yet, but memory for `capacity` of them: moving them is expensive.
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

    /// Converts numbers for these registers.
    pub fn enter(&self, numbers: &[Residue]) -> Batch {
        Batch(match &self.kept {
            Kept::Rows(ring, _) => Numbers::Rows(ring.enter(self.modulus, numbers)),
            Kept::Residues(_) => Numbers::Residues(numbers.to_vec()),
        })
    }

    /// The product of two registers for each pair. Fastest for multiples of eight pairs. Variable
    /// time.
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

    /// Puts numbers into the next registers.
    ///
    /// # Panics
    /// If the batch was made by registers of another form, of another modulus.
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
