//! Every refusal, its status and its stable code.

use std::time::Duration;

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use thiserror::Error;
use veilcast_card::chain;
use veilcast_engine::EvaluateError;
use veilcast_protocol::{DecodeError, Problem};

use crate::accounts::Refusal;
use crate::spent::Unspendable;

/// Why a request gets no answer. Its text goes to the client, so it reveals nothing about weights
/// or encrypted content.
#[derive(Debug, Error)]
pub(crate) enum Fault {
    // The client's.
    #[error("there is nothing at this path: the service's routes begin with /v2")]
    UnknownRoute,
    #[error("this path does not allow this method")]
    MethodNotAllowed,
    #[error("there is no such model: this service has {known}")]
    UnknownModel { known: String },
    #[error("there is no such version of the model: this service has {known}")]
    UnknownVersion { known: String },
    #[error("the model has no public part: its records are encrypted as they are")]
    NoPublicPart,

    #[error("the model is not offered sealed: it has no encrypted weights")]
    NotSealed,
    #[error(
        "the body must be application/json, or application/octet-stream for binary tensors, and not compressed"
    )]
    UnsupportedMediaType,
    #[error("the Inference-Header-Content-Length header is not a number of bytes")]
    HeaderLength,
    #[error(
        "the body is larger than the {limit} bytes that are allowed: send fewer records at once"
    )]
    BodyTooLarge { limit: usize },
    #[error("the body did not arrive within {seconds} seconds: send fewer records at once", seconds = .0.as_secs_f64())]
    BodyTimeout(Duration),
    #[error(
        "the body came in at less than {least} bytes per second for {seconds} seconds: send it over a faster \
         connection, or fewer records at once",
        seconds = .grace.as_secs_f64()
    )]
    BodyTooSlow { least: usize, grace: Duration },
    #[error("the body broke off")]
    BodyBroken,
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),

    #[error(
        "the request would take about {} seconds of a processor core, and this service allows {} per request: send \
         fewer records at once",
        .seconds.ceil(), .limit.as_secs_f64()
    )]
    TooCostly { seconds: f64, limit: Duration },
    #[error("this service takes no more records from you for now: try again in {} seconds", seconds(.retry_after))]
    QuotaUsedUp { retry_after: Duration },
    #[error("this service takes no more new keys from you for now: use a key again, or try in {} seconds", seconds(.retry_after))]
    TooManyKeys { retry_after: Duration },

    #[error(transparent)]
    Unspendable(#[from] Unspendable),
    #[error(transparent)]
    Account(#[from] Refusal),

    // An operator's.
    #[error(
        "this call needs the operators' token: send `Authorization: Bearer`, with the content of the file that `operator_token_file` names"
    )]
    OperatorTokenNeeded,
    #[error(
        "these calls need an operators' token if other machines can reach them: set `operator_token_file`"
    )]
    NoOperatorToken,
    #[error(
        "the body must be empty, or a JSON object as the model repository extension defines it"
    )]
    OperatorBody,
    #[error("there is no model of this name to be {verb}: this service has {known}")]
    NoSuchModelKept { verb: &'static str, known: String },
    #[error("{reason}")]
    ModelNotLoaded { reason: String },

    // Nobody's.
    #[error("the service is loading its models: try again in a moment")]
    Loading { retry_after: Duration },
    #[error("the service is shutting down: try again in a moment, when another one answers")]
    Ending { retry_after: Duration },
    #[error("the service is busy: try again in a moment")]
    Busy { retry_after: Duration },

    #[error("the answer could not be ready within the {} seconds of `timeout`: allow more time, or send fewer records at once", .timeout.as_secs_f64())]
    TimeoutPassed { timeout: Duration },

    // The service's.
    #[error(
        "the service failed to handle this request: its operator can find the reason in the log"
    )]
    Internal,
}

impl Fault {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        self.status_and_code().1
    }

    /// The credentials that a client needs.
    fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::OperatorTokenNeeded => Some("Bearer"),
            Self::Account(refusal) => refusal.challenge(),
            _ => None,
        }
    }

    /// When the request may be sent again, if that helps.
    fn retry_after(&self) -> Option<&Duration> {
        match self {
            Self::Busy { retry_after }
            | Self::Loading { retry_after }
            | Self::Ending { retry_after }
            | Self::QuotaUsedUp { retry_after }
            | Self::TooManyKeys { retry_after } => Some(retry_after),
            Self::Account(refusal) => refusal.retry_after(),
            _ => None,
        }
    }

    /// The one place where faults become statuses and codes.
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::UnknownRoute => (StatusCode::NOT_FOUND, "unknown_route"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::UnknownModel { .. } => (StatusCode::NOT_FOUND, "unknown_model"),
            Self::UnknownVersion { .. } => (StatusCode::NOT_FOUND, "unknown_version"),
            Self::NoPublicPart => (StatusCode::NOT_FOUND, "no_public_part"),
            Self::NotSealed => (StatusCode::NOT_FOUND, "not_sealed"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
            }
            Self::HeaderLength => (StatusCode::BAD_REQUEST, "wrong_header_length"),
            Self::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::BodyTimeout(_) => (StatusCode::REQUEST_TIMEOUT, "body_timeout"),
            Self::BodyTooSlow { .. } => (StatusCode::REQUEST_TIMEOUT, "body_too_slow"),
            Self::BodyBroken => (StatusCode::BAD_REQUEST, "truncated_body"),
            Self::Decode(error @ DecodeError::BodyTooLarge { .. }) => {
                (StatusCode::PAYLOAD_TOO_LARGE, error.code())
            }
            Self::Decode(error) => (StatusCode::BAD_REQUEST, error.code()),
            Self::Evaluate(error) => match error {
                EvaluateError::CardDigest { .. } => (StatusCode::CONFLICT, "wrong_card_digest"),
                EvaluateError::Layout(_) => (StatusCode::BAD_REQUEST, "layout_not_allowed"),
                EvaluateError::TooManyRecords { .. } | EvaluateError::TooManyCiphertexts { .. } => {
                    (StatusCode::BAD_REQUEST, "too_many_records")
                }
                EvaluateError::Rows { .. } | EvaluateError::Columns { .. } => {
                    (StatusCode::BAD_REQUEST, "wrong_shape")
                }
                EvaluateError::MaskedFeatures { .. } | EvaluateError::MaskedRange { .. } => {
                    (StatusCode::BAD_REQUEST, "wrong_masked_records")
                }
                EvaluateError::UnknownVoucher => (StatusCode::BAD_REQUEST, "unknown_voucher"),
                EvaluateError::RoundPart { .. } | EvaluateError::RoundVouchers { .. } => {
                    (StatusCode::BAD_REQUEST, "wrong_round")
                }
                EvaluateError::VoucherSecret(_) => (StatusCode::CONFLICT, "voucher_outdated"),
                EvaluateError::Corrections { .. } | EvaluateError::CorrectionPadding => {
                    (StatusCode::BAD_REQUEST, "wrong_corrections")
                }
                EvaluateError::KeyProofNeeded => {
                    (StatusCode::PRECONDITION_REQUIRED, "key_proof_needed")
                }
                EvaluateError::KeyProof(_) => (StatusCode::BAD_REQUEST, "invalid_key_proof"),
                EvaluateError::PublicKey(_) => (StatusCode::BAD_REQUEST, "invalid_public_key"),
                EvaluateError::Ciphertext(_) => (StatusCode::BAD_REQUEST, "invalid_ciphertext"),
                EvaluateError::NotSealed => (StatusCode::BAD_REQUEST, "not_sealed"),
                EvaluateError::Decrypt(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
                // By definition, evaluation errors are the client's fault.
                _ => (StatusCode::BAD_REQUEST, "invalid_request"),
            },
            Self::TooCostly { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "request_too_costly"),
            Self::QuotaUsedUp { .. } => (StatusCode::TOO_MANY_REQUESTS, "quota_used_up"),
            Self::TooManyKeys { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_keys"),
            Self::Unspendable(Unspendable::Spent) => (StatusCode::CONFLICT, "voucher_spent"),
            Self::Unspendable(Unspendable::NotBegun) => {
                (StatusCode::CONFLICT, "round_out_of_order")
            }
            Self::Unspendable(Unspendable::Full) => {
                (StatusCode::SERVICE_UNAVAILABLE, "too_many_vouchers")
            }
            Self::Account(refusal) => refusal.status_and_code(),
            Self::OperatorTokenNeeded => (StatusCode::UNAUTHORIZED, "operator_token_needed"),
            Self::NoOperatorToken => (StatusCode::FORBIDDEN, "no_operator_token"),
            Self::OperatorBody => (StatusCode::BAD_REQUEST, "invalid_body"),
            Self::NoSuchModelKept { .. } => (StatusCode::NOT_FOUND, "unknown_model"),
            Self::ModelNotLoaded { .. } => (StatusCode::BAD_REQUEST, "model_not_loaded"),
            Self::Loading { .. } => (StatusCode::SERVICE_UNAVAILABLE, "loading"),
            Self::Ending { .. } => (StatusCode::SERVICE_UNAVAILABLE, "ending"),
            Self::Busy { .. } => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::TimeoutPassed { .. } => (StatusCode::GATEWAY_TIMEOUT, "timeout_passed"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

/// Whole seconds, rounded up.
fn seconds(time: &Duration) -> u64 {
    time.as_secs_f64().ceil() as u64
}

/// The code of a refusal, kept with the response for logs and metrics.
#[derive(Clone, Copy)]
pub(crate) struct FaultCode(pub(crate) &'static str);

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        let mut response = (status, Json(Problem::new(code, chain(&self)))).into_response();
        response.extensions_mut().insert(FaultCode(code));
        let headers = response.headers_mut();
        if let Some(challenge) = self.challenge() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(retry_after) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds(retry_after)));
        }
        response
    }
}
