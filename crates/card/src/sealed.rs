//! What the card says about a model whose weights travel encrypted.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::CardError;
use crate::hex::{self, Hex};

/// Bytes of the moduli that a card may name; whether a client accepts them is its policy.
const MODULUS_BYTES: [usize; 4] = [128, 256, 384, 512];

/// The numbers of a key's proof, each of the modulus's length.
const PROOF_NUMBERS: usize = 8;

/// The service's key, and the file of the weights that are encrypted under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// The modulus n of the service's key, big-endian, in lower-case hexadecimal digits: 2048, 3072 or 4096 bits.
    pub modulus: String,
    /// The proof that the modulus is fit for use, eight numbers of its length, in lower-case hexadecimal digits.
    pub proof: String,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// A file isn't the one of sealed weights that the card names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealedFileError {
    /// Its length is different.
    #[error("the sealed weights have {found} bytes, but the card requires {expected}")]
    Length {
        /// Its length.
        found: usize,
        /// That of a ciphertext for each feature and one for the biases.
        expected: usize,
    },
    /// Its content is different.
    #[error("the sealed weights' SHA-256 is {found}, but the card names {expected}")]
    Digest {
        /// Its digest.
        found: String,
        /// The card's.
        expected: String,
    },
}

impl Sealed {
    /// Describes a file of weights that are encrypted under a key.
    pub fn of(file: &[u8], modulus: &[u8], proof: &[u8]) -> Self {
        Self {
            modulus: Hex(modulus).to_string(),
            proof: Hex(proof).to_string(),
            sha256: Hex(&Sha256::digest(file)).to_string(),
        }
    }

    /// The modulus, big-endian.
    ///
    /// # Panics
    /// If the text is malformed; a [`Card`](crate::Card) has checked that.
    pub fn modulus(&self) -> Vec<u8> {
        hex::to_bytes(&self.modulus).expect("a card's modulus has been checked")
    }

    /// |n| in bits.
    pub fn key_bits(&self) -> u32 {
        4 * self.modulus.len() as u32
    }

    /// The key's proof.
    ///
    /// # Panics
    /// If the text is malformed; a [`Card`](crate::Card) has checked that.
    pub fn proof(&self) -> Vec<u8> {
        hex::to_bytes(&self.proof).expect("a card's proof has been checked")
    }

    /// The length of the file: a ciphertext of twice the modulus's length for each feature, and one for the biases.
    pub fn file_bytes(&self, features: usize) -> usize {
        // Two digits per byte of n, so a digit per byte of a ciphertext.
        (features + 1) * self.modulus.len()
    }

    /// Checks that a file is the one described here, for a model with this many features.
    ///
    /// # Errors
    /// [`SealedFileError`] if its length or digest differs.
    pub fn check_file(&self, file: &[u8], features: usize) -> Result<(), SealedFileError> {
        let (found, expected) = (file.len(), self.file_bytes(features));
        if found != expected {
            return Err(SealedFileError::Length { found, expected });
        }
        let found = Hex(&Sha256::digest(file)).to_string();
        if found != self.sha256 {
            let expected = self.sha256.clone();
            return Err(SealedFileError::Digest { found, expected });
        }
        Ok(())
    }

    /// Checks the fields. Whether the proof proves the modulus is for the cryptography to check.
    pub(crate) fn check(&self) -> Result<(), CardError> {
        let wrong = |problem| Err(CardError::Sealed { problem });
        let modulus = hex::to_bytes(&self.modulus).unwrap_or_default();
        let fills_its_bytes = modulus.first().is_some_and(|top| top >> 7 == 1);
        if !MODULUS_BYTES.contains(&modulus.len()) || !fills_its_bytes {
            return wrong(
                "modulus must be 2048, 3072 or 4096 bits in lower-case hexadecimal digits",
            );
        }
        let proof = hex::to_bytes(&self.proof).unwrap_or_default();
        if proof.len() != PROOF_NUMBERS * modulus.len() {
            return wrong(
                "proof must be eight numbers of the modulus's length in lower-case hexadecimal digits",
            );
        }
        if hex::parse::<32>(&self.sha256).is_none() {
            return wrong("sha256 must be 64 lower-case hexadecimal digits");
        }
        Ok(())
    }
}
