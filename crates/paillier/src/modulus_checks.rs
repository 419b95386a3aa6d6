//! What a stranger's modulus must not be.
//!
//! A service multiplies with whatever modulus a client sends. These checks refuse the malformed
//! ones: they can't show that n is a product of two large primes, but they leave no modulus that
//! would be cheap to produce by mistake or for mischief.

use std::sync::LazyLock;

use crypto_bigint::{BoxedUint, Limb, NonZero, Odd};
use crypto_primes::hazmat::MillerRabin;
use num_bigint::BigUint;

use crate::public_key::PublicKeyError;

/// No prime below this may divide n.
const SMALL_FACTOR_BOUND: u32 = 1 << 16;

/// All primes below [`SMALL_FACTOR_BOUND`].
pub(crate) static SMALL_PRIMES: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut is_composite = vec![false; SMALL_FACTOR_BOUND as usize];
    let mut primes = Vec::new();
    for i in 2..SMALL_FACTOR_BOUND as usize {
        if !is_composite[i] {
            primes.push(i as u32);
            (i * i..is_composite.len())
                .step_by(i)
                .for_each(|multiple| is_composite[multiple] = true);
        }
    }
    primes
});

/// Refuses an n with a factor below 2¹⁶, a prime, and a perfect power. Variable time in n.
pub(crate) fn check_vartime(n: &Odd<BoxedUint>) -> Result<(), PublicKeyError> {
    for &prime in SMALL_PRIMES.iter() {
        let divisor = NonZero::new(Limb::from_u32(prime)).expect("a prime is not zero");
        if n.as_ref().rem_limb(divisor) == Limb::ZERO {
            return Err(PublicKeyError::SmallFactor(prime));
        }
    }
    // A composite that passes for a prime to the base 2 is as unfit as a prime.
    if MillerRabin::new(n.clone())
        .test_base_two()
        .is_probably_prime()
    {
        return Err(PublicKeyError::Prime);
    }
    let number = BigUint::from_bytes_be(&n.as_ref().to_be_bytes());
    // With no factor below 2^16, n = a^k means k ≤ |n|/16; prime k are enough.
    let largest_exponent = n.as_ref().bits_vartime() / 16;
    for &k in SMALL_PRIMES.iter().take_while(|&&k| k <= largest_exponent) {
        if number.nth_root(k).pow(k) == number {
            return Err(PublicKeyError::PerfectPower(k));
        }
    }
    Ok(())
}
