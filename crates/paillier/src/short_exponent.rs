//! [`ShortExponentRandomizers`]: faster encryption with only the public key, by Damgård, Jurik and
//! Nielsen (2010).

use crypto_bigint::{BoxedUint, NonZero};
use veilcast_arith::FixedBase;

use crate::public_key::PublicKey;
use crate::random;
use crate::randomizer::Randomizer;

/// A source of randomisers h_s^e modulo n², with h_s = (−x²)ⁿ for a random x, and random exponents
/// e of |n|/2 bits.
///
/// Security rests on two assumptions. One is decisional composite residuosity, as for Paillier's
/// scheme itself. The other is that powers with exponents of |n|/2 bits can't be told from powers
/// with longer ones, in the subgroup of Jacobi symbol +1 modulo a product of primes that are 3
/// modulo 4 and have gcd(p − 1, q − 1) = 2. Keys that this library generates have primes that are 3
/// modulo 4; a stranger's can't be checked for either. [`PublicKey::randomizer`] needs only the
/// first assumption.
///
/// **Never use it for a service's answers**: the key's owner can compute discrete logarithms modulo
/// the primes, and a short exponent does not hide the earlier randomness from the owner.
///
/// It keeps a table of 3.3 MiB for a key of 2048 bits, 7.4 MiB for 3072, and 13 MiB for 4096.
#[derive(Debug)]
pub struct ShortExponentRandomizers {
    key: PublicKey,
    table: FixedBase,
}

impl ShortExponentRandomizers {
    /// Chooses h_s and computes the table, which costs about as much as three encryptions with the
    /// public key. `None` if n is 3 modulo 4, since the primes are then not both 3 modulo 4.
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

    /// A fresh encryption of 0: one product per five bits of the exponent.
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
