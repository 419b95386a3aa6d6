//! The inner loops: products, squares and Montgomery reductions of a fixed number of limbs.
//!
//! A [`Kernel`] is a set of four functions. The portable set serves every processor and every
//! number of limbs, and is the reference that faster sets are tested against. A modulus gets the
//! best available set when it is made.

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // The boundary: every other file of the workspace is free of unsafe code.
mod adx;
#[cfg(target_arch = "x86_64")]
mod choice;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // The boundary's second part.
mod ifma;
mod interface;
mod lane_kernel;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // The boundary's last part.
pub(crate) mod lanes;
#[cfg(not(target_arch = "x86_64"))]
#[path = "no_lanes.rs"]
pub(crate) mod lanes;
mod portable;
#[cfg(test)]
mod tests;

use std::sync::Arc;

#[cfg(target_arch = "x86_64")]
use self::choice::{Limit, limit};
pub(crate) use self::interface::{Block, Kernel, Lanes, PairKernel};
pub(crate) use self::lane_kernel::{Digits, IfmaLanes, LaneKernel};

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

/// The name of the fastest kernel that this processor has and the environment allows.
pub fn kernel() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if limit() >= Limit::None && ifma::Ifma::detect().is_some() {
            return "avx512-ifma";
        }
        if adx::Adx::detect().is_some() {
            match limit() {
                Limit::Portable => {}
                Limit::Adx => return "adx",
                Limit::Avx2 | Limit::None => return "avx2",
            }
        }
    }
    "portable"
}

/// `count` multiplications of eight digits of 52 bits and nothing else, for benchmarks; `false` if
/// the processor doesn't have them or the environment doesn't allow them.
pub fn probe_vector_multiplications(count: u64) -> bool {
    #[cfg(target_arch = "x86_64")]
    if limit() >= Limit::None
        && let Some(ifma) = ifma::Ifma::detect()
    {
        ifma::probe::multiplications(ifma, count);
        return true;
    }
    let _ = count;
    false
}

/// The processor's kernel for pairs modulo n², if it has one that beats products of limbs.
pub(crate) fn pair_kernel(n: &[u64]) -> Option<Arc<dyn PairKernel>> {
    #[cfg(target_arch = "x86_64")]
    if limit() >= Limit::None
        && let Some(kernel) = ifma::Ifma::detect().and_then(|ifma| ifma.kernel(n))
    {
        return Some(kernel);
    }
    None
}
