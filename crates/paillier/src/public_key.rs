//! [`PublicKey`]: encoding numbers, encrypting them, ciphertexts as bytes.

use std::hint::black_box;
use std::sync::Arc;

use crypto_bigint::{BoxedUint, ConcatenatingMul, Odd};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use veilcast_arith::{Power, Residue, SquareModulus, pow_many};
use zeroize::Zeroizing;

use crate::ciphertext::{Ciphertext, CiphertextError};
use crate::encoding::{bytes_from_limbs, limbs_from_bytes};
use crate::modulus_checks;
use crate::plaintext::{Plaintext, PlaintextError};
use crate::policy::KeyPolicy;
use crate::public_values::public;
use crate::random;
use crate::randomizer::Randomizer;

/// Powers that are computed at once.
const LANES: usize = 8;

/// A modulus n under which anyone can encrypt and compute. Cheap to clone.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    ring: SquareModulus,
    /// n² as 2L limbs.
    n_squared: Vec<u64>,
    /// SHA-256 of n's bytes.
    fingerprint: [u8; 32],
    /// The first bytes of the fingerprint: tells ciphertexts of different keys apart.
    tag: u64,
}

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
    /// The modulus is a prime, or passes for one.
    #[error("the key's modulus is a prime, not a product of two")]
    Prime,
    /// The modulus is a perfect power.
    #[error(
        "the key's modulus is a perfect power (exponent {0}), not a product of two different primes"
    )]
    PerfectPower(u32),
}

impl PublicKey {
    /// The key with modulus n, given as big-endian bytes; leading zeros are accepted.
    ///
    /// Takes a power modulo n: keep the key for further use. Variable time, since n is public.
    ///
    /// # Errors
    /// n must have a size that the policy accepts, be odd, have no factor below 2¹⁶, and be neither
    /// a prime nor a perfect power. Whoever computes for a stranger needs more: a
    /// [`KeyProof`](crate::KeyProof).
    pub fn from_modulus(n: &[u8], policy: KeyPolicy) -> Result<Self, PublicKeyError> {
        let n = &n[n.iter().take_while(|&&byte| byte == 0).count()..];
        let bits = n
            .first()
            .map_or(0, |top| 8 * n.len() as u32 - top.leading_zeros());
        if !policy.allows(bits) {
            return Err(PublicKeyError::Size(bits));
        }
        let n = BoxedUint::from_be_slice_vartime(n);
        let n = Odd::new(n).into_option().ok_or(PublicKeyError::Even)?;
        Ok(Self::from_ring(modulus_checks::ring_vartime(&n)?))
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

    /// The plaintext with the given little-endian limbs; missing ones are zeros.
    ///
    /// # Errors
    /// The number must be below n.
    pub fn plaintext(&self, number: &[u64]) -> Result<Plaintext, PlaintextError> {
        let (low, high) = number.split_at(number.len().min(self.limbs()));
        let mut limbs = low.to_vec();
        limbs.resize(self.limbs(), 0);
        // Which of the two it is, the caller's course tells in any case.
        if public(self.0.ring.is_below_n(&limbs) & (all_bits(high) == 0)) {
            Ok(Plaintext::from_checked(limbs))
        } else {
            Err(PlaintextError::TooLarge)
        }
    }

    /// A uniform plaintext.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn random_plaintext(&self) -> Plaintext {
        Plaintext::from_checked(random::below_modulus(&self.0.ring).to_vec())
    }

    /// The plaintext that stands for a signed number: v itself, or n − |v|.
    ///
    /// # Errors
    /// None for the accepted key sizes, which hold every `i128`.
    pub fn encode(&self, value: i128) -> Result<Plaintext, PlaintextError> {
        let is_negative = (value >> 127) as u64;
        let magnitude = value.unsigned_abs();
        let plaintext = self.plaintext(&[magnitude as u64, (magnitude >> 64) as u64])?;
        // Both are made, so that the time does not tell the sign.
        let limbs = choose(
            is_negative,
            self.negate(&plaintext).limbs(),
            plaintext.limbs(),
        );
        Ok(Plaintext::from_checked(limbs))
    }

    /// The signed number that a plaintext stands for, if it fits: above n/2 it is negative.
    pub fn decode(&self, plaintext: &Plaintext) -> Option<i128> {
        // The number, and zero if it fits.
        let small = |limbs: &[u64]| {
            let (low, high) = limbs.split_at(2);
            let number = (u128::from(low[1]) << 64 | u128::from(low[0])) as i128;
            (number, all_bits(high) | low[1] >> 63)
        };
        let (value, misfit) = small(plaintext.limbs());
        let (magnitude, negative_misfit) = small(self.negate(plaintext).limbs());
        // That it fits is the caller's to know; which of the two does, the sign, is not told.
        let is_positive = is_zero(misfit);
        if public((is_positive | is_zero(negative_misfit)) == 0) {
            return None;
        }
        let mask = i128::from(is_positive as i64);
        Some((value & mask) | (magnitude.wrapping_neg() & !mask))
    }

    /// n − m, or 0 for 0.
    pub(crate) fn negate(&self, m: &Plaintext) -> Plaintext {
        let n = BoxedUint::from_words(self.0.ring.n().iter().copied());
        let m = Zeroizing::new(BoxedUint::from_words(m.limbs().iter().copied()));
        let negated = m.neg_mod(&n.into_nz().expect("n is not zero"));
        Plaintext::from_checked(negated.as_words().to_vec())
    }

    /// A fresh encryption of 0, rⁿ for a uniform r: one full power modulo n².
    ///
    /// r is coprime to n but for a chance that amounts to factoring n by a guess.
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
        let (ring, key_tag) = (&self.0.ring, self.tag());
        let group = |start: usize| {
            let count = LANES.min(count - start);
            let r: Vec<Residue> = (0..count)
                .map(|_| ring.residue(&random::below_modulus(ring)))
                .collect();
            let powers: Vec<_> = r
                .iter()
                .map(|base| Power {
                    modulus: ring,
                    base,
                    exponent: ring.n(),
                })
                .collect();
            pow_many(&powers)
                .into_iter()
                .map(move |residue| Randomizer { residue, key_tag })
        };
        (0..count)
            .into_par_iter()
            .step_by(LANES)
            .flat_map_iter(group)
            .collect()
    }

    /// Encrypts under a fresh [`randomizer`](Self::randomizer): c = (1 + m·n)·rⁿ.
    ///
    /// The key's owner encrypts several times faster with
    /// [`SecretKey::encrypt`](crate::SecretKey::encrypt).
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn encrypt(&self, m: &Plaintext) -> Ciphertext {
        self.encrypt_with(m, self.randomizer())
    }

    /// Encrypts under a randomiser made beforehand.
    pub fn encrypt_with(&self, m: &Plaintext, randomizer: Randomizer) -> Ciphertext {
        self.assert_own(randomizer.key_tag);
        let mut residue = randomizer.residue;
        self.0.ring.mul_one_plus_n_times(&mut residue, m.limbs());
        self.ciphertext(residue)
    }

    /// Encrypts several plaintexts under as many randomisers made beforehand, spread over the cores.
    ///
    /// # Panics
    /// If there are not as many randomisers as plaintexts.
    pub fn encrypt_many_with(
        &self,
        plaintexts: &[Plaintext],
        randomizers: Vec<Randomizer>,
    ) -> Vec<Ciphertext> {
        assert_eq!(
            plaintexts.len(),
            randomizers.len(),
            "a randomiser for each plaintext"
        );
        let encrypted = plaintexts
            .par_iter()
            .zip(randomizers)
            .map(|(m, r)| self.encrypt_with(m, r));
        encrypted.collect()
    }

    /// The ciphertext's canonical encoding: [`ciphertext_bytes`](Self::ciphertext_bytes) bytes, big-endian.
    pub fn encode_ciphertext(&self, c: &Ciphertext) -> Vec<u8> {
        bytes_from_limbs(&self.0.ring.to_limbs(self.residue(c)))
    }

    /// Ciphertexts from their encodings, spread over the cores. Variable time.
    ///
    /// # Errors
    /// Each must be of the canonical width, from 1 to n² − 1, and coprime to n. The latter is
    /// checked for all at once, by one greatest common divisor.
    pub fn decode_ciphertexts<'a>(
        &self,
        encodings: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Vec<Ciphertext>, CiphertextError> {
        let mut numbers = Vec::new();
        for (index, bytes) in encodings.into_iter().enumerate() {
            let (expected, actual) = (self.ciphertext_bytes(), bytes.len());
            if actual != expected {
                return Err(CiphertextError::Width {
                    index,
                    expected,
                    actual,
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

/// The bits that any of the limbs has.
fn all_bits(limbs: &[u64]) -> u64 {
    limbs.iter().fold(0, |bits, &limb| bits | limb)
}

/// All ones if x is 0, else 0.
fn is_zero(x: u64) -> u64 {
    // Hidden from the optimiser, which might make a branch of what it masks.
    black_box(((x | x.wrapping_neg()) >> 63).wrapping_sub(1))
}

/// `a` if the mask is all ones, `b` if it is 0.
fn choose(mask: u64, a: &[u64], b: &[u64]) -> Vec<u64> {
    let mask = black_box(mask);
    a.iter()
        .zip(b)
        .map(|(a, b)| (a & mask) | (b & !mask))
        .collect()
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
