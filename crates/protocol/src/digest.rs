//! Names of keys and messages: SHA-256 of their bytes.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use thiserror::Error;
use veilcast_card::Digest;
use veilcast_card::hex::{self, Hex};

/// The bytes of a message, as [`ContentDigest`] names them.
#[derive(Debug)]
pub enum Content {}

/// The SHA-256 digest of a message's bytes: of a request's whole body, as it arrived, or of an answer's scores.
pub type ContentDigest = Digest<Content>;

/// The SHA-256 digest of a public key's modulus n, as minimal big-endian bytes; written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyFingerprint([u8; 32]);

impl KeyFingerprint {
    /// The fingerprint of the modulus n, given as minimal big-endian bytes.
    #[must_use]
    pub fn of(modulus: &[u8]) -> Self {
        Self(Sha256::digest(modulus).into())
    }

    /// The 32 bytes of the fingerprint.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Hex(&self.0), f)
    }
}

impl fmt::Debug for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for KeyFingerprint {
    type Err = MalformedFingerprint;

    fn from_str(text: &str) -> Result<Self, MalformedFingerprint> {
        hex::parse(text).map(Self).ok_or(MalformedFingerprint)
    }
}

/// A fingerprint that is not written in its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a key's fingerprint: expected 64 lower-case hexadecimal digits")]
pub struct MalformedFingerprint;
