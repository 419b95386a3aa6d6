//! Ciphertexts derived from a seed, so that they need not be sent.
//!
//! Every unit of Z*_{n²} is a ciphertext of something: (m, r) ↦ (1 + m·n)·rⁿ maps Z_n × Z*_n onto
//! Z*_{n²}, one to one (Paillier 1999, lemma 3). So ciphertexts z_i can be drawn from an
//! extendable-output function that both sides run on the same short seed. The owner of the secret
//! key decrypts them ahead of time to learn what they hold, and later sends only the differences to
//! what they should hold; the service adds those as plaintexts.
//!
//! Ciphertext number i is a + b·n, where a and b are the two big-endian halves of 2·(|n|/8 + 16)
//! bytes of SHAKE256 (FIPS 202), each reduced modulo n, after absorbing
//!
//! 1. `veilcast seeded upload v1`,
//! 2. the length of n in bytes, as four bytes, and n,
//! 3. the seed of 32 bytes,
//! 4. i, as eight bytes,
//!
//! all numbers big-endian. The 128 bits beyond |n| keep the halves within 2⁻¹²⁸ of uniform.
//!
//! Security rests on SHAKE256 being a random oracle: then the z_i are uniform, like fresh
//! ciphertexts, and the seed reveals nothing about what they hold.

use crypto_bigint::BoxedUint;
use rayon::prelude::*;
use shake::{ExtendableOutput, Shake256, Shake256Reader, Update, XofReader};

use crate::ciphertext::{Ciphertext, CiphertextError};
use crate::encoding::limbs_from_bytes;
use crate::public_key::PublicKey;

/// Distinguishes these ciphertexts from everything else that SHAKE256 is used for.
const DOMAIN: &[u8] = b"veilcast seeded upload v1";

/// Bytes drawn for a number in addition to those of n.
const EXTRA_BYTES: usize = 16;

impl PublicKey {
    /// The ciphertexts number `first` to `first + count − 1` of a seed, spread over the cores.
    ///
    /// Only the secret key reveals the numbers that they hold. Use each ciphertext of a seed **only
    /// once**: two plaintexts sent as differences to the same ciphertext reveal the difference
    /// between them to everyone. Take seeds from the operating system's generator. Variable time:
    /// n, the seed and the ciphertexts are public.
    ///
    /// # Errors
    /// [`CiphertextError::NotAUnit`] if a ciphertext is not coprime to n: choose another seed. Both
    /// sides get the same error. Under an honest key it has the probability of factoring n by a
    /// guess; a stranger's modulus with small factors makes it likelier.
    /// [`CiphertextError::SeedUsedUp`] if the last number is above 2⁶⁴ − 1.
    pub fn seeded_ciphertexts(
        &self,
        seed: &[u8; 32],
        first: u64,
        count: usize,
    ) -> Result<Vec<Ciphertext>, CiphertextError> {
        let last = (count as u64).saturating_sub(1);
        if first.checked_add(last).is_none() {
            return Err(CiphertextError::SeedUsedUp);
        }
        let n = self.modulus();
        let mut absorbed = Shake256::default();
        absorbed.update(DOMAIN);
        absorbed.update(&(n.len() as u32).to_be_bytes());
        absorbed.update(&n);
        absorbed.update(seed);
        let ciphertext = |i: usize| {
            let mut absorbed = absorbed.clone();
            absorbed.update(&(first + i as u64).to_be_bytes());
            let mut output = absorbed.finalize_xof();
            let [a, b] = [(); 2].map(|()| self.next_below_n(&mut output));
            let residue = self.ring().residue_from_halves(a.as_words(), b.as_words());
            self.ciphertext(residue.expect("the halves are reduced"))
        };
        let ciphertexts = (0..count).into_par_iter().map(ciphertext).collect();
        self.all_units_vartime(ciphertexts)
    }

    /// The next number of a public output, in n's limbs: 128 bits more than n has, big-endian,
    /// reduced modulo n, which keeps it within 2⁻¹²⁸ of uniform.
    pub(crate) fn next_below_n(&self, output: &mut Shake256Reader) -> BoxedUint {
        let mut bytes = vec![0; 8 * self.limbs() + EXTRA_BYTES];
        output.read(&mut bytes);
        let n = BoxedUint::from_words(self.modulus_limbs().iter().copied());
        let n = n.into_nz().expect("n is not zero");
        BoxedUint::from_words(limbs_from_bytes(&bytes)).rem_vartime(&n)
    }
}
