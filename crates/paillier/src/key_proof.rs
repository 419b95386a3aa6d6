//! [`KeyProof`], which shows that a modulus is fit for use with somebody else's service.
//!
//! A service that computes on ciphertexts under somebody else's key hides its computation by a
//! factor ρⁿ, for a uniform ρ. That hides everything exactly if every unit modulo n is an n-th
//! power, that is, if gcd(n, φ(n)) = 1. With a modulus such as p³¹·q, or one with a prime factor
//! that divides another minus 1, the sender could replace a ciphertext by an element that is not an
//! n-th power, and it would carry weights past every mask. Such moduli can't be recognised, so the
//! owner of a key has to prove that it is not one of them.
//!
//! **The proof** consists of roots σᵢ with σᵢⁿ = ρᵢ modulo n, for i from 0 to 7, of numbers ρᵢ that
//! nobody chose: |n|/8 + 16 bytes of SHAKE256 (FIPS 202), reduced modulo n, after absorbing
//!
//! 1. `veilcast key proof v1`,
//! 2. the length of n in bytes, as four bytes, and n,
//! 3. i, as eight bytes,
//!
//! all numbers big-endian. The roots are written one after another, each in n's length.
//!
//! **Why it convinces** (Goldberg, Reyzin, Sagga and Baldimtsi, *Efficient noninteractive
//! certification of RSA moduli and beyond*, 2019, section 3): if a prime ℓ divides n and φ(n), at
//! most one in ℓ units is an n-th power, so that a root exists with probability 1/ℓ at most. No
//! prime below 2¹⁶ divides n, so that all eight roots exist with a probability below 2⁻¹²⁸, with
//! SHAKE256 as a random oracle.
//!
//! **What it reveals**: nothing else. A root of a number that somebody else chose would decrypt for
//! them; these numbers are derived from n alone, under a name that nothing else uses.

use crypto_bigint::BoxedUint;
use rayon::prelude::*;
use shake::{ExtendableOutput, Shake256, Update};
use zeroize::Zeroizing;

use crate::encoding::limbs_from_bytes;
use crate::public_key::PublicKey;
use crate::public_values::published;

/// Distinguishes these numbers from everything else that SHAKE256 is used for.
const DOMAIN: &[u8] = b"veilcast key proof v1";

/// The number of roots of a proof. Each adds 16 bits of soundness.
const ROOTS: usize = 8;

/// Eight n-th roots modulo n, with which the owner of a key proves that gcd(n, φ(n)) = 1.
///
/// It is public, and accompanies the public key. The existence of a value proves nothing:
/// [`PublicKey::prove`] checks it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyProof(Box<[u8]>);

/// Why a proof does not prove a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProofError {
    /// It does not consist of eight numbers of n's length.
    #[error(
        "the key's proof has {found} bytes; under this key it has {expected}, eight roots of n's length"
    )]
    Length {
        /// Bytes of a proof of this key.
        expected: usize,
        /// Bytes that it has.
        found: usize,
    },
    /// A root is 0 or not below n.
    #[error("root {0} (from 0) of the key's proof is not between 1 and n − 1")]
    Range(usize),
    /// A number whose root was requested has a factor in common with n.
    #[error("the key's modulus has a factor that its proof reveals: it is not fit for use")]
    Factor,
    /// A root's n-th power is not the expected number.
    #[error(
        "root {0} (from 0) of the key's proof is wrong: the proof is damaged, another key's, or the key is not fit for use"
    )]
    Root(usize),
}

/// A public key whose proof has been checked: every unit modulo n is an n-th power, so that a
/// factor ρⁿ hides everything but the plaintext.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenKey(PublicKey);

impl KeyProof {
    /// The proof with these bytes, not yet checked.
    pub fn from_bytes(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The eight roots, big-endian, in n's length each.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The proof with these roots, which are below n.
    ///
    /// # Panics
    /// If a root is wrong.
    pub(crate) fn from_roots(
        key: &PublicKey,
        challenges: &[BoxedUint],
        roots: &[Zeroizing<BoxedUint>],
    ) -> Self {
        let length = 8 * key.limbs();
        let bytes = roots.iter().flat_map(|root| {
            // A root is public if it is right, which is checked below.
            let bytes = published((**root).clone()).to_be_bytes();
            let start = bytes.len() - length;
            bytes.into_vec().split_off(start)
        });
        let proof = Self(bytes.collect());
        let checked = key.check_roots(&proof, challenges);
        checked.expect("the roots of an owner's proof are right");
        proof
    }
}

impl std::fmt::Debug for KeyProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyProof({} bytes)", self.0.len())
    }
}

impl std::ops::Deref for ProvenKey {
    type Target = PublicKey;

    fn deref(&self) -> &PublicKey {
        &self.0
    }
}

impl PublicKey {
    /// This key as a proven one, if the proof is right.
    ///
    /// Costs eight powers modulo n: keep the result. The first power alone exposes most forgeries;
    /// the others are spread over the cores. Variable time, since everything is public.
    ///
    /// # Errors
    /// The proof must be this key's, and all its roots right.
    pub fn prove(&self, proof: &KeyProof) -> Result<ProvenKey, KeyProofError> {
        self.check_roots(proof, &challenges(self))?;
        Ok(ProvenKey(self.clone()))
    }

    /// Checks that these are the roots of the challenges.
    fn check_roots(&self, proof: &KeyProof, challenges: &[BoxedUint]) -> Result<(), KeyProofError> {
        let length = 8 * self.limbs();
        let (expected, found) = (ROOTS * length, proof.0.len());
        if found != expected {
            return Err(KeyProofError::Length { expected, found });
        }
        let ring = self.ring();
        let roots: Vec<Vec<u64>> = proof.0.chunks(length).map(limbs_from_bytes).collect();
        let is_in_range =
            |root: &Vec<u64>| ring.is_below_n(root) && root.iter().any(|&limb| limb != 0);
        if let Some(index) = roots.iter().position(|root| !is_in_range(root)) {
            return Err(KeyProofError::Range(index));
        }
        let residues: Vec<_> = (challenges.iter())
            .map(|challenge| ring.residue(challenge.as_words()))
            .collect();
        if !ring.are_units_vartime(&residues) {
            return Err(KeyProofError::Factor);
        }
        let check = |index: usize| {
            let power = ring.pow_mod_n_vartime(&roots[index], ring.n());
            match power == challenges[index].as_words() {
                true => Ok(()),
                false => Err(KeyProofError::Root(index)),
            }
        };
        check(0)?;
        (1..ROOTS).into_par_iter().try_for_each(check)
    }
}

/// The numbers below n whose roots prove it, in n's limbs.
pub(crate) fn challenges(key: &PublicKey) -> Vec<BoxedUint> {
    let n = key.modulus();
    let mut absorbed = Shake256::default();
    absorbed.update(DOMAIN);
    absorbed.update(&(n.len() as u32).to_be_bytes());
    absorbed.update(&n);
    let challenge = |i: u64| {
        let mut absorbed = absorbed.clone();
        absorbed.update(&i.to_be_bytes());
        key.next_below_n(&mut absorbed.finalize_xof())
    };
    (0..ROOTS as u64).map(challenge).collect()
}
