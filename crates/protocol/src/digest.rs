//! SHA-256 names of cards, keys and messages.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// The prefix of a digest's digits, which names the hash function.
const PREFIX: &str = "sha256:";

/// SHA-256 digests of different things: written in the same form, but of different types.
macro_rules! digests {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The digest of these bytes.
            #[must_use]
            pub fn of(bytes: &[u8]) -> Self {
                Self(Sha256::digest(bytes).into())
            }

            /// The 32 bytes of the digest.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(PREFIX)?;
                write_hex(f, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = MalformedHex;

            fn from_str(text: &str) -> Result<Self, MalformedHex> {
                let digits = text.strip_prefix(PREFIX).and_then(parse_hex);
                digits.map(Self).ok_or(MalformedHex)
            }
        }
    )*};
}

digests! {
    /// The SHA-256 digest of a public card's exact bytes; written `sha256:` and 64 lower-case hexadecimal digits.
    CardDigest,
    /// The SHA-256 digest of a message's bytes: of a request's whole body, as it arrived, or of an answer's scores;
    /// written like a card's digest.
    ContentDigest,
}

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
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for KeyFingerprint {
    type Err = MalformedHex;

    fn from_str(text: &str) -> Result<Self, MalformedHex> {
        parse_hex(text).map(Self).ok_or(MalformedHex)
    }
}

/// A digest or fingerprint that is not in its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not 64 lower-case hexadecimal digits, with `sha256:` before them unless they name a key")]
pub struct MalformedHex;

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8; 32]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Lower case only, so that each digest has exactly one spelling.
fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}
