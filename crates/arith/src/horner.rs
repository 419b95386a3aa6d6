//! Horner's rule in the exponent: Π xᵢ^(2^(s·i)) for lists of x, with s squarings and one product
//! per number of a list except its last.

use crate::lanes::horner_group;
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// Π lists\[j\]\[i\]^(2^(squarings·i)) for each list j; 1 for an empty list. The time depends only
/// on the lists' lengths and `squarings`.
///
/// Fastest for groups of eight or four lists of the same length.
pub fn horner_many(
    modulus: &SquareModulus,
    lists: &[Vec<&Residue>],
    squarings: u32,
) -> Vec<Residue> {
    let mut totals = Vec::with_capacity(lists.len());
    for group in lists.chunks(8) {
        match horner_group(modulus, group, squarings) {
            Some(group) => totals.extend(group),
            None => totals.extend(group.iter().map(|list| horner(modulus, list, squarings))),
        }
    }
    totals
}

fn horner(modulus: &SquareModulus, list: &[&Residue], squarings: u32) -> Residue {
    let mut highest_first = list.iter().rev();
    let Some(&highest) = highest_first.next() else {
        return modulus.one();
    };
    let mut total = highest.clone();
    for term in highest_first {
        for _ in 0..squarings {
            modulus.square_assign(&mut total);
        }
        modulus.mul_assign(&mut total, term);
    }
    total
}
