//! The checks that a stranger's modulus must pass.
//!
//! A service computes with whatever modulus a client sends. These checks refuse malformed ones
//! cheaply, before any other power is computed. They can't show that n is fit for Paillier's
//! scheme: only a [`KeyProof`](crate::KeyProof) shows that gcd(n, φ(n)) = 1.

use std::sync::LazyLock;

use crypto_bigint::{BoxedUint, Limb, NonZero, Odd, Reciprocal};
use num_bigint::BigUint;
use veilcast_arith::SquareModulus;

use crate::policy::KeyPolicy;
use crate::small_primes::SMALL_PRIMES;

/// Tests modulo small primes that a number must pass before its root is computed. Every perfect
/// power passes; of other numbers, at most one in 2²⁰ does.
const RESIDUE_TESTS: usize = 20;

/// Why a number can't be a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// The size is not among the accepted ones.
    #[error("the key's modulus has {0} bits; 2048, 3072 or 4096 are accepted")]
    Size(u32),
    /// The modulus is even.
    #[error("the key's modulus is even, so it is not a product of two large primes")]
    Even,
    /// A prime below 2¹⁶ divides the modulus.
    #[error("the key's modulus is divisible by {0}, so it is not a product of two large primes")]
    SmallFactor(u32),
    /// The modulus is a prime, or passes a test for primes.
    #[error("the key's modulus is a prime, not a product of two")]
    Prime,
    /// The modulus is a perfect power.
    #[error(
        "the key's modulus is a perfect power (exponent {0}), not a product of two different primes"
    )]
    PerfectPower(u32),
}

/// Small primes whose product fits in a limb, and that product as a divisor.
struct Chunk {
    primes: &'static [u32],
    product: Reciprocal,
}

/// All small primes, grouped so that one division of n serves several of them.
static CHUNKS: LazyLock<Vec<Chunk>> = LazyLock::new(|| {
    let mut chunks = Vec::new();
    let mut left: &'static [u32] = &SMALL_PRIMES;
    while !left.is_empty() {
        let (mut product, mut count) = (1_u64, 0);
        for &prime in left {
            match product.checked_mul(prime.into()) {
                Some(larger) => (product, count) = (larger, count + 1),
                None => break,
            }
        }
        let (primes, rest) = left.split_at(count);
        let divisor = NonZero::new(Limb::from_u64(product)).expect("primes are not zero");
        chunks.push(Chunk {
            primes,
            product: Reciprocal::new(divisor),
        });
        left = rest;
    }
    chunks
});

/// The ring modulo n² for an n given as big-endian bytes, which may begin with zeros, if n passes
/// all checks. Variable time in n.
pub(crate) fn checked_ring_vartime(
    n: &[u8],
    policy: KeyPolicy,
) -> Result<SquareModulus, PublicKeyError> {
    let n = &n[n.iter().take_while(|&&byte| byte == 0).count()..];
    let bits = n
        .first()
        .map_or(0, |top| 8 * n.len() as u32 - top.leading_zeros());
    if !policy.allows(bits) {
        return Err(PublicKeyError::Size(bits));
    }
    let n = BoxedUint::from_be_slice_vartime(n);
    ring_vartime(&Odd::new(n).into_option().ok_or(PublicKeyError::Even)?)
}

/// The ring modulo n², for an n that is neither divisible by a prime below 2¹⁶, nor prime, nor a
/// perfect power. Variable time in n.
fn ring_vartime(n: &Odd<BoxedUint>) -> Result<SquareModulus, PublicKeyError> {
    let residues = small_residues(n.as_ref());
    if let Some(&(prime, _)) = residues.iter().find(|(_, residue)| *residue == 0) {
        return Err(PublicKeyError::SmallFactor(prime));
    }
    let ring = SquareModulus::new(n.as_ref().as_words())
        .expect("a modulus of an accepted size is odd and fills its limbs");
    if is_prime_to_base_two(&ring) {
        return Err(PublicKeyError::Prime);
    }
    match perfect_power(n.as_ref(), &residues) {
        Some(exponent) => Err(PublicKeyError::PerfectPower(exponent)),
        None => Ok(ring),
    }
}

/// n modulo each small prime.
fn small_residues(n: &BoxedUint) -> Vec<(u32, u32)> {
    let of_chunk = |chunk: &'static Chunk| {
        let residue = n.rem_limb_with_reciprocal(&chunk.product).0;
        let primes = chunk.primes.iter();
        primes.map(move |&prime| (prime, (residue % u64::from(prime)) as u32))
    };
    CHUNKS.iter().flat_map(of_chunk).collect()
}

/// Fermat's test to the base 2. A composite that passes for a prime is as unfit as a prime.
fn is_prime_to_base_two(ring: &SquareModulus) -> bool {
    let mut one = vec![0; ring.limbs()];
    one[0] = 1;
    let mut two = one.clone();
    two[0] = 2;
    let mut n_minus_one = ring.n().to_vec();
    n_minus_one[0] -= 1;
    ring.pow_mod_n_vartime(&two, &n_minus_one) == one
}

/// A prime k with n = aᵏ, if there is one.
///
/// With no factor below 2¹⁶, k is at most |n|/16. Let r be a prime with k dividing r − 1: a k-th
/// power has n^((r − 1)/k) = 1 modulo r, as does one in k of other numbers. The root is computed
/// only for an n that passes this test for several r.
fn perfect_power(n: &BoxedUint, residues: &[(u32, u32)]) -> Option<u32> {
    let looks_like_power = |k: u32| {
        let suitable = residues.iter().filter(|&&(r, _)| r % k == 1);
        suitable
            .take(RESIDUE_TESTS)
            .all(|&(r, residue)| pow_mod(residue, (r - 1) / k, r) == 1)
    };
    let exponents = SMALL_PRIMES
        .iter()
        .copied()
        .take_while(|&k| k <= n.bits_vartime() / 16);
    let mut suspects = exponents.filter(|&k| looks_like_power(k));
    let number = BigUint::from_bytes_be(&n.to_be_bytes());
    suspects.find(|&k| number.nth_root(k).pow(k) == number)
}

/// base^exponent modulo a small prime.
fn pow_mod(base: u32, exponent: u32, modulus: u32) -> u32 {
    let modulus = u64::from(modulus);
    let (mut power, mut square) = (1, u64::from(base));
    for bit in 0..u32::BITS - exponent.leading_zeros() {
        if exponent >> bit & 1 == 1 {
            power = power * square % modulus;
        }
        square = square * square % modulus;
    }
    power as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residues_are_those_of_division() {
        let n = BoxedUint::from_words((0..32_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let number = BigUint::from_bytes_be(&n.to_be_bytes());
        let residues = small_residues(&n);
        assert_eq!(residues.len(), SMALL_PRIMES.len());
        for (&expected, (prime, residue)) in SMALL_PRIMES.iter().zip(residues) {
            assert_eq!(expected, prime);
            assert_eq!(BigUint::from(residue), &number % prime);
        }
    }

    #[test]
    fn perfect_powers_are_found_and_nothing_else() {
        // Primes just above the bound, so that every exponent up to |n|/16 occurs.
        let large = [65_537_u32, 65_539, 65_543];
        for &k in SMALL_PRIMES.iter().take_while(|&&k| k <= 64) {
            for prime in large {
                let power = BigUint::from(prime).pow(k);
                let n = BoxedUint::from_be_slice_vartime(&power.to_bytes_be());
                assert_eq!(perfect_power(&n, &small_residues(&n)), Some(k));
                let other = power * 65_551_u32;
                let n = BoxedUint::from_be_slice_vartime(&other.to_bytes_be());
                assert_eq!(perfect_power(&n, &small_residues(&n)), None);
            }
        }
    }
}
