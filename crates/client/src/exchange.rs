//! What a call returns.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use crate::ClientError;
use crate::failure::not_veilcast;
use crate::url::BaseUrl;

/// An answer, and the effort to get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange<T> {
    /// What the service answered.
    pub answer: T,
    /// Bytes of all bodies sent, counting each try's as a whole.
    pub bytes_up: u64,
    /// Bytes of all bodies received, including those that broke off.
    pub bytes_down: u64,
    /// How often the request was sent; more than once if the service was busy or the connection broke.
    pub tries: u32,
}

impl<T> Exchange<T> {
    /// The exchange with another answer, made from this one.
    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Exchange<U> {
        let mapped = self.try_map(|answer| Ok::<_, std::convert::Infallible>(map(answer)));
        mapped.unwrap_or_else(|never| match never {})
    }

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

/// What several exchanges took that make one.
#[derive(Default)]
pub(crate) struct Taken {
    bytes_up: u64,
    bytes_down: u64,
    retries: u32,
}

impl Taken {
    /// Adds an exchange, and gives its answer.
    pub(crate) fn add<T>(&mut self, exchange: Exchange<T>) -> T {
        self.bytes_up += exchange.bytes_up;
        self.bytes_down += exchange.bytes_down;
        // An exchange more isn't another try.
        self.retries += exchange.tries - 1;
        exchange.answer
    }

    /// All of them as one exchange, with the answer that they led to.
    pub(crate) fn exchange<T>(self, answer: T) -> Exchange<T> {
        Exchange {
            answer,
            bytes_up: self.bytes_up,
            bytes_down: self.bytes_down,
            tries: self.retries + 1,
        }
    }
}

/// The headers and body of a successful answer.
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Whether the body is declared to be of this media type, whatever its parameters.
    pub(crate) fn is(&self, media_type: &str) -> bool {
        let given = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let essence = given.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case(media_type)
    }

    /// The message that the body holds as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, base: &BaseUrl) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body)
            .map_err(|_| not_veilcast(base, "its answer has another form"))
    }
}
