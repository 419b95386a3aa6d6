//! A request's way there, and its answer's way back.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use reqwest::{Request, Response};
use serde::de::DeserializeOwned;
use veilcast_protocol::Problem;

use crate::retry::{asked_pause, pause};
use crate::url::BaseUrl;
use crate::{ClientError, Options};

/// An answer, and what it took to get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange<T> {
    /// What the service answered.
    pub answer: T,
    /// Bytes of all bodies sent.
    pub bytes_up: u64,
    /// Bytes of all bodies received.
    pub bytes_down: u64,
    /// How often the request was sent; more than once if the service was busy.
    pub tries: u32,
}

impl<T> Exchange<T> {
    /// The exchange with another answer, made from this one.
    pub(crate) fn try_map<U, E>(
        self,
        map: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<Exchange<U>, E> {
        let Self {
            answer,
            bytes_up,
            bytes_down,
            tries,
        } = self;
        Ok(Exchange {
            answer: map(answer)?,
            bytes_up,
            bytes_down,
            tries,
        })
    }
}

/// The headers and body of a successful answer.
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Whether the body is said to be of this media type, whatever its parameters.
    pub(crate) fn is(&self, media_type: &str) -> bool {
        is_media_type(&self.headers, media_type)
    }

    /// The message that the body holds as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, base: &BaseUrl) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body)
            .map_err(|_| not_veilcast(base, "its answer is another's"))
    }
}

/// The one way to say that something else lives at the URL.
pub(crate) fn not_veilcast(base: &BaseUrl, reason: impl Into<String>) -> ClientError {
    ClientError::NotVeilcast {
        url: base.to_string(),
        reason: reason.into(),
    }
}

/// Sends a request until the service is no longer busy, or patience ends.
pub(crate) async fn send(
    http: &reqwest::Client,
    base: &BaseUrl,
    options: &Options,
    request: Request,
) -> Result<Exchange<Answer>, ClientError> {
    let request_bytes = request
        .body()
        .and_then(|body| body.as_bytes())
        .map_or(0, <[u8]>::len);
    let (mut bytes_down, mut tries) = (0, 0);
    loop {
        tries += 1;
        let copy = request
            .try_clone()
            .expect("a body in memory can be sent again");
        let response = http
            .execute(copy)
            .await
            .map_err(|error| network_error(base, &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read(base, options, response).await?;
        bytes_down += body.len() as u64;
        if status.is_success() {
            let answer = Answer { headers, body };
            let bytes_up = request_bytes as u64 * u64::from(tries);
            return Ok(Exchange {
                answer,
                bytes_up,
                bytes_down,
                tries,
            });
        }
        let busy = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        let asked = asked_pause(&headers);
        match pause(tries, asked, options) {
            Some(pause) if busy => {
                tracing::debug!(
                    status = status.as_u16(),
                    tries,
                    ?pause,
                    "the service is busy"
                );
                tokio::time::sleep(pause).await;
            }
            _ => return Err(refusal(base, status, &headers, &body, tries)),
        }
    }
}

/// Reads a body piece by piece, up to the limit.
async fn read(
    base: &BaseUrl,
    options: &Options,
    mut response: Response,
) -> Result<Vec<u8>, ClientError> {
    let limit = options.max_response_bytes;
    let too_large = || ClientError::ResponseTooLarge {
        url: base.to_string(),
        limit,
    };
    let announced = response.content_length().unwrap_or(0);
    let announced = usize::try_from(announced)
        .ok()
        .filter(|&bytes| bytes <= limit);
    let mut body = Vec::with_capacity(announced.ok_or_else(too_large)?);
    while let Some(piece) = response
        .chunk()
        .await
        .map_err(|error| network_error(base, &error))?
    {
        if piece.len() > limit - body.len() {
            return Err(too_large());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// What a status other than success means.
fn refusal(
    base: &BaseUrl,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    tries: u32,
) -> ClientError {
    if status.is_redirection() {
        let place = headers
            .get(http::header::LOCATION)
            .and_then(|place| place.to_str().ok());
        let place = printable(place.unwrap_or("somewhere else"));
        return not_veilcast(
            base,
            format!("it redirects to {place}, so use the URL there"),
        );
    }
    let Ok(Problem { error, code }) = serde_json::from_slice(body) else {
        return not_veilcast(
            base,
            format!("it answers {status} without a problem document"),
        );
    };
    let (url, status, code, message) = (
        base.to_string(),
        status.as_u16(),
        printable(&code),
        printable(&error),
    );
    if matches!(status, 429 | 503) {
        let retry_after = asked_pause(headers);
        ClientError::Busy {
            url,
            status,
            code,
            message,
            tries,
            retry_after,
        }
    } else {
        ClientError::Refused {
            url,
            status,
            code,
            message,
        }
    }
}

/// Which of our errors an error of the HTTP library is.
fn network_error(base: &BaseUrl, error: &reqwest::Error) -> ClientError {
    let url = base.to_string();
    let causes = || {
        std::iter::successors(Some(error as &dyn std::error::Error), |error| {
            error.source()
        })
    };
    let refused = causes()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::ConnectionRefused);
    let reason = || {
        causes()
            .last()
            .map(|cause| printable(&cause.to_string()))
            .unwrap_or_default()
    };
    if refused {
        ClientError::ConnectionRefused { url }
    } else if error.is_timeout() {
        ClientError::TimedOut { url }
    } else if error.is_connect() {
        ClientError::Unreachable {
            url,
            reason: reason(),
        }
    } else {
        ClientError::Interrupted {
            url,
            reason: reason(),
        }
    }
}

/// A stranger's words, short and without what a terminal would obey.
fn printable(text: &str) -> String {
    const CHARACTERS: usize = 500;
    text.chars()
        .take(CHARACTERS)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

fn is_media_type(headers: &HeaderMap, media_type: &str) -> bool {
    let given = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(media_type)
}
