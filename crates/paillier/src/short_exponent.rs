//! [`ShortExponentRandomizers`]: the faster encryption of Damgård, Jurik and Nielsen (2010) for
//! who holds the public key alone.

use crypto_bigint::{BoxedUint, NonZero};
use veilcast_arith::FixedBase;

use crate::public_key::PublicKey;
use crate::random;
use crate::randomizer::Randomizer;

/// Makes randomisers h_s^e modulo n², with h_s = (−x²)ⁿ for a random x, and random exponents e of
/// |n|/2 bits.
///
/// Rests on two assumptions: decisional composite residuosity, as Paillier's scheme itself, and
/// that powers with exponents of |n|/2 bits can't be told from those with longer ones, in the
/// subgroup of Jacobi symbol +1 modulo a product of primes that are 3 modulo 4 with
/// gcd(p − 1, q − 1) = 2. Keys that this library generates have such primes; whether a stranger's
/// does can't be seen. [`PublicKey::randomizer`] needs neither of the latter.
///
/// **Never for a service's answers**: the key's owner can take discrete logarithms modulo his own
/// primes, and a short exponent does not hide from him what the randomness was before.
///
/// It keeps a table of 3.3 MiB for a key of 2048 bits, 7.4 MiB at 3072, 13 MiB at 4096.
#[derive(Debug)]
pub struct ShortExponentRandomizers {
    key: PublicKey,
    table: FixedBase,
}

impl ShortExponentRandomizers {
    /// Derives h_s from n alone and makes the table, which costs about as much as three classic
    /// encryptions. None if n is 3 modulo 4, so that the primes are not both 3 modulo 4.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn new(key: &PublicKey) -> Option<Self> {
        let ring = key.ring();
        if ring.n()[0] % 4 != 1 {
            return None;
        }
        let n = BoxedUint::from_words(ring.n().iter().copied());
        let modulus = NonZero::new(n).expect("n is not zero");
        let x = BoxedUint::from_words(random::below_modulus(ring).iter().copied());
        let h = x.mul_mod(&x, &modulus).neg_mod(&modulus);
        let h_s = ring.pow_vartime(&ring.residue(h.as_words()), ring.n());
        let table = FixedBase::new(ring, &h_s, ring.limbs() / 2);
        Some(Self {
            key: key.clone(),
            table,
        })
    }

    /// A fresh encryption of 0: one product for each five bits of the exponent.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn randomizer(&self) -> Randomizer {
        let exponent = random::limbs(self.key.limbs() / 2);
        Randomizer {
            residue: self.table.pow(self.key.ring(), &exponent),
            key_tag: self.key.tag(),
        }
    }
}
