//! TLS as the client uses it.

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use thiserror::Error;
use veilcast_card::chain;

use crate::ClientError;
use crate::certificate::Explained;
use crate::url::BaseUrl;

/// The protocols spoken over TLS: the first of these that the service also speaks is used.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why a text in PEM format can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PemFault {
    /// It is damaged, or isn't PEM.
    #[error("it is not in PEM format: {0}")]
    Malformed(String),
    /// It holds no certificate.
    #[error("it holds no certificate: there is no line -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// It holds no private key.
    #[error(
        "it holds no private key, or one with a password: there is no line such as -----BEGIN PRIVATE KEY-----"
    )]
    NoKey,
    /// A certificate in it is damaged.
    #[error("certificate {0} in it is damaged")]
    Certificate(usize),
}

/// Whose signature makes a service's certificate valid.
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    more: Vec<CertificateDer<'static>>,
    only: bool,
}

impl Authorities {
    /// Those that the machine trusts, and those whose certificates this text holds in PEM format.
    ///
    /// # Errors
    /// [`PemFault`] if it holds no certificate, or a damaged one.
    pub fn and(pem: &[u8]) -> Result<Self, PemFault> {
        let more = certificates(pem)?;
        let mut store = RootCertStore::empty();
        for (index, certificate) in more.iter().enumerate() {
            let added = store.add(certificate.clone());
            added.map_err(|_| PemFault::Certificate(index + 1))?;
        }
        Ok(Self { more, only: false })
    }

    /// Only those whose certificates the text holds, not those that the machine trusts.
    ///
    /// # Errors
    /// As [`and`](Self::and).
    pub fn only(pem: &[u8]) -> Result<Self, PemFault> {
        let only = true;
        Self::and(pem).map(|authorities| Self {
            only,
            ..authorities
        })
    }

    fn verifier(
        &self,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, String> {
        let more = self.more.iter().cloned();
        if !self.only {
            let verifier = Verifier::new_with_extra_roots(more, provider);
            return Ok(Arc::new(verifier.map_err(|error| chain(&error))?));
        }
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(more);
        let builder = WebPkiServerVerifier::builder_with_provider(store.into(), provider);
        Ok(builder.build().map_err(|error| chain(&error))?)
    }
}

/// A client's own certificate and its private key, by which a service can recognise it. The key is
/// never formatted.
#[derive(Clone)]
pub struct Identity(Arc<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>);

impl Identity {
    /// The identity whose certificate (with intermediate ones) and private key these texts hold in
    /// PEM format.
    ///
    /// # Errors
    /// [`PemFault`] of the certificate, or of the key.
    pub fn new(certificates_pem: &[u8], key_pem: &[u8]) -> Result<Self, IdentityFault> {
        let certificates = certificates(certificates_pem).map_err(IdentityFault::Certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key_pem);
        let key = key.map_err(|_| IdentityFault::Key(PemFault::NoKey))?;
        Ok(Self(Arc::new((certificates, key))))
    }
}

/// Why texts don't make an identity.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdentityFault {
    /// The certificate's text can't be used.
    #[error("the client certificate can't be used: {0}")]
    Certificate(PemFault),
    /// The key's text can't be used.
    #[error("the client certificate's key can't be used: {0}")]
    Key(PemFault),
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemFault> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| PemFault::Malformed(error.to_string()))?;
    if found.is_empty() {
        return Err(PemFault::NoCertificate);
    }
    Ok(found)
}

/// TLS with a client's authorities and identity.
///
/// For a URL without TLS no certificates are loaded, so that a machine without any can still talk
/// to itself.
pub(crate) fn config(
    base: &BaseUrl,
    authorities: &Authorities,
    identity: Option<&Identity>,
) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError::Tls(error.to_string()))?;
    let builder = if base.is_https() {
        let verifier = authorities.verifier(provider).map_err(ClientError::Tls)?;
        // The verifier is the usual one: it only says more when it refuses.
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Explained(verifier)))
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(Identity(identity)) => {
            let (certificates, key) = &**identity;
            let config = builder.with_client_auth_cert(certificates.clone(), key.clone_key());
            config.map_err(|error| unusable_identity(&error))?
        }
    };
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok(config)
}

fn unusable_identity(error: &rustls::Error) -> ClientError {
    let reason = match error {
        rustls::Error::InconsistentKeys(_) => "its key belongs to another certificate".to_owned(),
        error => error.to_string(),
    };
    ClientError::Tls(format!("the client certificate can't be used: {reason}"))
}
