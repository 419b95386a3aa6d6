//! What an operator sets for TLS.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The files of the service's TLS; without a certificate it speaks HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSettings {
    /// The service's certificate and those that it is signed by, as PEM, its own first.
    pub certificate: Option<PathBuf>,
    /// The certificate's private key, as PEM.
    pub key: Option<PathBuf>,
    /// The certificates of the authorities that sign clients' certificates, as PEM.
    pub client_ca: Option<PathBuf>,
    /// Whether clients show certificates.
    pub client_certificates: ClientCertificates,
}

/// Whether clients show certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificates {
    /// They are not asked for any.
    #[default]
    None,
    /// They may; one that no authority signed is refused.
    Optional,
    /// They must.
    Required,
}

impl TlsSettings {
    /// The first setting that contradicts the others, with its name and what it must be.
    pub(crate) fn fault(&self) -> Option<(&'static str, &'static str)> {
        let asks = self.client_certificates != ClientCertificates::None;
        match self {
            Self {
                certificate: Some(_),
                key: None,
                ..
            } => Some(("tls.key", "the file of the certificate's private key")),
            Self {
                certificate: None,
                key: Some(_),
                ..
            } => Some(("tls.certificate", "the file of the key's certificate")),
            Self {
                certificate: None, ..
            } if asks || self.client_ca.is_some() => Some((
                "tls.certificate",
                "the file of the service's certificate, since clients show theirs only to a service that has one",
            )),
            Self {
                client_ca: None, ..
            } if asks => Some((
                "tls.client_ca",
                "the file of the authorities that sign clients' certificates",
            )),
            Self {
                client_ca: Some(_), ..
            } if !asks => Some((
                "tls.client_certificates",
                "\"optional\" or \"required\" where `tls.client_ca` is set",
            )),
            _ => None,
        }
    }
}
