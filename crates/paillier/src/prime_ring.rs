//! [`PrimeRing`], what the key's owner computes modulo the square of one of the two primes.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crypto_bigint::{BoxedUint, Limb, NonZero, Odd};
use veilcast_arith::{FixedBase, Residue, SquareModulus};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::modulus_checks::SMALL_PRIMES;
use crate::random;

/// Limbs of the exponent that blinds a decryption: 128 bits.
const BLINDING_LIMBS: usize = 2;

/// n-th powers made one by one before a table is made for them: it costs about as much as eight.
const BEFORE_TABLE: u32 = 8;

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
    /// Powers of an n-th power, which blind ciphertexts: their (p − 1)-th power is 1.
    blinds: FixedBase,
    /// Powers of a generator of the n-th powers, once enough of them were asked for.
    #[zeroize(skip)] // wipes itself
    nth_powers: OnceLock<FixedBase>,
    /// How many were asked for.
    #[zeroize(skip)]
    asked: AtomicU32,
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
        let blinds = FixedBase::new(&ring, &uniform_nth_power(&ring), BLINDING_LIMBS);
        Self {
            prime: modulus.clone(),
            ring,
            order,
            h,
            blinds,
            nth_powers: OnceLock::new(),
            asked: AtomicU32::new(0),
        }
    }

    pub(crate) fn ring(&self) -> &SquareModulus {
        &self.ring
    }

    /// p.
    pub(crate) fn prime(&self) -> &NonZero<BoxedUint> {
        &self.prime
    }

    /// rⁿ modulo p² for a random unit r: the n-th powers are the subgroup of order p − 1.
    ///
    /// The first few are made one by one. When more are asked for, a table of a generator's powers
    /// is made, and each takes a uniform exponent below p − 1 through it.
    pub(crate) fn nth_power(&self) -> Residue {
        if self.nth_powers.get().is_none()
            && self.asked.fetch_add(1, Ordering::Relaxed) < BEFORE_TABLE
        {
            return uniform_nth_power(&self.ring);
        }
        let table = self
            .nth_powers
            .get_or_init(|| FixedBase::new(&self.ring, &self.generator(), self.ring.limbs()));
        table.pow(&self.ring, &random::below_modulus(&self.ring))
    }

    /// A generator of the n-th powers modulo p², but for prime factors of p − 1 above 2¹⁶.
    ///
    /// A random element misses the factor ℓ of p − 1 with probability 1/ℓ; for every ℓ below 2¹⁶
    /// it is tried until it doesn't. That it misses any of the other factors, of which there are at
    /// most |p|/16, has a probability below |p|/2²⁰, over the choice of p below 2⁻¹⁹, and the
    /// subgroup that it then generates still has an index of more than 2¹⁶ only.
    fn generator(&self) -> Residue {
        let order = Zeroizing::new(BoxedUint::from_words(self.order.iter().copied()));
        let cofactors: Vec<Zeroizing<BoxedUint>> = SMALL_PRIMES
            .iter()
            .map(|&prime| {
                order
                    .div_rem_limb(NonZero::new(Limb::from_u32(prime)).expect("a prime is not zero"))
            })
            .filter(|(_, remainder)| *remainder == Limb::ZERO)
            .map(|(cofactor, _)| Zeroizing::new(cofactor))
            .collect();
        loop {
            let candidate = uniform_nth_power(&self.ring);
            let is_one = |cofactor: &BoxedUint| {
                self.ring.pow(&candidate, cofactor.as_words()) == self.ring.one()
            };
            if !cofactors.iter().any(|cofactor| is_one(cofactor)) {
                return candidate;
            }
        }
    }

    /// m modulo p for c = (1 + n)^m·rⁿ: L(c^(p−1))·h with L(x) = (x − 1)/p, the second half of x.
    ///
    /// c is blinded by an n-th power, which the power makes 1 again. The first half of the power
    /// must be 1, by Fermat; that it is, is checked: a fault would give the primes away.
    pub(crate) fn decrypt(&self, c: &[u64]) -> Result<Zeroizing<BoxedUint>, NotOneModP> {
        let mut power = self.ring.residue(c);
        let blind = self.blinds.pow(&self.ring, &random::limbs(BLINDING_LIMBS));
        self.ring.mul_assign(&mut power, &blind);
        power = self.ring.pow(&power, &self.order);

        let (first, second) = self.ring.halves(&power);
        let difference = first
            .iter()
            .enumerate()
            .fold(0, |bits, (i, &limb)| bits | (limb ^ u64::from(i == 0)));
        let l = Zeroizing::new(BoxedUint::from_words(second));
        if difference != 0 {
            return Err(NotOneModP);
        }
        Ok(Zeroizing::new(l.mul_mod(&self.h, &self.prime)))
    }
}

/// rⁿ modulo p² for a uniform unit r, as y^p for a uniform y modulo p.
///
/// n = p·q, and raising to the power of q permutes the n-th powers, so they are the p-th powers;
/// y ↦ y^p maps the units modulo p one to one onto them. An exponent of |p| bits is enough.
fn uniform_nth_power(ring: &SquareModulus) -> Residue {
    let y = ring.residue(&random::below_modulus(ring));
    ring.pow(&y, ring.n())
}
