//! Horner's rule in the exponent, Π xᵢ^(2^(s·i)) for lists of x; alone, or on the squarings of a
//! power.

use crate::chain::{Chain, Numbers};
use crate::lanes::{horner_group, widest};
use crate::number::Number;
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// Π lists\[j\]\[i\]^(2^(squarings·i)) for each list j; 1 for an empty list. The time depends only
/// on the lists' lengths and `squarings`: s squarings and one product per number of a list except
/// its last.
///
/// Fastest for groups of eight or four lists of about the same length.
pub fn horner_many(
    modulus: &SquareModulus,
    lists: &[Vec<&Residue>],
    squarings: u32,
) -> Vec<Residue> {
    products(modulus, lists, squarings, &[], &[])
}

/// bases\[j\]^exponent · Π lists\[j\]\[i\]^(2^(squarings·i)) for each list j, for a public exponent;
/// bases and lists may be secret.
///
/// The power's squarings shift the lists' numbers: for an exponent of |n| bits, |n| squarings in
/// all, a product per number of a list, and about |n|/8 + 64 for the power.
///
/// # Panics
/// If there is not one base per list.
pub fn horner_powers_vartime(
    modulus: &SquareModulus,
    lists: &[Vec<&Residue>],
    squarings: u32,
    bases: &[Residue],
    exponent: &[u64],
) -> Vec<Residue> {
    assert_eq!(lists.len(), bases.len(), "there must be one base per list");
    products(modulus, lists, squarings, bases, exponent)
}

/// Without any bases, the exponent must be 0.
fn products(
    modulus: &SquareModulus,
    lists: &[Vec<&Residue>],
    squarings: u32,
    bases: &[Residue],
    exponent: &[u64],
) -> Vec<Residue> {
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    let chain = Chain::new(exponent, squarings as usize, longest);
    let mut products = Vec::with_capacity(lists.len());
    let mut left = bases;
    for lists in lists.chunks(widest()) {
        let (bases, others) = left.split_at(lists.len().min(left.len()));
        left = others;
        match horner_group(modulus, lists, bases, &chain) {
            Some(group) => products.extend(group),
            None => products.extend(lists.iter().enumerate().map(|(j, list)| {
                let base = bases.get(j);
                let numbers = Single {
                    modulus,
                    list,
                    base,
                };
                let product = chain.run(&numbers);
                product.map_or_else(|| modulus.one(), |product| modulus.leave(&product))
            })),
        }
    }
    products
}

/// Numbers of one list.
struct Single<'a> {
    modulus: &'a SquareModulus,
    list: &'a [&'a Residue],
    base: Option<&'a Residue>,
}

impl Numbers for Single<'_> {
    type Number = Number;

    fn square(&self, x: &mut Number) {
        self.modulus.square(x);
    }

    fn multiply(&self, x: &mut Number, y: &Number) {
        self.modulus.multiply(x, y);
    }

    fn base(&self) -> Number {
        let base = self.base.expect("an exponent has a base");
        self.modulus.enter(base)
    }

    fn term(&self, index: usize) -> Option<Number> {
        let term = self.list.get(index)?;
        Some(self.modulus.enter(term))
    }
}
