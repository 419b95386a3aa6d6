//! Arithmetic modulo n² for the Paillier cryptosystem.
//!
//! Everything here works on numbers modulo the *square* of an odd n, kept as pairs (a, b) that
//! stand for a + b·n, so that a product costs five half-size products instead of eight.
//!
//! - [`SquareModulus`] and [`Residue`]: the ring and its elements, products, squares, inverses.
//! - [`SquareModulus::pow`]: powers with secret exponents, in constant time.
//! - [`pow_many`]: several such powers, faster than one by one where the processor can.
//! - [`FixedBase`]: faster still, for a base that is used again.
//! - [`SquareModulus::pow_vartime`]: powers with public exponents;
//!   [`SquareModulus::pow_mod_n_vartime`]: the same modulo n itself.
//! - [`horner_many`]: numbers shifted against each other in the exponent and multiplied.
//! - [`Registers`]: products of many public numbers, several at once where the processor can.
//! - [`multi_exp_vartime`]: many products of many powers with small signed exponents at once.
//!
//! Functions run in time that depends on the sizes of their arguments only, unless their name
//! ends in `_vartime`; those must be given public data.
//!
//! This is the only crate of the workspace that may contain `unsafe` code, and it does so in
//! `kernel` alone.

#[cfg(not(target_pointer_width = "64"))]
compile_error!("veilcast-arith needs a target with 64-bit pointers: its limbs are u64");

#[cfg(test)]
mod ctgrind;
mod fixed_base;
mod horner;
mod kernel;
mod lanes;
mod limbs;
mod multi_exp;
mod pow;
mod product;
mod registers;
mod residue;
mod square_modulus;

pub use fixed_base::FixedBase;
pub use horner::horner_many;
pub use lanes::{Power, pow_many};
pub use multi_exp::{Fraction, divide_vartime, multi_exp_vartime};
pub use registers::{Batch, Registers};
pub use residue::Residue;
pub use square_modulus::{MAX_LIMBS, ModulusError, SquareModulus};
