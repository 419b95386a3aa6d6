//! [`PrimeRing`], in which the key's owner computes modulo the square of one of the two primes.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crypto_bigint::{BoxedUint, Limb, NonZero, Odd};
use veilcast_arith::{FixedBase, Power, Residue, SquareModulus};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::public_values::public;
use crate::random;
use crate::small_primes::SMALL_PRIMES;

/// Limbs of the exponent that blinds a decryption: 128 bits.
const BLINDING_LIMBS: usize = 2;

/// How many n-th powers are computed one by one before there is a table, which costs about as much
/// as eight.
const BEFORE_TABLE: usize = 8;

/// The ring modulo p², and what decryption needs modulo p, for a prime p of a key p·q.
///
/// Everything in it is secret and wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct PrimeRing {
    prime: NonZero<BoxedUint>,
    ring: SquareModulus,
    /// p − 1, the order of n-th powers modulo p².
    order: Vec<u64>,
    /// L((1 + n)^(p−1) mod p²) = −q modulo p.
    minus_q: BoxedUint,
    /// Its inverse modulo p.
    h: BoxedUint,
    /// Powers of an n-th power, which blind ciphertexts: their (p − 1)-th power is 1.
    blinds: FixedBase,
    /// Powers of a generator of the n-th powers, once enough of them have been needed.
    #[zeroize(skip)] // wipes itself
    nth_powers: OnceLock<FixedBase>,
    /// How many have been needed.
    #[zeroize(skip)]
    asked: AtomicUsize,
}

/// A power that is 1 modulo p by Fermat's theorem was not: the computation was faulty, or its base
/// was not a unit.
#[derive(Debug)]
pub(crate) struct NotOneModP;

impl PrimeRing {
    /// The ring for a prime p that fills its limbs, of the key p·`other`.
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
            minus_q,
            h,
            blinds,
            nth_powers: OnceLock::new(),
            asked: AtomicUsize::new(0),
        }
    }

    pub(crate) fn ring(&self) -> &SquareModulus {
        &self.ring
    }

    /// p.
    pub(crate) fn prime(&self) -> &NonZero<BoxedUint> {
        &self.prime
    }

    /// rⁿ modulo p² for each of `count` random units r: the n-th powers are the subgroup of order
    /// p − 1.
    ///
    /// The first few cost a full power each. When more are needed, a table of a generator's powers
    /// is computed, and each is a power with a uniform exponent below p − 1.
    pub(crate) fn nth_powers(&self, count: usize) -> Vec<Residue> {
        let asked = self.asked.fetch_add(count, Ordering::Relaxed);
        if self.nth_powers.get().is_none() && asked.saturating_add(count) <= BEFORE_TABLE {
            return (0..count).map(|_| uniform_nth_power(&self.ring)).collect();
        }
        let table = || FixedBase::for_many(&self.ring, &self.generator(), self.ring.limbs());
        let table = self.nth_powers.get_or_init(table);
        let exponents: Vec<_> = (0..count)
            .map(|_| random::below_modulus(&self.ring))
            .collect();
        let exponents: Vec<&[u64]> = exponents.iter().map(|exponent| &exponent[..]).collect();
        table.pow_many(&self.ring, &exponents)
    }

    /// Whether there is a table of n-th powers yet.
    pub(crate) fn has_table(&self) -> bool {
        self.nth_powers.get().is_some()
    }

    /// A generator of the n-th powers modulo p², except possibly for prime factors of p − 1 above
    /// 2¹⁶.
    ///
    /// A random element misses the factor ℓ of p − 1 with probability 1/ℓ. Elements are drawn until
    /// one misses no ℓ below 2¹⁶. It misses some other prime factor with a probability of at most Σ
    /// 1/ℓ over the factors ℓ > 2¹⁶ of p − 1. Over the choice of p, a prime ℓ divides p − 1 with
    /// probability 1/(ℓ − 1), so that the sum is on average Σ 1/(ℓ·(ℓ − 1)) over all primes above
    /// 2¹⁶, which is below 2⁻¹⁹ for each of a key's two primes and below 2⁻¹⁸ for a key. In that
    /// case the key's randomisers lie in a subgroup of the n-th powers with an index above 2¹⁶.
    /// Only those who can factor n are known to be able to tell ciphertexts of its different cosets
    /// apart.
    fn generator(&self) -> Residue {
        let order = Zeroizing::new(BoxedUint::from_words(self.order.iter().copied()));
        let cofactors: Vec<Zeroizing<BoxedUint>> = SMALL_PRIMES
            .iter()
            .map(|&prime| {
                order
                    .div_rem_limb(NonZero::new(Limb::from_u32(prime)).expect("a prime is not zero"))
            })
            // Once per table, the time reveals how many primes below 2¹⁶ divide p − 1, usually two
            // or three. That does not help in guessing p.
            .filter(|(_, remainder)| public(*remainder == Limb::ZERO))
            .map(|(cofactor, _)| Zeroizing::new(cofactor))
            .collect();
        loop {
            let candidate = uniform_nth_power(&self.ring);
            // A rejected candidate is never used.
            let is_one = |cofactor: &BoxedUint| {
                let power = self.ring.pow(&candidate, cofactor.as_words());
                public(self.ring.is_one(&power))
            };
            if !cofactors.iter().any(|cofactor| is_one(cofactor)) {
                return candidate;
            }
        }
    }

    /// c modulo p², blinded by an n-th power, which decryption turns into 1.
    pub(crate) fn blinded(&self, c: &[u64]) -> Residue {
        let mut blinded = self.ring.residue(c);
        let blind = self.blinds.pow(&self.ring, &random::limbs(BLINDING_LIMBS));
        self.ring.mul_assign(&mut blinded, &blind);
        blinded
    }

    /// The power that decryption needs: c^(p−1).
    pub(crate) fn power<'a>(&'a self, blinded: &'a Residue) -> Power<'a> {
        Power {
            modulus: &self.ring,
            base: blinded,
            exponent: &self.order,
        }
    }

    /// L(x) = (x − 1)/p, the second half of x, for that power x of c = (1 + n)^m·rⁿ. It is −q·m
    /// modulo p.
    ///
    /// The first half of the power must be 1, by Fermat's theorem. That is checked, since a fault
    /// would reveal the primes.
    pub(crate) fn logarithm(&self, power: &Residue) -> Result<Zeroizing<BoxedUint>, NotOneModP> {
        let (first, second) = self.ring.halves(power);
        let difference = first
            .iter()
            .enumerate()
            .fold(0, |bits, (i, &limb)| bits | (limb ^ u64::from(i == 0)));
        let l = Zeroizing::new(BoxedUint::from_words(second));
        // It is 0 for every ciphertext, unless the computation was faulty.
        if public(difference != 0) {
            return Err(NotOneModP);
        }
        Ok(l)
    }

    /// m modulo p for that logarithm.
    pub(crate) fn message(&self, logarithm: &BoxedUint) -> Zeroizing<BoxedUint> {
        self.product(logarithm, &self.h)
    }

    /// Whether a plaintext m has that logarithm modulo p: exposes faults between the two.
    pub(crate) fn agrees(&self, m: &BoxedUint, logarithm: &BoxedUint) -> bool {
        // It does for every ciphertext, unless the computation was faulty.
        public(*self.product(m, &self.minus_q) == *logarithm)
    }

    /// The exponent d below p − 1 that takes n-th roots modulo p: n·d ≡ 1 modulo p − 1, for n =
    /// p·q.
    ///
    /// n ≡ q modulo p − 1, so d = (1 + (p − 1)·u)/q with u = −(p − 1)⁻¹ modulo q. The division is
    /// exact, so that it is enough to multiply by q's inverse modulo 2^|d|.
    pub(crate) fn root_exponent(&self, q: &Self) -> Zeroizing<Vec<u64>> {
        let order = Zeroizing::new(BoxedUint::from_words(self.order.iter().copied()));
        let u = q.negated_inverse(&order);
        let multiple = Zeroizing::new(order.wrapping_mul(&*u));
        let multiple = Zeroizing::new(multiple.wrapping_add(BoxedUint::one()));
        let d = Zeroizing::new(multiple.wrapping_mul(&*inverse_modulo_power_of_two(q.prime())));
        Zeroizing::new(d.as_words().to_vec())
    }

    /// −x⁻¹ modulo p, for an x that p does not divide: by Fermat, x^(p − 2) is the inverse.
    fn negated_inverse(&self, x: &BoxedUint) -> Zeroizing<BoxedUint> {
        let exponent = Zeroizing::new(self.prime.wrapping_sub(BoxedUint::from(2u8)));
        let inverse = (self.ring).pow(&self.ring.residue(x.as_words()), exponent.as_words());
        self.half(&self.ring.sub(&self.ring.residue(&[]), &inverse))
    }

    /// A number below n modulo p, as limbs.
    pub(crate) fn reduced(&self, number: &BoxedUint) -> Zeroizing<Vec<u64>> {
        let residue = self.ring.residue(number.as_words());
        Zeroizing::new(self.ring.halves(&residue).0)
    }

    /// x·y modulo p for numbers below n.
    ///
    /// Computed in the ring modulo p², like all reductions here: crypto-bigint's divisions branch
    /// on the divisor's number of bits.
    fn product(&self, x: &BoxedUint, y: &BoxedUint) -> Zeroizing<BoxedUint> {
        let [x, y] = [x, y].map(|number| self.ring.residue(number.as_words()));
        self.half(&self.ring.mul(&x, &y))
    }

    /// (x − y)·z modulo p for numbers below n.
    pub(crate) fn multiple_of_difference(
        &self,
        x: &BoxedUint,
        y: &BoxedUint,
        z: &BoxedUint,
    ) -> Zeroizing<BoxedUint> {
        let [x, y, z] = [x, y, z].map(|number| self.ring.residue(number.as_words()));
        self.half(&self.ring.mul(&self.ring.sub(&x, &y), &z))
    }

    /// An element of the ring modulo p.
    fn half(&self, x: &Residue) -> Zeroizing<BoxedUint> {
        let (half, _) = self.ring.halves(x);
        Zeroizing::new(BoxedUint::from_words(half))
    }
}

#[cfg(test)]
impl PrimeRing {
    /// A fault, for tests: the factor that makes a message of a logarithm is off by one.
    pub(crate) fn damage_message_factor(&mut self) {
        self.h = self.h.add_mod(
            &BoxedUint::one_with_precision(self.h.bits_precision()),
            &self.prime,
        );
    }
}

/// x⁻¹ modulo 2^|x| for an odd x, by Newton's iteration.
fn inverse_modulo_power_of_two(x: &BoxedUint) -> Zeroizing<BoxedUint> {
    // x·x ≡ 1 modulo 8: three bits are right at the start, and each step doubles them.
    let mut inverse = Zeroizing::new(x.clone());
    for _ in 0..x.bits_precision().ilog2() {
        let product = Zeroizing::new(x.wrapping_mul(&*inverse));
        let negated = Zeroizing::new(product.wrapping_neg());
        let factor = Zeroizing::new(negated.wrapping_add(BoxedUint::from(2u8)));
        inverse = Zeroizing::new(inverse.wrapping_mul(&*factor));
    }
    inverse
}

/// rⁿ modulo p² for a uniform unit r, as y^p for a uniform y modulo p.
///
/// n = p·q, and raising to the power of q permutes the n-th powers, so they are the p-th powers;
/// y ↦ y^p maps the units modulo p one to one onto them. An exponent of |p| bits is enough.
fn uniform_nth_power(ring: &SquareModulus) -> Residue {
    let y = ring.residue(&random::below_modulus(ring));
    ring.pow(&y, ring.n())
}
