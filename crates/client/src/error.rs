//! Why a call got no answer, an answer gave no scores, or a pipeline didn't finish.

use std::time::Duration;

use thiserror::Error;
use veilcast_card::CardError;
use veilcast_engine::{LayoutError, SealedError, SessionError};
use veilcast_protocol::DecodeError;

use crate::certificate::CertificateFault;
use crate::store::StoreError;
use crate::words::in_words;

/// Why a text is not the URL of a service.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UrlFault {
    /// It does not say how to connect.
    #[error("write http:// or https:// before it")]
    NoScheme,
    /// It names another protocol.
    #[error("it must begin with http:// or https://")]
    Scheme,
    /// It isn't a URL.
    #[error("{0}")]
    Malformed(String),
    /// It holds a user name or password.
    #[error("a user name or password does not belong in it")]
    Credentials,
    /// It continues after its path.
    #[error("leave out everything from `?` or `#` on")]
    Query,
}

/// Why a call got no answer, sorted by whose fault it is.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    // The caller.
    /// The URL is not a service's.
    #[error("{url} is not the URL of a service: {fault}")]
    Url {
        /// The URL as it was given.
        url: String,
        /// What is wrong with it.
        fault: UrlFault,
    },

    /// A secret would go to another machine in the clear.
    #[error(
        "{url} is reached without TLS, and anyone on the way there could read {secret}: use https://"
    )]
    SecretInClear {
        /// The URL as it was given.
        url: String,
        /// Which secret it is.
        secret: String,
    },
    /// Two headers would say who is asking.
    #[error(
        "both a token and an Authorization header are given, but a request can carry only one: leave one out"
    )]
    TwoAuthorizations,

    // This machine and the network.
    /// TLS could not be set up on this machine.
    #[error("TLS can't be set up: {0}")]
    Tls(String),
    /// Nothing listens at the address.
    #[error("{url} refuses connections{}: is the service running, and is its port right?", after(*.tries))]
    ConnectionRefused {
        /// The service's URL.
        url: String,
        /// How often the call was tried.
        tries: u32,
    },
    /// No connection could be made.
    #[error("{url} can't be reached: {reason}{}", after(*.tries))]
    Unreachable {
        /// The service's URL.
        url: String,
        /// What failed, from the name's resolution to the TLS handshake.
        reason: String,
        /// How often the call was tried.
        tries: u32,
    },
    /// The service's certificate doesn't show that it is the service.
    #[error("the certificate of {url} can't be trusted: {fault}")]
    Certificate {
        /// The service's URL.
        url: String,
        /// What is wrong with it.
        fault: CertificateFault,
    },
    /// The service does not accept the client's own certificate, or requires one that is missing.
    #[error("{url} {}", if *.given { "does not accept the client certificate" } else { "requires a client certificate, and none is given" })]
    Identity {
        /// The service's URL.
        url: String,
        /// Whether a certificate was given.
        given: bool,
    },
    /// A URL with https leads to a port without TLS.
    #[error("{url} does not speak TLS: write http:// if that is intended, or check the port")]
    NoTls {
        /// The service's URL.
        url: String,
    },
    /// A URL with http leads to a port with TLS.
    #[error("{url} speaks TLS: write https:// before its address")]
    OnlyTls {
        /// The service's URL.
        url: String,
    },
    /// The answer did not come in time.
    #[error(
        "{url} did not answer in time: try again, send fewer records at once, or allow more time"
    )]
    TimedOut {
        /// The service's URL.
        url: String,
    },
    /// The connection broke.
    #[error("the connection to {url} broke: {reason}{}", after(*.tries))]
    Interrupted {
        /// The service's URL.
        url: String,
        /// What broke in the last try.
        reason: String,
        /// How often the call was tried.
        tries: u32,
    },

    // The service refuses.
    /// The service is busy or unavailable for a moment, or the caller's quota is used up, and
    /// trying again did not help.
    #[error("{url} is busy ({status}: {message}){}: try again later", after(*.tries))]
    Busy {
        /// The service's URL.
        url: String,
        /// 429 or 503, or a gateway's 502 or 504.
        status: u16,
        /// The problem's stable code; empty if there was none.
        code: String,
        /// The service's message.
        message: String,
        /// How often the call was tried.
        tries: u32,
        /// How long the service asks to wait.
        retry_after: Option<Duration>,
    },
    /// The caller has used up what the service allows.
    #[error("{url} refuses further requests for now: {message}{}", .retry_after.map(|wait| format!(" (again in {})", in_words(wait))).unwrap_or_default())]
    QuotaUsedUp {
        /// The service's URL.
        url: String,
        /// The service's message.
        message: String,
        /// When it answers again, counted from this answer.
        retry_after: Option<Duration>,
    },
    /// Even a request that can't be divided further is larger than the service, or a proxy in front
    /// of it, accepts.
    #[error("{url}, or a proxy in front of it, refuses a request of {bytes} bytes as too large (413{}), and it can't be divided further", prefixed(.message))]
    RequestTooLarge {
        /// The service's URL.
        url: String,
        /// The request's bytes.
        bytes: u64,
        /// The service's message; empty if it was a proxy, or had none.
        message: String,
    },
    /// The service refuses the request, or failed while handling it.
    #[error("{url} refuses ({status}): {message}")]
    Refused {
        /// The service's URL.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The problem's stable code; empty if the service isn't Veilcast but another one with this
        /// protocol.
        code: String,
        /// The service's message.
        message: String,
    },

    // The service answers nonsense.
    /// Whatever answers is not a Veilcast service.
    #[error("{url} is not a Veilcast service: {reason}")]
    NotVeilcast {
        /// The service's URL.
        url: String,
        /// How that shows.
        reason: String,
    },
    /// The answer is to another request, or the request did not arrive as sent.
    #[error(
        "{url} answered a different request from the one sent, or one that was damaged in transit: send it again, \
        and use TLS"
    )]
    OtherRequest {
        /// The service's URL.
        url: String,
    },
    /// It says repeatedly that a card is not its model's, but doesn't provide another one.
    #[error(
        "{url} refuses requests for the card that it provides, or keeps replacing it: are there several services \
        with different models behind it?"
    )]
    CardUnclear {
        /// The service's URL.
        url: String,
    },
    /// The answer is larger than allowed.
    #[error("{url} sends more than the {limit} bytes that are allowed: send fewer records at once")]
    ResponseTooLarge {
        /// The service's URL.
        url: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The answer is not a message of the protocol.
    #[error("{url} sends a malformed answer")]
    Malformed {
        /// The service's URL.
        url: String,
        /// What is wrong with it.
        source: DecodeError,
    },
}

/// Why an answer can't be used. Its group is marked, and the others are sent as if nothing had happened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// It is damaged, or not a message of the protocol.
    #[error("the service's answer can't be used")]
    Malformed(#[from] DecodeError),
    /// It belongs to another request, or its content can't be decrypted.
    #[error(transparent)]
    Content(#[from] SessionError),
}

/// Why no further groups are sent: never because of what an answer decrypts to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The records can't be encrypted for this model.
    #[error("the records can't be encrypted")]
    Encrypt(#[source] SessionError),
    /// The call got no answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The service has replaced the model, and the records can't be sent to the new one as they
    /// are.
    #[error("the service has replaced the model {model:?} meanwhile")]
    Replaced {
        /// The model's name.
        model: String,
        /// Why the records don't fit it.
        #[source]
        fault: ReplacedError,
    },
}

/// Why vouchers could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FillError {
    /// They can't be drawn for this model, or the answer with them can't be used.
    #[error("no vouchers can be made")]
    Session(#[from] SessionError),
    /// The call got no answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// They can't be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why records that were quantised for a card can't be sent to the model that has replaced that
/// card's.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplacedError {
    /// Its card isn't valid.
    #[error("the new one's card can't be used")]
    Card(#[source] CardError),
    /// It prepares or rounds records in another way.
    #[error("the new one takes different records, or prepares or rounds them differently")]
    Records,
    /// It predicts something else.
    #[error("the new one predicts something else")]
    Predictions,
    /// It has no layout that the key has room for.
    #[error("the new one can't be used with this key")]
    Layout(#[source] LayoutError),
    /// Its sealed weights can't be used, or it isn't offered sealed.
    #[error("the new one can't be used as a sealed model")]
    Sealed(#[source] SealedError),
}

/// A message, with the separator before it.
fn prefixed(message: &str) -> String {
    match message {
        "" => String::new(),
        message => format!(": {message}"),
    }
}

/// How often a call was tried, if more than once.
fn after(tries: u32) -> String {
    match tries {
        0 | 1 => String::new(),
        tries => format!(", after {tries} tries"),
    }
}
