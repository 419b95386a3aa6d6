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

/// Random limbs beyond those of a modulus, so that reducing leaves nearly no bias.
const EXTRA_LIMBS: usize = 2;

/// As many random limbs.
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

/// A number below n for the n of a ring: uniform, but for 2⁻¹²⁸, and 0 as seldom as any other.
///
/// 128 bits more than n's are drawn and reduced modulo n, in constant time. To draw n's bits until
/// they are below n would take a number of tries that tells how large n is, which is secret where n
/// is one of the key's primes.
///
/// # Panics
/// If the operating system's generator fails.
pub(crate) fn below_modulus(ring: &SquareModulus) -> Zeroizing<Vec<u64>> {
    let number = ring.residue(&limbs(ring.limbs() + EXTRA_LIMBS));
    Zeroizing::new(ring.halves(&number).0)
}
