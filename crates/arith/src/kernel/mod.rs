//! The inner loops: products, squares and Montgomery reductions of a fixed number of limbs.
//!
//! A [`Kernel`] is a set of three functions for one limb count. The portable set serves every
//! processor and every size, and is the reference that faster sets are tested against.

mod portable;

/// The inner loops for numbers of L limbs. All run in constant time.
#[derive(Clone, Copy)]
pub(crate) struct Kernel {
    /// The path's name, for tests and benchmarks.
    pub(crate) name: &'static str,
    /// out (2L limbs) = x·y (L limbs each).
    pub(crate) mul: fn(out: &mut [u64], x: &[u64], y: &[u64]),
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
    pub(crate) fn for_limbs(_limbs: usize) -> Self {
        portable::KERNEL
    }
}
