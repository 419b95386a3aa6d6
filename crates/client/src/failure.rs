//! Why a try got no answer, and whether another may succeed.

use std::error::Error;
use std::io;
use std::time::Duration;

use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use veilcast_protocol::Problem;

use crate::ClientError;
use crate::certificate::CertificateFault;
use crate::retry::asked_pause;
use crate::url::BaseUrl;

/// Why a try got no answer.
pub(crate) struct Failure {
    /// The error to report if there is no further try.
    pub(crate) error: ClientError,
    /// Whether another try may succeed.
    pub(crate) may_pass: bool,
    /// How long the service asks to wait before it.
    pub(crate) asked: Option<Duration>,
}

/// One try of a call.
pub(crate) struct Try<'a> {
    pub(crate) base: &'a BaseUrl,
    /// Which it is, from 1.
    pub(crate) number: u32,
    /// Whether anything at the URL answered before it.
    pub(crate) reached: bool,
    /// Bytes of the request's body.
    pub(crate) bytes: u64,
    /// Whether the client has its own certificate.
    pub(crate) has_identity: bool,
}

/// How the error describes an answer that isn't HTTP.
pub(crate) const NO_HTTP: &str = "it does not speak HTTP";

/// The code of a caller who has used up a quota.
const QUOTA_USED_UP: &str = "quota_used_up";

/// What services and proxies mention when somebody connects to a port with TLS without it.
const HTTPS: &[u8] = b"HTTPS";

impl Try<'_> {
    /// What an error of the HTTP library means.
    ///
    /// A connection that breaks is worth another try. So is one that can't be made, if the service
    /// answered before: it may be restarting. If nothing ever answered, the URL is more likely
    /// wrong, and its user should not wait. A service that took all the time that a request has
    /// would take it again. Problems with TLS don't go away.
    pub(crate) fn network(&self, error: &reqwest::Error) -> Failure {
        let url = self.base.to_string();
        let tries = self.number;
        if let Some(error) = self.tls(error) {
            return lasting(error);
        }
        let reason = || {
            causes(error)
                .last()
                .map(|cause| printable(&cause.to_string()))
                .unwrap_or_default()
        };
        let io_error = |kind| found::<io::Error>(error).any(|cause| cause.kind() == kind);
        // Either the client's time limit or the connection's is over.
        let is_silent = io_error(io::ErrorKind::TimedOut)
            || found::<hyper::Error>(error).any(hyper::Error::is_timeout);
        let (error, may_pass) = if io_error(io::ErrorKind::ConnectionRefused) {
            (ClientError::ConnectionRefused { url, tries }, self.reached)
        } else if error.is_connect() {
            let reason = reason();
            (
                ClientError::Unreachable { url, reason, tries },
                self.reached,
            )
        } else if is_silent {
            let reason = "the other side gives no sign of life".to_owned();
            (ClientError::Interrupted { url, reason, tries }, true)
        } else if error.is_timeout() {
            (ClientError::TimedOut { url }, false)
        } else if found::<hyper::Error>(error).any(hyper::Error::is_parse) {
            (not_veilcast(self.base, NO_HTTP), false)
        } else {
            // Also if the operating system finds that the other side is gone.
            let reason = reason();
            (ClientError::Interrupted { url, reason, tries }, true)
        };
        Failure {
            error,
            may_pass,
            asked: None,
        }
    }

    /// What an error of TLS means, other than a connection that broke.
    fn tls(&self, error: &reqwest::Error) -> Option<ClientError> {
        use rustls::AlertDescription as Alert;

        let url = self.base.to_string();
        found::<rustls::Error>(error).find_map(|error| match error {
            rustls::Error::InvalidMessage(_) => Some(ClientError::NoTls { url: url.clone() }),
            rustls::Error::AlertReceived(
                Alert::CertificateRequired
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied,
            ) => Some(ClientError::Identity {
                url: url.clone(),
                given: self.has_identity,
            }),
            error => {
                let fault = CertificateFault::of(error)?.clone();
                Some(ClientError::Certificate {
                    url: url.clone(),
                    fault,
                })
            }
        })
    }

    /// What a status other than success means.
    pub(crate) fn refusal(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
        if status.is_redirection() {
            let place = headers.get(LOCATION).and_then(|place| place.to_str().ok());
            let place = printable(place.unwrap_or("somewhere else"));
            let reason = format!("it redirects to {place}, so use that URL");
            return lasting(not_veilcast(self.base, reason));
        }
        let url = self.base.to_string();
        let problem = serde_json::from_slice::<Problem>(body).ok();
        let words = problem.map(|Problem { error, code }| (printable(&code), printable(&error)));
        if let Some((code, message)) = &words
            && code == QUOTA_USED_UP
        {
            let retry_after = asked_pause(headers);
            return Failure {
                error: ClientError::QuotaUsedUp {
                    url,
                    message: message.clone(),
                    retry_after,
                },
                // Without a time it may be months.
                may_pass: retry_after.is_some(),
                asked: retry_after,
            };
        }
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            return lasting(ClientError::RequestTooLarge {
                url,
                bytes: self.bytes,
                message: words.map(|(_, message)| message).unwrap_or_default(),
            });
        }
        let says_https = |body: &[u8]| body.windows(HTTPS.len()).any(|part| part == HTTPS);
        if status == StatusCode::BAD_REQUEST && !self.base.is_https() && says_https(body) {
            return lasting(ClientError::OnlyTls { url });
        }
        if may_pass(status) {
            let reason = status.canonical_reason().unwrap_or_default();
            let (code, message) = words.unwrap_or_else(|| (String::new(), reason.to_owned()));
            let retry_after = asked_pause(headers);
            return Failure {
                error: ClientError::Busy {
                    url,
                    status: status.as_u16(),
                    code,
                    message,
                    tries: self.number,
                    retry_after,
                },
                may_pass: true,
                asked: retry_after,
            };
        }
        let Some((code, message)) = words else {
            let wants_to_know = matches!(
                status,
                StatusCode::UNAUTHORIZED
                    | StatusCode::FORBIDDEN
                    | StatusCode::PROXY_AUTHENTICATION_REQUIRED
            );
            let proxy = if wants_to_know {
                ": a proxy in front of it may require a header that says who is asking"
            } else {
                ""
            };
            let reason = format!("it answers {status} without a problem document{proxy}");
            return lasting(not_veilcast(self.base, reason));
        };
        lasting(ClientError::Refused {
            url,
            status: status.as_u16(),
            code,
            message,
        })
    }

    /// The body exceeds the limit.
    pub(crate) fn too_large(&self, limit: usize) -> Failure {
        let url = self.base.to_string();
        lasting(ClientError::ResponseTooLarge { url, limit })
    }
}

/// The error for a URL at which something other than Veilcast answers.
pub(crate) fn not_veilcast(base: &BaseUrl, reason: impl Into<String>) -> ClientError {
    ClientError::NotVeilcast {
        url: base.to_string(),
        reason: reason.into(),
    }
}

/// A failure that another try would only repeat.
fn lasting(error: ClientError) -> Failure {
    Failure {
        error,
        may_pass: false,
        asked: None,
    }
}

/// Whether a status is temporary: the service is busy, or unavailable behind its gateway.
fn may_pass(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::BAD_GATEWAY
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// An error and its causes, down to the first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // An I/O error that wraps another only repeats the other's cause.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// The causes of a type.
fn found<T: Error + 'static>(error: &reqwest::Error) -> impl Iterator<Item = &T> {
    causes(error).filter_map(|cause| cause.downcast_ref())
}

/// Untrusted text, shortened and without terminal control characters.
fn printable(text: &str) -> String {
    const CHARACTERS: usize = 500;
    text.chars()
        .take(CHARACTERS)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
