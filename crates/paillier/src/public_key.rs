//! [`PublicKey`]: plaintexts, encryption, and ciphertexts as bytes.

use std::sync::Arc;

use crypto_bigint::{BoxedUint, ConcatenatingMul, Odd};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use veilcast_arith::{
    Residue, SquareModulus, at_once, horner_in_halves_vartime, horner_powers_vartime,
};
use zeroize::Zeroizing;

use crate::ciphertext::{Ciphertext, CiphertextError};
use crate::encoding::{bytes_from_limbs, limbs_from_bytes};
use crate::limbs::all_bits;
use crate::modulus_checks::{PublicKeyError, checked_ring_vartime};
use crate::plaintext::{Plaintext, PlaintextError};
use crate::policy::KeyPolicy;
use crate::public_values::public;
use crate::random;
use crate::randomizer::Randomizer;

/// A modulus n under which anyone can encrypt and compute. Cheap to clone.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    ring: SquareModulus,
    /// n² as 2L limbs.
    n_squared: Vec<u64>,
    /// SHA-256 of n's bytes.
    fingerprint: [u8; 32],
    /// The first bytes of the fingerprint, which tell ciphertexts of different keys apart.
    tag: u64,
}

impl PublicKey {
    /// The key with modulus n, given as big-endian bytes; leading zeros are accepted.
    ///
    /// The checks cost a power modulo n: keep the key. Variable time, since n is public.
    ///
    /// # Errors
    /// n must have a size that the policy accepts, be odd, have no factor below 2¹⁶, and be neither
    /// a prime nor a perfect power. To compute under a stranger's key, also ask for a
    /// [`KeyProof`](crate::KeyProof).
    pub fn from_modulus(n: &[u8], policy: KeyPolicy) -> Result<Self, PublicKeyError> {
        checked_ring_vartime(n, policy).map(Self::from_ring)
    }

    /// The key of a modulus that is known to be good.
    pub(crate) fn from_checked(n: &Odd<BoxedUint>) -> Self {
        let ring = SquareModulus::new(n.as_ref().as_words());
        Self::from_ring(ring.expect("an accepted modulus is odd and fills its limbs"))
    }

    fn from_ring(ring: SquareModulus) -> Self {
        let n = BoxedUint::from_words(ring.n().iter().copied());
        let fingerprint: [u8; 32] = Sha256::digest(n.to_be_bytes()).into();
        let tag = fingerprint[..8]
            .iter()
            .fold(0, |tag, &byte| (tag << 8) | u64::from(byte));
        let n_squared = n.concatenating_mul(&n).as_words().to_vec();
        Self(Arc::new(Inner {
            ring,
            n_squared,
            fingerprint,
            tag,
        }))
    }

    /// The modulus n as big-endian bytes without leading zeros.
    pub fn modulus(&self) -> Vec<u8> {
        bytes_from_limbs(self.0.ring.n())
    }

    /// The modulus n as little-endian limbs.
    pub fn modulus_limbs(&self) -> &[u64] {
        self.0.ring.n()
    }

    /// |n| in bits.
    pub fn bits(&self) -> u32 {
        64 * self.limbs() as u32
    }

    /// |n| in 64-bit limbs.
    pub fn limbs(&self) -> usize {
        self.0.ring.limbs()
    }

    /// The bytes of a ciphertext's encoding: twice those of n.
    pub fn ciphertext_bytes(&self) -> usize {
        16 * self.limbs()
    }

    /// SHA-256 of [`modulus`](Self::modulus): a short name for the key.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.0.fingerprint
    }

    pub(crate) fn tag(&self) -> u64 {
        self.0.tag
    }

    pub(crate) fn ring(&self) -> &SquareModulus {
        &self.0.ring
    }

    /// The plaintext with the given little-endian limbs; missing limbs are zeros.
    ///
    /// # Errors
    /// The number must be below n.
    pub fn plaintext(&self, number: &[u64]) -> Result<Plaintext, PlaintextError> {
        let (low, high) = number.split_at(number.len().min(self.limbs()));
        let mut limbs = low.to_vec();
        limbs.resize(self.limbs(), 0);
        // The result shows which of the two it is.
        if public(self.0.ring.is_below_n(&limbs) & (all_bits(high) == 0)) {
            Ok(Plaintext::from_checked(limbs))
        } else {
            Err(PlaintextError::TooLarge)
        }
    }

    /// The plaintext with the given big-endian bytes; leading zeros are accepted.
    ///
    /// # Errors
    /// The number must be below n.
    pub fn plaintext_from_bytes(&self, number: &[u8]) -> Result<Plaintext, PlaintextError> {
        self.plaintext(&Zeroizing::new(limbs_from_bytes(number)))
    }

    /// A uniform plaintext.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn random_plaintext(&self) -> Plaintext {
        Plaintext::from_checked(random::below_modulus(&self.0.ring).to_vec())
    }

    /// A fresh encryption of 0, rⁿ for a uniform r: one full power modulo n².
    ///
    /// r is coprime to n, except with the probability of factoring n by a guess.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn randomizer(&self) -> Randomizer {
        let r = self.0.ring.residue(&random::below_modulus(&self.0.ring));
        let residue = self.0.ring.pow_vartime(&r, self.0.ring.n());
        Randomizer {
            residue,
            key_tag: self.tag(),
        }
    }

    /// Fresh encryptions of 0, as [`randomizer`](Self::randomizer) makes them, spread over the
    /// cores; many at once take less time each on processors with AVX-512 IFMA.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn randomizers(&self, count: usize) -> Vec<Randomizer> {
        let residues = self.under_randomness(&vec![Vec::new(); count], 0);
        let key_tag = self.tag();
        let randomizer = |residue| Randomizer { residue, key_tag };
        residues.into_iter().map(randomizer).collect()
    }

    /// rⁿ·Π lists\[j\]\[i\]^(2^(bits·i)) for each list j and a fresh uniform r, spread over the cores.
    pub(crate) fn under_randomness(&self, lists: &[Vec<&Residue>], bits: u32) -> Vec<Residue> {
        let ring = self.ring();
        let fresh = |_: &_| ring.residue(&random::below_modulus(ring));
        if Self::has_two_threads_for_each(lists.len()) {
            let products = lists.par_iter().map(|list| {
                let power = Some((&fresh(list), ring.n()));
                horner_in_halves_vartime(ring, list, bits, power)
            });
            return products.collect();
        }
        let group = at_once(self.limbs(), 1, lists.len(), rayon::current_num_threads());
        let products = lists.par_chunks(group).flat_map_iter(|lists| {
            let r: Vec<Residue> = lists.iter().map(fresh).collect();
            horner_powers_vartime(ring, lists, bits, &r, ring.n())
        });
        products.collect()
    }

    /// Whether the current pool has two threads for each of `count` numbers.
    pub(crate) fn has_two_threads_for_each(count: usize) -> bool {
        2 * count <= rayon::current_num_threads()
    }

    /// Encrypts under a fresh [`randomizer`](Self::randomizer): c = (1 + m·n)·rⁿ.
    ///
    /// The key's owner encrypts several times faster with
    /// [`SecretKey::encrypt`](crate::SecretKey::encrypt).
    ///
    /// # Panics
    /// If the operating system's generator fails, or the plaintext belongs to a key of another
    /// size.
    pub fn encrypt(&self, m: &Plaintext) -> Ciphertext {
        self.encrypt_with(m, self.randomizer())
    }

    /// Encrypts under a randomiser computed beforehand.
    ///
    /// # Panics
    /// If the randomiser belongs to another key, or the plaintext to a key of another size.
    pub fn encrypt_with(&self, m: &Plaintext, randomizer: Randomizer) -> Ciphertext {
        self.assert_own(randomizer.key_tag);
        let mut residue = randomizer.residue;
        self.0.ring.mul_one_plus_n_times(&mut residue, m.limbs());
        self.ciphertext(residue)
    }

    /// Encrypts several plaintexts under randomisers computed beforehand, spread over the cores.
    ///
    /// # Panics
    /// If there is not exactly one randomiser per plaintext; otherwise as
    /// [`encrypt_with`](Self::encrypt_with).
    pub fn encrypt_many_with(
        &self,
        plaintexts: &[Plaintext],
        randomizers: Vec<Randomizer>,
    ) -> Vec<Ciphertext> {
        assert_eq!(
            plaintexts.len(),
            randomizers.len(),
            "there must be one randomiser per plaintext"
        );
        let encrypted = plaintexts
            .par_iter()
            .zip(randomizers)
            .map(|(m, r)| self.encrypt_with(m, r));
        encrypted.collect()
    }

    /// The ciphertext's canonical encoding: [`ciphertext_bytes`](Self::ciphertext_bytes) bytes,
    /// big-endian.
    ///
    /// # Panics
    /// If the ciphertext belongs to another key.
    pub fn encode_ciphertext(&self, c: &Ciphertext) -> Vec<u8> {
        bytes_from_limbs(&self.0.ring.to_limbs(self.residue(c)))
    }

    /// The ciphertext of an encoding. Variable time.
    ///
    /// Takes a greatest common divisor: decode several at once with
    /// [`decode_ciphertexts`](Self::decode_ciphertexts).
    ///
    /// # Errors
    /// As `decode_ciphertexts`, with the index 0.
    pub fn decode_ciphertext(&self, encoding: &[u8]) -> Result<Ciphertext, CiphertextError> {
        self.decode_ciphertexts([encoding])
            .map(|mut ciphertexts| ciphertexts.remove(0))
    }

    /// Ciphertexts from their encodings, spread over the cores. Variable time.
    ///
    /// # Errors
    /// Each must have the canonical width, be from 1 to n² − 1, and be coprime to n. The last is
    /// checked for all at once, by one greatest common divisor.
    pub fn decode_ciphertexts<'a>(
        &self,
        encodings: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Vec<Ciphertext>, CiphertextError> {
        let mut numbers = Vec::new();
        for (index, bytes) in encodings.into_iter().enumerate() {
            let (expected, found) = (self.ciphertext_bytes(), bytes.len());
            if found != expected {
                return Err(CiphertextError::Width {
                    index,
                    expected,
                    found,
                });
            }
            let limbs = limbs_from_bytes(bytes);
            let is_below = limbs.iter().rev().lt(self.0.n_squared.iter().rev());
            if !is_below || limbs.iter().all(|&limb| limb == 0) {
                return Err(CiphertextError::Range { index });
            }
            numbers.push(limbs);
        }
        let residue = |limbs: &Vec<u64>| self.ciphertext(self.0.ring.residue(limbs));
        let ciphertexts: Vec<Ciphertext> = numbers.par_iter().map(residue).collect();
        self.all_units_vartime(ciphertexts)
    }

    /// These ciphertexts, if all of them are coprime to n.
    pub(crate) fn all_units_vartime(
        &self,
        ciphertexts: Vec<Ciphertext>,
    ) -> Result<Vec<Ciphertext>, CiphertextError> {
        let residues = ciphertexts.iter().map(|c| &c.residue);
        if self.0.ring.are_units_vartime(residues) {
            Ok(ciphertexts)
        } else {
            Err(CiphertextError::NotAUnit)
        }
    }

    pub(crate) fn ciphertext(&self, residue: Residue) -> Ciphertext {
        Ciphertext {
            residue,
            key_tag: self.tag(),
        }
    }

    /// The ciphertext's residue, if it is this key's.
    pub(crate) fn residue<'a>(&self, c: &'a Ciphertext) -> &'a Residue {
        self.assert_own(c.key_tag);
        &c.residue
    }

    pub(crate) fn assert_own(&self, tag: u64) {
        assert_eq!(
            tag,
            self.tag(),
            "ciphertexts and randomisers belong to one key, and this is another"
        );
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ring.n() == other.0.ring.n()
    }
}

impl Eq for PublicKey {}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({} bits, {:016x}…)", self.bits(), self.tag())
    }
}
