//! The inner loops: products, squares and Montgomery reductions of a fixed number of limbs.
//!
//! A [`Kernel`] is a set of three functions. The portable set serves every processor and every
//! number of limbs, and is the reference that faster sets are tested against; which set serves a
//! modulus is decided once, when the modulus is made.

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // The fence: every other file of the workspace is free of unsafe code.
mod adx;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // The fence's other half.
mod ifma;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // Its last part.
pub(crate) mod lanes;
#[cfg(not(target_arch = "x86_64"))]
#[path = "no_lanes.rs"]
pub(crate) mod lanes;
mod portable;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use zeroize::Zeroize;

use self::lanes::LaneKernel;

/// This environment variable keeps to slower kernels: `portable` to the portable ones, `adx` to
/// those that multiply limb by limb.
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
            && limit() >= Limit::Adx
            && let Some(adx) = adx::Adx::detect()
        {
            return adx.kernel();
        }
        portable::KERNEL
    }
}

/// Whole products of pairs modulo n², for the n that it was made for. Runs in constant time.
///
/// A pair (a, b) is 2L limbs, a's before b's, both below n.
pub(crate) trait PairKernel: Send + Sync {
    /// The kernel's name, for tests and benchmarks.
    fn name(&self) -> &'static str;
    /// x ← x·y/R.
    fn mul(&self, x: &mut [u64], y: &[u64]);
    /// x ← x²/R.
    fn square(&self, x: &mut [u64]);
}

/// The processor's kernel for pairs modulo n², if it has one that beats products of limbs.
pub(crate) fn pair_kernel(n: &[u64]) -> Option<Arc<dyn PairKernel>> {
    #[cfg(target_arch = "x86_64")]
    if limit() >= Limit::None
        && let Some(kernel) = ifma::Ifma::detect().and_then(|ifma| ifma.kernel(n))
    {
        return Some(Arc::new(kernel));
    }
    None
}

/// A digit of several numbers, a lane each. All operations run in constant time.
pub(crate) trait Lanes: Copy + Default + Zeroize {
    /// How many numbers.
    const COUNT: usize;

    fn from_fn(lane: impl FnMut(usize) -> u64) -> Self;

    fn lane(&self, lane: usize) -> u64;

    /// x ← x·y/R' in each lane, for D digits of n and `n_inv` = −n⁻¹ mod 2⁵² in each; x and y
    /// hold the digits of a, then those of b.
    fn mul(kernel: LaneKernel, x: &mut [Self], y: &[Self], n: &[Self], n_inv: &Self);

    /// x ← x²/R' in each lane.
    fn square(kernel: LaneKernel, x: &mut [Self], n: &[Self], n_inv: &Self);

    /// In each lane, the entry of that lane's index: all entries are read, whatever the indices.
    fn select(kernel: LaneKernel, out: &mut [Self], table: &[Self], indices: &Self);

    /// The same from a table that all lanes share.
    fn select_shared(kernel: LaneKernel, out: &mut [Self], table: &[u64], indices: &Self);

    /// Brings numbers that stand in rows of digits into lanes: `row` tells each lane's. There are
    /// as many lanes as digits in a row, those that fill its last block among them.
    fn gather<'a>(kernel: LaneKernel, lanes: &mut [Self], row: impl Fn(usize) -> &'a [Block]);

    /// Puts the numbers of the first lanes into rows of digits that stand one after another.
    fn scatter(kernel: LaneKernel, rows: &mut [Block], lanes: &[Self]);
}

/// Eight digits of one number, as vectors load them.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
pub(crate) struct Block(pub(crate) [u64; 8]);

/// How far kernels may go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Limit {
    Portable,
    Adx,
    None,
}

/// What the environment asks for; it is read once.
fn limit() -> Limit {
    static LIMIT: OnceLock<Limit> = OnceLock::new();
    *LIMIT.get_or_init(|| match std::env::var(CHOICE).as_deref() {
        Ok("portable") => Limit::Portable,
        Ok("adx") => Limit::Adx,
        _ => Limit::None,
    })
}
