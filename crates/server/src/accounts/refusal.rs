//! Why a request is refused by its account.

use std::time::Duration;

use axum::http::StatusCode;
use thiserror::Error;
use veilcast_ledger::LedgerError;

/// Why a request is refused by its account. Its text goes to the client.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    #[error(
        "this service needs a token: send `Authorization: Bearer`, with the token that its operator gave you"
    )]
    TokenNeeded,
    #[error("{reason}")]
    TokenUnknown { reason: String },
    #[error("too many unknown tokens came from your address: try again in a minute")]
    TooManyTries { retry_after: Duration },
    #[error("this token isn't for this model: it is for {allowed}")]
    ModelNotAllowed { allowed: String },
    #[error("{reason}")]
    QuotaUsedUp {
        reason: String,
        retry_after: Option<Duration>,
    },
    #[error(
        "the service can't look up tokens for now: try again in a moment; its operator can find the reason in the log"
    )]
    LedgerAway { retry_after: Duration },
}

impl Refusal {
    pub(super) fn of(error: LedgerError, retry_after: Duration) -> Self {
        match error {
            LedgerError::QuotaUsedUp(used_up) => Self::QuotaUsedUp {
                reason: used_up.to_string(),
                retry_after: used_up.retry_after(std::time::SystemTime::now()),
            },
            LedgerError::UnknownToken | LedgerError::Revoked => Self::TokenUnknown {
                reason: error.to_string(),
            },
            // Whatever else keeps a ledger from answering is its operator's to fix.
            _ => Self::LedgerAway { retry_after },
        }
    }

    pub(crate) fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::TokenNeeded => (StatusCode::UNAUTHORIZED, "token_needed"),
            Self::TokenUnknown { .. } => (StatusCode::UNAUTHORIZED, "token_unknown"),
            Self::TooManyTries { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_tokens"),
            Self::ModelNotAllowed { .. } => (StatusCode::FORBIDDEN, "model_not_allowed"),
            Self::QuotaUsedUp { .. } => (StatusCode::TOO_MANY_REQUESTS, "quota_used_up"),
            Self::LedgerAway { .. } => (StatusCode::SERVICE_UNAVAILABLE, "ledger_away"),
        }
    }

    /// When the request may be sent again, if that helps.
    pub(crate) fn retry_after(&self) -> Option<&Duration> {
        match self {
            Self::TooManyTries { retry_after } | Self::LedgerAway { retry_after } => {
                Some(retry_after)
            }
            Self::QuotaUsedUp { retry_after, .. } => retry_after.as_ref(),
            Self::TokenNeeded | Self::TokenUnknown { .. } | Self::ModelNotAllowed { .. } => None,
        }
    }

    /// What a client has to show, as the header `WWW-Authenticate` says it.
    pub(crate) fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::TokenNeeded => Some("Bearer realm=\"veilcast\""),
            Self::TokenUnknown { .. } => Some("Bearer realm=\"veilcast\", error=\"invalid_token\""),
            _ => None,
        }
    }
}
