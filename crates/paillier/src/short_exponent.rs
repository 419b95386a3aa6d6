//! [`ShortExponentRandomizers`]: faster encryption with only the public key, by Damgård, Jurik and
//! Nielsen (2010).

use crypto_bigint::{BoxedUint, NonZero};
use rayon::prelude::*;
use veilcast_arith::FixedBase;

use crate::public_key::PublicKey;
use crate::random;
use crate::randomizer::Randomizer;

/// The most that are computed at once by the fastest processors.
const LANES: usize = 8;

/// The most randomisers that a thread computes together: the table is read only once for all of them.
const GROUP: usize = 64;

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
/// It keeps a table of up to 7 MB for a key of 2048 bits, 16 MB for 3072, and 28 MB for 4096.
#[derive(Debug)]
pub struct ShortExponentRandomizers {
    key: PublicKey,
    table: FixedBase,
}

impl ShortExponentRandomizers {
    /// Chooses h_s and computes the table, which costs about as much as six encryptions with the
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
        let table = FixedBase::for_many(ring, &h_s, ring.limbs() / 2);
        Some(Self {
            key: key.clone(),
            table,
        })
    }

    /// A fresh encryption of 0: one product per six bits of the exponent.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn randomizer(&self) -> Randomizer {
        self.randomizers(1).pop().expect("as many as asked for")
    }

    /// Fresh encryptions of 0, spread over the cores: in less time each than one by one.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn randomizers(&self, count: usize) -> Vec<Randomizer> {
        let ring = self.key.ring();
        let key_tag = self.key.tag();
        let per_thread = count.div_ceil(rayon::current_num_threads());
        let at_once = per_thread.next_multiple_of(LANES).clamp(LANES, GROUP);
        let exponents: Vec<_> = (0..count)
            .map(|_| random::limbs(ring.limbs() / 2))
            .collect();
        let powers = exponents.par_chunks(at_once).flat_map_iter(|exponents| {
            let exponents: Vec<&[u64]> = exponents.iter().map(|e| e.as_slice()).collect();
            self.table.pow_many(ring, &exponents)
        });
        powers
            .map(|residue| Randomizer { residue, key_tag })
            .collect()
    }
}
