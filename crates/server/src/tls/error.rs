//! What may be wrong with the files of TLS.

use std::io;
use std::path::PathBuf;

use rustls::pki_types::pem;
use thiserror::Error;

/// What is wrong with a TLS file; always something for the operator to fix.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file can't be read.
    #[error("can't read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file is too large to be what it should be.
    #[error("{} is larger than a megabyte: give a PEM file", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A file isn't PEM.
    #[error("{} isn't a PEM file, or is damaged", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        source: pem::Error,
    },
    /// A file holds no certificate.
    #[error(
        "there is no certificate in {}: give a PEM file with -----BEGIN CERTIFICATE-----, the service's own before those \
         that sign it", path.display()
    )]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file holds no private key.
    #[error(
        "there is no private key in {}: give a PEM file with -----BEGIN PRIVATE KEY-----", path.display()
    )]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// A private key has a passphrase.
    #[error(
        "the private key in {} has a passphrase, which nobody could enter: write it without one, with `openssl pkey \
         -in OLD -out NEW`, readable by the service alone", path.display()
    )]
    EncryptedKey {
        /// The file.
        path: PathBuf,
    },
    /// A private key is of a kind that can't be used.
    #[error(
        "the private key in {} can't be used: make one for ECDSA on P-256 or P-384, for Ed25519, or for RSA of 2048 bits or \
         more", path.display()
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// What the library says.
        source: rustls::Error,
    },
    /// A certificate can't be used.
    #[error("the certificate in {} can't be used", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What the library says.
        source: rustls::Error,
    },
    /// The key belongs to another certificate.
    #[error(
        "the key in {} doesn't belong to the certificate in {}: give the key that the certificate was requested with, \
         and in the certificate's file the service's own before those that sign it", key.display(), certificate.display()
    )]
    OthersKey {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        certificate: PathBuf,
    },
    /// An authority's certificate can't be used.
    #[error("the authorities in {} can't be used to check clients' certificates", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What the library says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The library refuses the settings as a whole.
    #[error("TLS can't be used")]
    Other(#[from] rustls::Error),
}
