//! Horner's rule in the exponent: Π xᵢ^(2^(s·i)) for lists of x, with s squarings and one product
//! for every number of a list but its last.

use crate::lanes::horner_group;
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// Π lists\[j\]\[i\]^(2^(squarings·i)) for each list j, in time that depends on the numbers'
/// count alone; 1 for an empty list.
///
/// Fastest in groups of eight or four lists of one length.
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
