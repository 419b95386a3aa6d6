//! Horner's rule, alone or on the squarings of a power, for several lists of numbers, one per lane.

use zeroize::Zeroizing;

use super::groups::worth_lanes;
use super::ring::{Lane, Ring, kernel};
use crate::chain::{Chain, Numbers};
use crate::kernel::Lanes;
use crate::kernel::lanes::{Lanes4, Lanes8};
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// At most as many lists at once as there are lanes, each with a base if there are any, or `None`
/// if they are faster one by one.
pub(crate) fn horner_group(
    modulus: &SquareModulus,
    lists: &[Vec<&Residue>],
    bases: &[Residue],
    chain: &Chain,
) -> Option<Vec<Residue>> {
    let (kernel, digits) = kernel(modulus.limbs())?;
    if lists.len() < worth_lanes(kernel, modulus.limbs()) {
        return None;
    }
    let lane = Lane::new(modulus, digits);
    Some(match kernel.eight() {
        Some(eight) if lists.len() > 4 => {
            in_lanes::<Lanes8>(eight, &lane, modulus, lists, bases, chain)
        }
        _ => in_lanes::<Lanes4>(kernel, &lane, modulus, lists, bases, chain),
    })
}

fn in_lanes<L: Lanes>(
    kernel: L::Kernel,
    lane: &Lane,
    modulus: &SquareModulus,
    lists: &[Vec<&Residue>],
    bases: &[Residue],
    chain: &Chain,
) -> Vec<Residue> {
    assert!(lists.len() <= L::COUNT, "one list per lane");
    let ring = Ring::<L>::new(kernel, &[lane]);
    let numbers = InLanes {
        ring: &ring,
        one: modulus.one(),
        lists,
        bases,
    };
    let product = chain.run(&numbers);
    let moduli = lists.iter().map(|_| modulus);
    match product {
        Some(product) => ring.leave(product, moduli),
        None => moduli.map(SquareModulus::one).collect(),
    }
}

/// Numbers of several lists.
struct InLanes<'a, L: Lanes> {
    ring: &'a Ring<L>,
    /// Padding for a list that is shorter than others.
    one: Residue,
    lists: &'a [Vec<&'a Residue>],
    bases: &'a [Residue],
}

impl<L: Lanes> Numbers for InLanes<'_, L> {
    type Number = Zeroizing<Vec<L>>;

    fn square(&self, x: &mut Self::Number) {
        self.ring.square(x);
    }

    fn multiply(&self, x: &mut Self::Number, y: &Self::Number) {
        self.ring.mul(x, y);
    }

    fn base(&self) -> Self::Number {
        self.ring.enter(&self.bases.iter().collect::<Vec<_>>())
    }

    fn term(&self, index: usize) -> Self::Number {
        let lists = self.lists.iter();
        let terms = lists.map(|list| list.get(index).copied().unwrap_or(&self.one));
        let terms: Vec<&Residue> = terms.collect();
        self.ring.enter(&terms)
    }
}
