//! The primes below 2¹⁶, by which moduli and orders are divided.

use std::sync::LazyLock;

/// No prime below this may divide a public modulus.
const SMALL_FACTOR_BOUND: usize = 1 << 16;

/// All primes below 2¹⁶, in ascending order, by the sieve of Eratosthenes.
pub(crate) static SMALL_PRIMES: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut is_composite = vec![false; SMALL_FACTOR_BOUND];
    let mut primes = Vec::new();
    for i in 2..SMALL_FACTOR_BOUND {
        if !is_composite[i] {
            primes.push(i as u32);
            (i * i..is_composite.len())
                .step_by(i)
                .for_each(|multiple| is_composite[multiple] = true);
        }
    }
    primes
});
