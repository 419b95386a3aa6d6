//! Horner's rule for several lists of numbers, one per lane.

use super::powers::worth_lanes;
use super::ring::{Lane, Ring, digits};
use crate::kernel::lanes::{Lanes4, Lanes8};
use crate::kernel::{LaneKernel, Lanes};
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// One to eight lists at once, or `None` if they are faster one by one.
pub(crate) fn horner_group(
    modulus: &SquareModulus,
    lists: &[Vec<&Residue>],
    squarings: u32,
) -> Option<Vec<Residue>> {
    let kernel = LaneKernel::detect()?;
    let digits = digits(modulus.limbs())?;
    let length = lists.first()?.len();
    let are_alike = lists.iter().all(|list| list.len() == length);
    if lists.len() < worth_lanes(modulus.limbs()) || length < 2 || !are_alike {
        return None;
    }
    let lane = Lane::new(modulus, digits);
    Some(match lists.len() {
        ..=4 => horner_lanes(
            &Ring::<Lanes4>::new(kernel, &[&lane]),
            modulus,
            lists,
            squarings,
        ),
        _ => horner_lanes(
            &Ring::<Lanes8>::new(kernel, &[&lane]),
            modulus,
            lists,
            squarings,
        ),
    })
}

/// For lists of the same length, which is not 0.
fn horner_lanes<L: Lanes>(
    ring: &Ring<L>,
    modulus: &SquareModulus,
    lists: &[Vec<&Residue>],
    squarings: u32,
) -> Vec<Residue> {
    let terms = |i: usize| ring.enter(&lists.iter().map(|list| list[i]).collect::<Vec<_>>());
    let last = lists[0].len() - 1;
    let mut total = terms(last);
    for i in (0..last).rev() {
        for _ in 0..squarings {
            ring.square(&mut total);
        }
        ring.mul(&mut total, &terms(i));
    }
    ring.leave(total, lists.iter().map(|_| modulus))
}
