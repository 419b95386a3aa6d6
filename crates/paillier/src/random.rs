//! Uniform numbers from the operating system's generator.

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use veilcast_arith::SquareModulus;
use zeroize::Zeroizing;

use crate::encoding::limbs_from_bytes;

/// The operating system's generator; it panics if that fails, so that nothing weaker is used.
pub(crate) fn generator() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// As many random limbs.
///
/// # Panics
/// If the operating system's generator fails.
pub(crate) fn limbs(count: usize) -> Zeroizing<Vec<u64>> {
    let mut bytes = Zeroizing::new(vec![0u8; 8 * count]);
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    Zeroizing::new(limbs_from_bytes(&bytes))
}

/// A uniform number from 1 to n − 1 for the n of a ring.
///
/// By rejection: the number of tries depends on n alone, not on the number that is returned.
///
/// # Panics
/// If the operating system's generator fails.
pub(crate) fn below_modulus(ring: &SquareModulus) -> Zeroizing<Vec<u64>> {
    loop {
        let candidate = limbs(ring.limbs());
        if ring.is_below_n(&candidate) && candidate.iter().any(|&limb| limb != 0) {
            return candidate;
        }
    }
}
