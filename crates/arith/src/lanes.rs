//! Several numbers at once: [`pow_many`], and the lanes that fixed-base tables, registers and
//! Horner's rule use.
//!
//! On processors with AVX-512 IFMA eight independent products cost about as much as two single ones,
//! and four as much as one. Elsewhere the same functions compute one number after another.

mod horner;
mod powers;
mod ring;
mod rows;
mod shared;

pub(crate) use horner::horner_group;
pub(crate) use rows::{RowRing, Rows};
pub(crate) use shared::SharedLanes;

use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// A power to be computed: base^exponent in a ring.
#[derive(Clone, Copy, Debug)]
pub struct Power<'a> {
    /// The ring.
    pub modulus: &'a SquareModulus,
    /// An element of it.
    pub base: &'a Residue,
    /// The exponent's little-endian limbs.
    pub exponent: &'a [u64],
}

/// Several powers, in time that depends on their number and sizes alone.
///
/// Fastest in groups of eight whose moduli and exponents have the same numbers of limbs.
pub fn pow_many(powers: &[Power<'_>]) -> Vec<Residue> {
    let mut results = Vec::with_capacity(powers.len());
    for group in powers.chunks(8) {
        match powers::pow_group(group) {
            Some(group) => results.extend(group),
            None => results.extend(
                group
                    .iter()
                    .map(|power| power.modulus.pow(power.base, power.exponent)),
            ),
        }
    }
    results
}
