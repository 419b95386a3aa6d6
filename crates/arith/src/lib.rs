//! Arithmetic modulo n², for Paillier's cryptosystem.
//!
//! Numbers modulo the *square* of an odd n are kept as pairs (a, b) that represent a + b·n. A
//! product then takes five half-size products instead of eight, and multiplying by 1 + m·n, as
//! encryption does, takes one.
//!
//! ```
//! use veilcast_arith::SquareModulus;
//!
//! // n is given by its 64-bit limbs, the lowest first; its top bit must be set.
//! let n: u64 = 0xffff_ffff_ffff_ffc5;
//! let ring = SquareModulus::new(&[n])?;
//!
//! // (1 + n)^m = 1 + m·n modulo n².
//! let base = ring.residue(&[1 + n]);
//! let power = ring.pow(&base, &[42]);
//! let (a, b) = ring.halves(&power);
//! assert_eq!((a[0], b[0]), (1, 42));
//! # Ok::<(), veilcast_arith::ModulusError>(())
//! ```
//!
//! - [`SquareModulus`] and [`Residue`]: the ring and its elements, products, squares, inverses.
//! - [`SquareModulus::pow`]: powers with secret exponents, in constant time.
//! - [`pow_many`]: several such powers, faster than one by one where the processor allows it.
//!   [`at_once`] says how many to spread over how many threads.
//! - [`FixedBase`]: faster still, for a base that is used repeatedly; [`FixedBases`]: products of small powers of many
//!   such bases.
//! - [`SquareModulus::pow_vartime`] and [`pow_each_vartime`]: powers with public exponents;
//!   [`SquareModulus::pow_mod_n_vartime`]: the same modulo n itself.
//! - [`horner_many`]: products of numbers raised to powers of 2^s, by Horner's rule;
//!   [`horner_powers_vartime`]: the same on the squarings of a power with a public exponent;
//!   [`horner_in_halves_vartime`]: one such product on two cores.
//! - [`Registers`]: products of many public numbers, several at once where the processor allows it.
//! - [`multi_exp_vartime`]: products of many powers with small signed exponents.
//!
//! Functions run in time that depends on the sizes of their arguments only, unless their name
//! ends in `_vartime`; those must be given public data only.
//!
//! # Kernels
//!
//! The innermost loops exist in portable Rust, with `mulx` and two carry chains (BMI2 and ADX), for four
//! numbers at once with AVX2, and with AVX-512 IFMA. The best that the processor has is chosen at run
//! time, when a modulus is made. The environment variable `VEILCAST_KERNEL`, set to `avx2`, `adx`
//! or `portable`, selects slower ones.
//!
//! # Panics
//!
//! A [`Residue`] belongs to the [`SquareModulus`] that made it. Functions that are given one of
//! another size may panic; one of another modulus of the same size gives a meaningless result.
//!
//! This is the only crate of the workspace that may contain `unsafe` code, and it does so only in
//! `kernel`.

#[cfg(not(target_pointer_width = "64"))]
compile_error!("veilcast-arith needs a target with 64-bit pointers: its limbs are u64");

mod chain;
#[cfg(test)]
mod ctgrind;
mod fixed_base;
mod fixed_bases;
mod horner;
mod kernel;
mod lanes;
mod limbs;
mod multi_exp;
mod number;
mod pow;
mod product;
mod registers;
mod residue;
mod reused;
mod square_modulus;
mod window_table;

pub use fixed_base::FixedBase;
pub use fixed_bases::FixedBases;
pub use horner::{horner_in_halves_vartime, horner_many, horner_powers_vartime};
pub use kernel::kernel;
#[doc(hidden)] // Only for benchmarks.
pub use kernel::probe_vector_multiplications;
pub use lanes::{Power, at_once, pow_each_vartime, pow_many};
pub use multi_exp::{Fraction, divide_vartime, multi_exp_vartime};
pub use registers::Registers;
pub use residue::Residue;
pub use square_modulus::{MAX_LIMBS, ModulusError, SquareModulus};

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
