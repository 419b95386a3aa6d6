//! [`PrimeRing`], what the key's owner computes modulo the square of one of the two primes.

use crypto_bigint::{BoxedUint, NonZero, Odd};
use veilcast_arith::{Residue, SquareModulus};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::random;

/// Bits of the exponent that blinds a decryption.
const BLINDING_LIMBS: usize = 2;

/// The ring modulo p², and what decryption needs modulo p, for a prime p of a key p·q.
///
/// All of it is secret and wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct PrimeRing {
    prime: NonZero<BoxedUint>,
    ring: SquareModulus,
    /// p − 1, the order of n-th powers modulo p².
    order: Vec<u64>,
    /// L((1 + n)^(p−1) mod p²)⁻¹ = (−q)⁻¹ modulo p.
    h: BoxedUint,
    /// A random n-th power, whose powers blind ciphertexts: its (p − 1)-th power is 1.
    blind: Residue,
}

/// A power that Fermat's theorem says is 1 modulo p was not: a fault in the computation, or not a
/// unit that was raised.
#[derive(Debug)]
pub(crate) struct NotOneModP;

impl PrimeRing {
    /// For a prime p, of the key p·`other`, that fills its limbs.
    pub(crate) fn new(p: &Odd<BoxedUint>, other: &BoxedUint) -> Self {
        let ring =
            SquareModulus::new(p.as_ref().as_words()).expect("a checked prime fills its limbs");
        let modulus = p.as_nz_ref();
        let minus_q = other.rem(modulus).neg_mod(modulus);
        let h = minus_q
            .invert_odd_mod(p)
            .expect("different primes are coprime");
        let mut order = p.as_ref().as_words().to_vec();
        order[0] -= 1;
        let blind = nth_power(&ring);
        Self {
            prime: modulus.clone(),
            ring,
            order,
            h,
            blind,
        }
    }

    pub(crate) fn ring(&self) -> &SquareModulus {
        &self.ring
    }

    /// p.
    pub(crate) fn prime(&self) -> &NonZero<BoxedUint> {
        &self.prime
    }

    /// rⁿ modulo p² for a uniform unit r.
    ///
    /// n-th powers modulo p² are the subgroup of order p − 1, since n = p·q. So are p-th powers,
    /// y ↦ y^p maps the units modulo p one to one onto it, and an exponent of |p| bits is enough.
    pub(crate) fn nth_power(&self) -> Residue {
        nth_power(&self.ring)
    }

    /// m modulo p for c = (1 + n)^m·rⁿ: L(c^(p−1))·h with L(x) = (x − 1)/p, the second half of x.
    ///
    /// c is blinded by an n-th power, which the power makes 1 again. The first half of the power
    /// must be 1, by Fermat; that it is, is checked: a fault would give the primes away.
    pub(crate) fn decrypt(&self, c: &[u64]) -> Result<Zeroizing<BoxedUint>, NotOneModP> {
        let mut power = self.ring.residue(c);
        let blind = self.ring.pow(&self.blind, &random::limbs(BLINDING_LIMBS));
        self.ring.mul_assign(&mut power, &blind);
        power = self.ring.pow(&power, &self.order);

        let (one, l) = self.ring.halves(&power);
        let l = Zeroizing::new(l);
        let is_one = one.iter().enumerate().fold(0, |difference, (i, &limb)| {
            difference | (limb ^ u64::from(i == 0))
        });
        if is_one != 0 {
            return Err(NotOneModP);
        }
        let l = Zeroizing::new(BoxedUint::from_words(l.iter().copied()));
        Ok(Zeroizing::new(l.mul_mod(&self.h, &self.prime)))
    }
}

/// y^p modulo p² for a uniform unit y modulo p.
fn nth_power(ring: &SquareModulus) -> Residue {
    let y = ring.residue(&random::below_modulus(ring));
    ring.pow(&y, ring.n())
}
