//! The secret that a client shows.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

/// What every secret begins with, so that people and code scanners recognise one.
const PREFIX: &str = "veilcast_";
const BYTES: usize = 32;

/// A token's secret: 256 random bits as text. It is shown once and never kept; it has no `Debug`.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A new secret.
    ///
    /// # Errors
    /// If the operating system provides no randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        getrandom::fill(bytes.as_mut())?;
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + 43));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_ref(), &mut text);
        Ok(Self(text))
    }

    /// The text that a client sends.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether a text has the form of a secret: other texts aren't looked up.
    pub(crate) fn is_well_formed(text: &str) -> bool {
        let encoded = text.strip_prefix(PREFIX).map(str::as_bytes);
        let mut bytes = Zeroizing::new([0; BYTES + 1]);
        encoded.is_some_and(|encoded| {
            matches!(
                URL_SAFE_NO_PAD.decode_slice(encoded, bytes.as_mut()),
                Ok(BYTES)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_differ() {
        let (one, other) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert_ne!(one.text(), other.text());
        assert_eq!(one.text().len(), PREFIX.len() + 43);
        assert!(Secret::is_well_formed(one.text()));
    }

    #[test]
    fn other_texts_are_none() {
        let text = Secret::generate().unwrap().text().to_owned();
        let without = text.trim_start_matches(PREFIX);
        for other in [
            "",
            PREFIX,
            without,
            &text[..text.len() - 1],
            &format!("{text}A"),
            &format!("{PREFIX}{}", "=".repeat(43)),
            &format!("{PREFIX}{}", "A".repeat(10_000)),
        ] {
            assert!(!Secret::is_well_formed(other), "{other}");
        }
    }
}
