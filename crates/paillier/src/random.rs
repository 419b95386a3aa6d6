//! Uniform numbers from the operating system's generator.

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use veilcast_arith::SquareModulus;
use zeroize::Zeroizing;

use crate::encoding::limbs_from_bytes;

/// The operating system's generator. It panics if that fails, so that nothing weaker is used.
pub(crate) fn generator() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Random limbs in addition to those of a modulus, so that reducing leaves almost no bias.
const EXTRA_LIMBS: usize = 2;

/// `count` random limbs.
///
/// # Panics
/// If the operating system's generator fails.
pub(crate) fn limbs(count: usize) -> Zeroizing<Vec<u64>> {
    let mut bytes = Zeroizing::new(vec![0u8; 8 * count]);
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    #[cfg(test)] // Random numbers are secret: see `ctgrind`.
    veilcast_ctgrind::poison(&mut bytes);
    Zeroizing::new(limbs_from_bytes(&bytes))
}

/// A number below a ring's n, within 2⁻¹²⁸ of uniform.
///
/// 128 bits more than n has are drawn and reduced modulo n, in constant time. Drawing as many bits
/// as n has until they are below n would take a number of tries that depends on n, which is secret
/// if it is one of the key's primes.
///
/// # Panics
/// If the operating system's generator fails.
pub(crate) fn below_modulus(ring: &SquareModulus) -> Zeroizing<Vec<u64>> {
    Zeroizing::new(ring.remainder(&limbs(ring.limbs() + EXTRA_LIMBS)))
}
