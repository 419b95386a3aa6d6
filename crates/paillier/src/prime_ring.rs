//! [`PrimeRing`], what the key's owner computes modulo the square of one of the two primes.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crypto_bigint::{BoxedUint, ConcatenatingMul, Limb, NonZero, Odd};
use veilcast_arith::{FixedBase, Power, Residue, SquareModulus};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::modulus_checks::SMALL_PRIMES;
use crate::random;

/// Limbs of the exponent that blinds a decryption: 128 bits.
const BLINDING_LIMBS: usize = 2;

/// n-th powers made one by one before a table is made for them: it costs about as much as eight.
const BEFORE_TABLE: usize = 8;

/// The ring modulo p², and what decryption needs modulo p, for a prime p of a key p·q.
///
/// All of it is secret and wiped on drop.
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
    /// Powers of a generator of the n-th powers, once enough of them were asked for.
    #[zeroize(skip)] // wipes itself
    nth_powers: OnceLock<FixedBase>,
    /// How many were asked for.
    #[zeroize(skip)]
    asked: AtomicUsize,
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
    /// The first few are made by a full power each. When more are asked for, a table of a
    /// generator's powers is made, and each takes a uniform exponent below p − 1 through it.
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

    /// Whether n-th powers come from a table by now.
    pub(crate) fn has_table(&self) -> bool {
        self.nth_powers.get().is_some()
    }

    /// A generator of the n-th powers modulo p², but for prime factors of p − 1 above 2¹⁶.
    ///
    /// A random element misses the factor ℓ of p − 1 with probability 1/ℓ; for every ℓ below 2¹⁶
    /// it is tried until it doesn't. Some other prime factor is missed with a probability of at most
    /// Σ 1/ℓ over the factors ℓ > 2¹⁶ of p − 1. Over the choice of p, a prime ℓ divides p − 1 once in
    /// ℓ − 1 times, so that the sum is Σ 1/(ℓ·(ℓ − 1)) over all primes above 2¹⁶ on average, below
    /// 2⁻¹⁹: that is for each of a key's two primes, and 2⁻¹⁸ for a key. Then the randomisers of the
    /// key lie in a subgroup of the n-th powers with an index above 2¹⁶, a coset of which ciphertexts
    /// can be told from another's by whoever can factor n; nobody else is known to be able to.
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

    /// c modulo p², times an n-th power that blinds it and that decrypting makes 1 again.
    pub(crate) fn blinded(&self, c: &[u64]) -> Residue {
        let mut blinded = self.ring.residue(c);
        let blind = self.blinds.pow(&self.ring, &random::limbs(BLINDING_LIMBS));
        self.ring.mul_assign(&mut blinded, &blind);
        blinded
    }

    /// The power that decrypting takes: c^(p−1).
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
    /// The first half of the power must be 1, by Fermat; that it is, is checked: a fault would give
    /// the primes away.
    pub(crate) fn logarithm(&self, power: &Residue) -> Result<Zeroizing<BoxedUint>, NotOneModP> {
        let (first, second) = self.ring.halves(power);
        let difference = first
            .iter()
            .enumerate()
            .fold(0, |bits, (i, &limb)| bits | (limb ^ u64::from(i == 0)));
        let l = Zeroizing::new(BoxedUint::from_words(second));
        if difference != 0 {
            return Err(NotOneModP);
        }
        Ok(l)
    }

    /// m modulo p for that logarithm.
    pub(crate) fn message(&self, logarithm: &BoxedUint) -> Zeroizing<BoxedUint> {
        Zeroizing::new(logarithm.mul_mod(&self.h, &self.prime))
    }

    /// Whether a plaintext m has that logarithm modulo p: what went wrong between the two shows.
    pub(crate) fn agrees(&self, m: &BoxedUint, logarithm: &BoxedUint) -> bool {
        let in_p = Zeroizing::new(m.rem(&self.prime));
        let expected = Zeroizing::new(in_p.mul_mod(&self.minus_q, &self.prime));
        *expected == *logarithm
    }

    /// The exponent d below p − 1 that takes n-th roots modulo p: n·d ≡ 1 modulo p − 1, for n = p·q.
    ///
    /// n ≡ q modulo p − 1, so d = (1 + (p − 1)·u)/q with u = −(p − 1)⁻¹ modulo q.
    pub(crate) fn root_exponent(&self, q: &NonZero<BoxedUint>) -> Zeroizing<Vec<u64>> {
        let order = Zeroizing::new(BoxedUint::from_words(self.order.iter().copied()));
        let odd_q = Odd::new((**q).clone()).expect("large primes are odd");
        let reduced = Zeroizing::new(order.rem(q));
        let inverse = reduced.invert_odd_mod(&odd_q);
        let inverse = Zeroizing::new(inverse.expect("n and φ(n) have no common factor"));
        let u = Zeroizing::new(inverse.neg_mod(q));
        let multiple = Zeroizing::new(order.concatenating_mul(&*u));
        let multiple = Zeroizing::new(multiple.wrapping_add(BoxedUint::one()));
        let d = Zeroizing::new(multiple.div_exact(q).expect("u makes it a multiple of q"));
        Zeroizing::new(d.as_words()[..self.order.len()].to_vec())
    }

    /// A number below n modulo p, as limbs.
    pub(crate) fn reduced(&self, number: &BoxedUint) -> Zeroizing<Vec<u64>> {
        let reduced = Zeroizing::new(number.rem(&self.prime));
        Zeroizing::new(reduced.as_words().to_vec())
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

/// rⁿ modulo p² for a uniform unit r, as y^p for a uniform y modulo p.
///
/// n = p·q, and raising to the power of q permutes the n-th powers, so they are the p-th powers;
/// y ↦ y^p maps the units modulo p one to one onto them. An exponent of |p| bits is enough.
fn uniform_nth_power(ring: &SquareModulus) -> Residue {
    let y = ring.residue(&random::below_modulus(ring));
    ring.pow(&y, ring.n())
}
