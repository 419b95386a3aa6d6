//! A client's credential, in the form that the ledger keeps.

use sha2::{Digest as _, Sha256};

use crate::secret::Secret;

/// How a client proves that it has a token: the SHA-256 of its secret, or that of its certificate.
///
/// Looking a digest up takes a time that depends on the digest, of which nobody can choose even a few bits towards that of a
/// secret that they don't know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Credential {
    kind: Kind,
    digest: [u8; 32],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Secret,
    Certificate,
}

impl Credential {
    /// The credential of a secret, if the text can be one.
    #[must_use]
    pub fn of_secret(text: &str) -> Option<Self> {
        Secret::is_well_formed(text).then(|| Self {
            kind: Kind::Secret,
            digest: Sha256::digest(text).into(),
        })
    }

    /// The credential of a certificate whose DER form has this SHA-256.
    #[must_use]
    pub fn of_certificate(sha256: [u8; 32]) -> Self {
        Self {
            kind: Kind::Certificate,
            digest: sha256,
        }
    }

    /// The digest, which names the token to services.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Secret => "secret",
            Kind::Certificate => "certificate",
        }
    }

    /// The digest in hexadecimal digits, which is its form in the database.
    pub(crate) fn hex(&self) -> String {
        use std::fmt::Write as _;
        self.digest.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_no_secret() {
        let text = Secret::generate().unwrap().text().to_owned();
        let secret = Credential::of_secret(&text).unwrap();
        let certificate = Credential::of_certificate(*secret.digest());
        assert_ne!(secret, certificate);
        assert_eq!(secret.hex(), certificate.hex());
        assert_ne!(secret.kind(), certificate.kind());
        assert_eq!(Credential::of_secret("hello"), None);
    }
}
