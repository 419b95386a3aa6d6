//! [`FixedBases`]: products of powers of many bases with small secret exponents, from a table that is
//! computed once.
//!
//! The bases are taken in groups of five, and the table holds the product of every subset of a group.
//! For each bit of the exponents, a product then takes one factor of each group: the subset of those whose
//! exponents have that bit. The products of the bits are put together by Horner's rule. This is Straus's
//! method (1964) with its table over several bases and digits of one bit: the table stays small, and the bits of
//! a single list of exponents are enough to fill the lanes of a processor that computes several products at once.

use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::horner::horner_many;
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;
use crate::window_table::WindowTable;

/// Bases in a group.
const GROUP: usize = 5;

/// A table for products of powers of these bases.
///
/// It holds 6.4 residues per base: 3.8 MiB for 784 bases and an n of 3072 bits.
pub struct FixedBases {
    bases: usize,
    table: WindowTable,
}

impl FixedBases {
    /// Computes a table for these bases, which are public, with about five products per base, spread over the cores.
    pub fn new(modulus: &SquareModulus, bases: &[Residue]) -> Self {
        let parts: Vec<Vec<Residue>> = (bases.par_chunks(GROUP))
            .map(|group| subset_products(modulus, group))
            .collect();
        let mut table = WindowTable::for_many(modulus, parts.len());
        parts.iter().for_each(|part| table.push(modulus, part));
        Self {
            bases: bases.len(),
            table,
        }
    }

    /// How many bases there are.
    pub fn bases(&self) -> usize {
        self.bases
    }

    /// Π bases\[i\]^exponents\[j\]\[i\] for each list j of exponents below 2^bits, spread over the cores, in time that
    /// depends only on the number of bases, of lists and of bits: a fifth of a product per base and bit.
    ///
    /// Of an exponent only the lowest `bits` bits count.
    ///
    /// # Panics
    /// If a list doesn't have one exponent per base.
    pub fn multi_exp(
        &self,
        modulus: &SquareModulus,
        exponents: &[&[u32]],
        bits: u32,
    ) -> Vec<Residue> {
        let fits = |list: &&[u32]| list.len() == self.bases;
        assert!(
            exponents.iter().all(fits),
            "there must be one exponent per base"
        );
        let parts = self.table.parts();
        let at_once = parts.div_ceil(rayon::current_num_threads()).max(1);
        let ranges: Vec<_> = (0..parts.max(1))
            .step_by(at_once)
            .map(|start| start..parts.min(start + at_once))
            .collect();
        // The products of every bit of the first list, then those of the second, from each range of groups.
        let of_ranges = ranges.into_par_iter().map(|range| {
            let bases = GROUP * range.start..self.bases.min(GROUP * range.end);
            let subsets = exponents.iter().flat_map(|list| {
                let list = &list[bases.clone()];
                (0..bits).map(move |bit| subsets(list, bit))
            });
            let subsets: Zeroizing<Vec<Vec<u64>>> = Zeroizing::new(subsets.collect());
            self.table.products(modulus, range, &subsets)
        });
        let products = of_ranges.reduce_with(|mut products, others| {
            let pairs = products.iter_mut().zip(&others);
            pairs.for_each(|(product, other)| modulus.mul_assign(product, other));
            products
        });
        let products = products.unwrap_or_default();
        let mut of_bits = products.chunks(bits.max(1) as usize);
        let lists: Vec<Vec<&Residue>> = (exponents.iter())
            .map(|_| of_bits.next().unwrap_or_default().iter().collect())
            .collect();
        horner_many(modulus, &lists, 1)
    }
}

/// The product of each subset of a group of bases, in which base i is if bit i of the subset's number is set.
fn subset_products(modulus: &SquareModulus, group: &[Residue]) -> Vec<Residue> {
    let mut products = vec![modulus.one()];
    for subset in 1..1_usize << GROUP {
        let (rest, base) = (subset & (subset - 1), subset.trailing_zeros() as usize);
        let product = match group.get(base) {
            Some(base) => modulus.mul(&products[rest], base),
            // No exponent belongs to it.
            None => products[rest].clone(),
        };
        products.push(product);
    }
    products
}

/// For each group, the subset of the exponents that have this bit.
fn subsets(exponents: &[u32], bit: u32) -> Vec<u64> {
    let groups = exponents.chunks(GROUP);
    let has_bit = |exponent: &u32| u64::from(exponent >> bit & 1);
    groups
        .map(|group| {
            let bits = group.iter().map(has_bit).enumerate();
            bits.fold(0, |subset, (i, is_set)| subset | is_set << i)
        })
        .collect()
}

impl std::fmt::Debug for FixedBases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FixedBases({})", self.bases)
    }
}
