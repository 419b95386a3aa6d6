//! What is wrong with a service's certificate, in plain words.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};
use thiserror::Error;
use webpki::EndEntityCert;

/// Why a service's certificate doesn't show that it is the service.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CertificateFault {
    /// It isn't signed by a trusted authority.
    #[error("it is signed by an authority that this machine doesn't trust: {0}")]
    UnknownAuthority(String),
    /// It is self-signed.
    #[error("it is self-signed, which proves nothing: {0}")]
    SelfSigned(String),
    /// It is an authority's own.
    #[error("it is the certificate of an authority, which no service may use as its own: {0}")]
    Authority(String),
    /// It is for other names.
    #[error("it is for {}, and not for {asked}", listed(.names))]
    Name {
        /// The name in the URL.
        asked: String,
        /// The names that it is for.
        names: Vec<String>,
    },
    /// It has expired.
    #[error("it expired on {0}; is this machine's clock right?")]
    Expired(String),
    /// It isn't valid yet.
    #[error("it is valid only from {0}; is this machine's clock right?")]
    NotYetValid(String),
    /// Its authority has withdrawn it.
    #[error("its authority has withdrawn it")]
    Revoked,
    /// Something else.
    #[error("{0}")]
    Other(String),
}

/// A verifier that says in plain words why it refuses a certificate.
#[derive(Debug)]
pub(crate) struct Explained(pub(crate) Arc<dyn ServerCertVerifier>);

impl ServerCertVerifier for Explained {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified =
            self.0
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        verified.map_err(|error| match error {
            rustls::Error::InvalidCertificate(error) => {
                let last = intermediates.last().unwrap_or(end_entity);
                let fault = fault(error, end_entity, last, server_name);
                let fault = OtherError(Arc::new(fault));
                rustls::Error::InvalidCertificate(CertificateError::Other(fault))
            }
            error => error,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

impl CertificateFault {
    /// What is wrong with the certificate, if that is why a connection failed.
    pub(crate) fn of(error: &rustls::Error) -> Option<&Self> {
        match error {
            rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(fault))) => {
                fault.downcast_ref()
            }
            _ => None,
        }
    }
}

/// What an error means for a certificate whose chain ends with `last`.
fn fault(
    error: CertificateError,
    certificate: &CertificateDer<'_>,
    last: &CertificateDer<'_>,
    asked: &ServerName<'_>,
) -> CertificateFault {
    match error {
        CertificateError::UnknownIssuer => match EndEntityCert::try_from(last) {
            Ok(found) if found.issuer() == found.subject() && last == certificate => {
                CertificateFault::SelfSigned(name(found.issuer()))
            }
            Ok(found) => CertificateFault::UnknownAuthority(name(found.issuer())),
            Err(error) => CertificateFault::Other(error.to_string()),
        },
        CertificateError::NotValidForNameContext { presented, .. } => CertificateFault::Name {
            asked: asked.to_str().into_owned(),
            names: presented.iter().map(|name| plain(name)).collect(),
        },
        CertificateError::NotValidForName => CertificateFault::Name {
            asked: asked.to_str().into_owned(),
            names: Vec::new(),
        },
        CertificateError::ExpiredContext { not_after, .. } => {
            CertificateFault::Expired(date(not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            CertificateFault::NotYetValid(date(not_before))
        }
        CertificateError::Revoked => CertificateFault::Revoked,
        CertificateError::Other(other) => match other.0.downcast_ref::<webpki::Error>() {
            Some(webpki::Error::CaUsedAsEndEntity) => {
                let found = EndEntityCert::try_from(certificate);
                let subject = found.map(|found| name(found.subject()));
                CertificateFault::Authority(subject.unwrap_or_default())
            }
            _ => CertificateFault::Other(other.to_string()),
        },
        error => CertificateFault::Other(error.to_string()),
    }
}

/// A name in DER, shown as its common name, or else its organisation.
fn name(der: &[u8]) -> String {
    const COMMON_NAME: [u8; 5] = [6, 3, 0x55, 4, 3];
    const ORGANISATION: [u8; 5] = [6, 3, 0x55, 4, 10];
    let attribute = |kind: [u8; 5]| {
        let start = der.windows(kind.len()).position(|bytes| bytes == kind)? + kind.len();
        // A string's type, its length in one byte, and the string.
        let length = usize::from(*der.get(start + 1)?);
        let text = der.get(start + 2..start + 2 + length)?;
        let text = String::from_utf8_lossy(text);
        let shown = text.chars().filter(|c| !c.is_control()).take(100);
        Some(format!("{:?}", shown.collect::<String>()))
    };
    attribute(COMMON_NAME)
        .or_else(|| attribute(ORGANISATION))
        .unwrap_or_else(|| "it has no name".to_owned())
}

/// A name that a certificate is for, without the kind of name that the library puts before it: `DnsName("example.org")`.
fn plain(name: &str) -> String {
    let inside = name.split_once('(').map_or(name, |(_, inside)| inside);
    let inside = inside.trim_end_matches(')').trim_matches('"');
    inside
        .chars()
        .filter(|c| !c.is_control())
        .take(100)
        .collect()
}

fn listed(names: &[String]) -> String {
    const SHOWN: usize = 5;
    match names.len() {
        0 => "no name at all".to_owned(),
        number if number > SHOWN => {
            format!("{} and {} more", names[..SHOWN].join(", "), number - SHOWN)
        }
        _ => names.join(", "),
    }
}

/// A time in words, in UTC.
fn date(time: UnixTime) -> String {
    let since = Duration::from_secs(time.as_secs());
    match SystemTime::UNIX_EPOCH.checked_add(since) {
        // The library's dates end with the year 9999.
        Some(time) if since.as_secs() < 253_402_300_800 => httpdate::fmt_http_date(time),
        _ => "a day that no calendar has".to_owned(),
    }
}
