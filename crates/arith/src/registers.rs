//! [`Registers`]: products of many numbers, several at once where possible.
//!
//! A straight-line program of products puts each product into a new register. On processors with
//! AVX-512 IFMA the registers are kept in digits of 52 bits, and products that don't depend on each
//! other are computed eight at a time, each in its own lane (see `lanes`). Elsewhere the registers
//! are limbs, which are multiplied one after another.

use crate::lanes::{RowRing, Rows};
use crate::residue::Residue;
use crate::reused::Reused;
use crate::square_modulus::SquareModulus;

/// Registers that hold public numbers of one ring.
pub struct Registers<'m> {
    modulus: &'m SquareModulus,
    kept: Kept,
}

enum Kept {
    Rows(Box<RowRing>, Reused<Rows>),
    /// Residues' limbs, one residue after the other.
    Limbs(Reused<Vec<u64>>),
}

/// Numbers in the form in which [`Registers`] hold them, to be appended.
pub struct Batch(Numbers);

enum Numbers {
    Rows(Rows),
    Limbs(Vec<u64>),
}

impl<'m> Registers<'m> {
    /// No registers yet, but memory for `capacity` of them: moving them is expensive.
    pub fn with_capacity(modulus: &'m SquareModulus, capacity: usize) -> Self {
        let kept = match RowRing::new(modulus) {
            Some(ring) => {
                let mut rows = Reused::<Rows>::take();
                ring.reserve(&mut rows, capacity);
                Kept::Rows(Box::new(ring), rows)
            }
            None => {
                let mut limbs = Reused::<Vec<u64>>::take();
                limbs.reserve(capacity * 2 * modulus.limbs());
                Kept::Limbs(limbs)
            }
        };
        Self { modulus, kept }
    }

    /// Converts numbers for these registers.
    pub fn enter(&self, numbers: &[Residue]) -> Batch {
        Batch(match &self.kept {
            Kept::Rows(ring, _) => Numbers::Rows(ring.enter(self.modulus, numbers)),
            Kept::Limbs(_) => {
                let limbs = numbers.iter().flat_map(Residue::limbs);
                Numbers::Limbs(limbs.copied().collect())
            }
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
            Kept::Limbs(limbs) => {
                let length = 2 * self.modulus.limbs();
                let register = |register: u32| &limbs[register as usize * length..][..length];
                let mut products = Vec::with_capacity(pairs.len() * length);
                for &[a, b] in pairs {
                    let start = products.len();
                    products.extend_from_slice(register(a));
                    let product = &mut products[start..];
                    match a == b {
                        true => self.modulus.square_limbs(product),
                        false => self.modulus.mul_limbs(product, register(b)),
                    }
                }
                Numbers::Limbs(products)
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
            (Kept::Limbs(limbs), Numbers::Limbs(more)) => limbs.extend_from_slice(&more),
            _ => unreachable!("registers take what they made"),
        }
    }

    /// How many registers there are.
    pub fn count(&self) -> usize {
        match &self.kept {
            Kept::Rows(ring, rows) => ring.count(rows),
            Kept::Limbs(limbs) => limbs.len() / (2 * self.modulus.limbs()),
        }
    }

    /// The number in a register.
    ///
    /// # Panics
    /// If there is no such register.
    pub fn get(&self, register: u32) -> Residue {
        match &self.kept {
            Kept::Rows(ring, rows) => ring.leave(self.modulus, rows, register as usize),
            Kept::Limbs(limbs) => {
                let length = 2 * self.modulus.limbs();
                Residue::from_limbs(limbs[register as usize * length..][..length].into())
            }
        }
    }
}
