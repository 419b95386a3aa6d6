//! SHA-256 digests that name things: cards in requests, answers and weight files, and messages.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;

use crate::hex::{self, Hex};

/// Written before the digits: the algorithm of the digest.
const PREFIX: &str = "sha256:";

/// The SHA-256 digest of some bytes; written `sha256:` and 64 lower-case hexadecimal digits.
///
/// `Of` states what the bytes are, so that digests of different things can't be confused.
pub struct Digest<Of>([u8; 32], PhantomData<fn() -> Of>);

/// The text isn't `sha256:` followed by 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a digest: expected `sha256:` and 64 lower-case hexadecimal digits")]
pub struct MalformedDigest;

impl<Of> Digest<Of> {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let digest = <Sha256 as sha2::Digest>::digest(bytes);
        Self(digest.into(), PhantomData)
    }

    /// The 32 bytes of the digest.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl<Of> From<[u8; 32]> for Digest<Of> {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes, PhantomData)
    }
}

impl<Of> fmt::Display for Digest<Of> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", Hex(&self.0))
    }
}

impl<Of> fmt::Debug for Digest<Of> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<Of> FromStr for Digest<Of> {
    type Err = MalformedDigest;

    fn from_str(text: &str) -> Result<Self, MalformedDigest> {
        let digits = text.strip_prefix(PREFIX).ok_or(MalformedDigest)?;
        hex::parse(digits).map(Self::from).ok_or(MalformedDigest)
    }
}

impl<Of> Serialize for Digest<Of> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, Of> Deserialize<'de> for Digest<Of> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

// Derived, these would require the same of the digested type.

impl<Of> Clone for Digest<Of> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Of> Copy for Digest<Of> {}

impl<Of> PartialEq for Digest<Of> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<Of> Eq for Digest<Of> {}

impl<Of> PartialOrd for Digest<Of> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<Of> Ord for Digest<Of> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<Of> Hash for Digest<Of> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::CardDigest;

    #[test]
    fn digest_of_known_bytes_in_text_and_back() {
        let digest = CardDigest::of(b"abc");
        let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse(), Ok(digest));
    }

    #[test]
    fn other_texts_are_refused() {
        let good = CardDigest::of(b"").to_string();
        for text in [
            "",
            "sha256:",
            &good[7..],
            &good[..70],
            &format!("{good}0"),
            &good.to_uppercase(),
            &good.replace("sha256", "sha512"),
            &format!("{}g", &good[..70]),
        ] {
            assert_eq!(text.parse::<CardDigest>(), Err(MalformedDigest), "{text}");
        }
    }
}
