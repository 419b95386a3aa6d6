//! The inner loops: products, squares and Montgomery reductions of a fixed number of limbs.
//!
//! A [`Kernel`] is a set of three functions. The portable set serves every processor and every
//! number of limbs, and is the reference that faster sets are tested against; which set serves a
//! modulus is decided once, when the modulus is made.

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // The fence: every other file of the workspace is free of unsafe code.
mod adx;
mod portable;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

/// Set to `portable`, this environment variable keeps to the portable kernels.
const CHOICE: &str = "VEILCAST_KERNEL";

/// The inner loops for numbers of L limbs. All run in constant time.
#[derive(Clone, Copy)]
pub(crate) struct Kernel {
    /// The set's name, for tests and benchmarks.
    pub(crate) name: &'static str,
    /// out (2L limbs) += x·y (L limbs each); returns the carry.
    pub(crate) mul_add: fn(out: &mut [u64], x: &[u64], y: &[u64]) -> u64,
    /// out (2L limbs) = x² (L limbs).
    pub(crate) square: fn(out: &mut [u64], x: &[u64]),
    /// Montgomery reduction of t (2L limbs) by n (L limbs, odd), with `n_inv` = −n⁻¹ mod 2⁶⁴.
    ///
    /// With R = 2^(64·L) and m = t·(−n⁻¹) mod R, afterwards the low half of t holds m, and the
    /// high half with the returned carry on top holds (t + m·n)/R.
    pub(crate) redc: fn(t: &mut [u64], n: &[u64], n_inv: u64) -> u64,
}

impl Kernel {
    /// The best kernel that this processor has for numbers of `limbs` limbs.
    pub(crate) fn for_limbs(limbs: usize) -> Self {
        #[cfg(target_arch = "x86_64")]
        if adx::serves(limbs)
            && !portable_is_forced()
            && let Some(adx) = adx::Adx::detect()
        {
            return adx.kernel();
        }
        portable::KERNEL
    }
}

/// Whether the environment asks for the portable kernels; it is read once.
fn portable_is_forced() -> bool {
    static FORCED: OnceLock<bool> = OnceLock::new();
    *FORCED.get_or_init(|| std::env::var_os(CHOICE).is_some_and(|choice| choice == "portable"))
}
