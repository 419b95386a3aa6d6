//! TLS as the client uses it.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

use crate::ClientError;
use crate::url::BaseUrl;

/// TLS with the certificates that the operating system trusts.
///
/// For a URL without TLS nothing is trusted, so that a machine without certificates can still talk to itself.
pub(crate) fn config(base: &BaseUrl) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError::Tls(error.to_string()))?;
    let builder = if base.is_https() {
        builder
            .with_platform_verifier()
            .map_err(|error| ClientError::Tls(error.to_string()))?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}
