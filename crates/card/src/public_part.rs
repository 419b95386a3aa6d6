//! The public part of a hybrid model: a network that the client runs in the clear, before it encrypts.
//!
//! The numbers that the part computes from a record are the model's features, which the computation
//! on ciphertexts takes. The part is an ONNX file next to the card, which states its size and
//! digest.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::hex::{self, Hex};

use super::{CardError, MAX_FEATURES, MAX_PUBLIC_PART_BYTES};
use crate::limits::MAX_SIDES;

/// The network in ONNX that a client runs on a preprocessed record before quantisation.
///
/// It has one input, `[batch, …shape]` in 32-bit floats, which the preprocessed values fill row by
/// row, and one output, `[batch, features]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicPart {
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Length of the file, 1 to [`MAX_PUBLIC_PART_BYTES`].
    pub bytes: u64,
    /// The sides of its input without that of the batch; their product is the number of
    /// preprocessed values.
    pub shape: Vec<usize>,
    /// How many numbers it returns for a record.
    pub features: usize,
    /// For people: what it computes, what is public and what is private, and what publishing it
    /// reveals.
    pub description: String,
}

/// A file isn't the public part that the card names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicPartError {
    /// Its length is different.
    #[error("the public part has {found} bytes, but the card names one of {expected}")]
    Length {
        /// Its length.
        found: u64,
        /// The card's.
        expected: u64,
    },
    /// Its content is different.
    #[error("the public part's SHA-256 is {found}, but the card names {expected}")]
    Digest {
        /// Its digest.
        found: String,
        /// The card's.
        expected: String,
    },
}

impl PublicPart {
    /// Describes a file.
    pub fn of(onnx: &[u8], shape: Vec<usize>, features: usize, description: String) -> Self {
        Self {
            sha256: sha256(onnx),
            bytes: onnx.len() as u64,
            shape,
            features,
            description,
        }
    }

    /// Checks that a file is the one described here.
    ///
    /// # Errors
    /// [`PublicPartError`] if its length or digest differs.
    pub fn check_file(&self, onnx: &[u8]) -> Result<(), PublicPartError> {
        let found = onnx.len() as u64;
        if found != self.bytes {
            return Err(PublicPartError::Length {
                found,
                expected: self.bytes,
            });
        }
        let found = sha256(onnx);
        if found != self.sha256 {
            return Err(PublicPartError::Digest {
                found,
                expected: self.sha256.clone(),
            });
        }
        Ok(())
    }

    /// Checks the fields against the number of values that preprocessing gives.
    pub(super) fn check(&self, preprocessed: usize) -> Result<(), CardError> {
        let wrong = |problem: String| Err(CardError::PublicPart { problem });
        if hex::parse::<32>(&self.sha256).is_none() {
            return wrong("sha256 must be 64 lower-case hexadecimal digits".to_owned());
        }
        if !(1..=MAX_PUBLIC_PART_BYTES).contains(&self.bytes) {
            return wrong(format!(
                "bytes is {}; it must be 1 to {MAX_PUBLIC_PART_BYTES}",
                self.bytes
            ));
        }
        let product = |values: usize, side: &usize| values.checked_mul(*side);
        let values = self.shape.iter().try_fold(1, product);
        if self.shape.len() > MAX_SIDES || values != Some(preprocessed) {
            let shown = &self.shape[..self.shape.len().min(MAX_SIDES)];
            return wrong(format!(
                "the shape {shown:?} doesn't hold the {preprocessed} values that preprocessing gives"
            ));
        }
        if !(1..=MAX_FEATURES).contains(&self.features) {
            return wrong(format!(
                "features is {}; it must be 1 to {MAX_FEATURES}",
                self.features
            ));
        }
        Ok(())
    }
}

fn sha256(bytes: &[u8]) -> String {
    Hex(&Sha256::digest(bytes)).to_string()
}
