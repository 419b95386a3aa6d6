//! [`Registers`]: products of many numbers, several at once where possible.
//!
//! A straight-line program of products puts each product into a new register. On processors with
//! AVX-512 IFMA the registers are kept in digits of 52 bits, and products that don't depend on each
//! other are computed eight at a time, each in its own lane (see `lanes`). Elsewhere the registers
//! are limbs, which are multiplied one after another.

use rayon::prelude::*;

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

/// The smallest number of products worth handing to a thread.
const FEWEST: usize = 16;

/// The most that a thread is given at once, so that all threads finish at about the same time.
const MOST: usize = 64;

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

    /// Puts numbers into the next registers.
    pub fn push<'a>(&mut self, numbers: impl IntoIterator<Item = &'a Residue>) {
        for number in numbers {
            match &mut self.kept {
                Kept::Rows(ring, rows) => ring.push(self.modulus, rows, number),
                Kept::Limbs(limbs) => limbs.extend_from_slice(number.limbs()),
            }
        }
    }

    /// Puts the product of two registers for each pair into the next registers, spread over the cores. Fastest for
    /// multiples of eight pairs. Variable time.
    ///
    /// # Panics
    /// If there is no such register yet.
    pub fn push_products_vartime(&mut self, pairs: &[[u32; 2]]) {
        let per_thread = pairs.len().div_ceil(4 * rayon::current_num_threads());
        let at_once = per_thread.next_multiple_of(8).clamp(FEWEST, MOST);
        match &mut self.kept {
            Kept::Rows(ring, rows) => ring.push_products(rows, pairs, at_once),
            Kept::Limbs(limbs) => push_products(self.modulus, limbs, pairs, at_once),
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

/// Appends the limbs of products.
fn push_products(
    modulus: &SquareModulus,
    limbs: &mut Vec<u64>,
    pairs: &[[u32; 2]],
    at_once: usize,
) {
    let (length, known) = (2 * modulus.limbs(), limbs.len());
    limbs.resize(known + pairs.len() * length, 0);
    let (known, products) = limbs.split_at_mut(known);
    let register = |register: u32| &known[register as usize * length..][..length];
    let products = products.par_chunks_mut(at_once * length);
    products
        .zip(pairs.par_chunks(at_once))
        .for_each(|(products, pairs)| {
            for (product, &[a, b]) in products.chunks_exact_mut(length).zip(pairs) {
                product.copy_from_slice(register(a));
                match a == b {
                    true => modulus.square_limbs(product),
                    false => modulus.mul_limbs(product, register(b)),
                }
            }
        });
}
