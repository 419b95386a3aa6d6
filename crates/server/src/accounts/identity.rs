//! Who sends a request, according to its credentials.

use std::sync::Arc;

use axum::http::request::Parts;
use veilcast_ledger::{Credential, Token};

use super::refusal::Refusal;
use crate::bearer::bearer;
use crate::quota::Caller;
use crate::tls::ClientCertificate;

/// The credentials of a request.
pub(super) enum Shown {
    Secret(Credential),
    /// Something that can't be a secret, in the place of one.
    NoSecret,
    Certificate(Credential),
    Nothing,
}

impl Shown {
    /// A secret takes precedence over a certificate.
    pub(super) fn of(parts: &Parts) -> Self {
        if let Some(text) = bearer(&parts.headers) {
            return Credential::of_secret(text).map_or(Self::NoSecret, Self::Secret);
        }
        match parts.extensions.get::<ClientCertificate>() {
            Some(certificate) => Self::Certificate(Credential::of_certificate(certificate.sha256)),
            None => Self::Nothing,
        }
    }
}

/// Who sends a request: the holder of a token, or anybody.
#[derive(Clone)]
pub(crate) struct Identity {
    token: Option<(Arc<Token>, Credential)>,
    address: Caller,
}

impl Identity {
    pub(super) fn anonymous(address: Caller) -> Self {
        Self {
            token: None,
            address,
        }
    }

    pub(super) fn of(token: Arc<Token>, credential: Credential, address: Caller) -> Self {
        Self {
            token: Some((token, credential)),
            address,
        }
    }

    pub(super) fn token(&self) -> Option<&Token> {
        self.token.as_ref().map(|(token, _)| &**token)
    }

    pub(super) fn credential(&self) -> Option<&Credential> {
        self.token.as_ref().map(|(_, credential)| credential)
    }

    /// The caller, for turns and for quotas per minute.
    pub(crate) fn caller(&self) -> Caller {
        match self.credential() {
            Some(credential) => Caller::Token(*credential.digest()),
            None => self.address,
        }
    }

    /// Whether it may ask for a model of this name.
    pub(crate) fn may_ask(&self, model: &str) -> bool {
        self.token()
            .is_none_or(|token| token.models.contains(model))
    }

    /// Refuses if it may not ask for a model of this name, whether or not there is one.
    pub(crate) fn check_model(&self, model: &str) -> Result<(), Refusal> {
        match self.token() {
            Some(token) if !token.models.contains(model) => Err(Refusal::ModelNotAllowed {
                allowed: token.models.to_string(),
            }),
            _ => Ok(()),
        }
    }
}
