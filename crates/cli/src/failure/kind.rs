//! What kind of failure an error is, in a word that programs can rely on.

use std::error::Error;
use std::fmt;
use std::io;

use serde::Serialize;
use veilcast_card::CardError;
use veilcast_client::{ClientError, PipelineError, SealedFilesError, StoreError};
use veilcast_files::{ReadError, WriteError};
use veilcast_model::ModelError;
use veilcast_paillier::KeyFileError;
use veilcast_protocol::DecodeError;
use veilcast_server::{ConfigError, ListenError, StartError};

/// What kind of failure an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// What was typed can't be understood.
    Usage,
    /// There is a file already, which wasn't to be replaced.
    Exists,
    /// A file can't be read or written.
    File,
    /// A file of records can't be understood.
    Records,
    /// A key file can't be used.
    Key,
    /// A card can't be used.
    Card,
    /// A model directory can't be used.
    Model,
    /// A request or a response can't be used.
    Message,
    /// A URL isn't that of a service.
    Url,
    /// The service can't be reached, or the connection broke.
    Unreachable,
    /// TLS: certificates, or the lack of them.
    Tls,
    /// The service has too much to do.
    Busy,
    /// A quota is used up.
    Quota,
    /// The service refuses; its own word is in `code`.
    Refused,
    /// The service has another model now.
    Replaced,
    /// A pool, or a directory of vouchers, can't be used.
    Store,
    /// An address can't be listened on.
    Listen,
    /// The service's configuration can't be used.
    Configuration,
    /// Some records have no prediction.
    Unpredicted,
    /// A signal has ended the program.
    Interrupted,
    /// Anything else.
    Failed,
}

impl Kind {
    /// The kind of one part of an error, if that tells; and the service's own word for a refusal.
    pub(super) fn of(part: &(dyn Error + 'static)) -> Option<(Self, Option<String>)> {
        if let Some(error) = part.downcast_ref::<ClientError>() {
            return Some(of_client(error));
        }
        let kind = if let Some(error) = part.downcast_ref::<OfKind>() {
            error.kind
        } else if part.is::<clap::Error>() {
            Self::Usage
        } else if let Some(error) = part.downcast_ref::<WriteError>() {
            match error {
                WriteError::Exists(_) => Self::Exists,
                _ => Self::File,
            }
        } else if let Some(error) = part.downcast_ref::<ModelError>() {
            match error {
                ModelError::Exists { .. } => Self::Exists,
                _ => Self::Model,
            }
        } else if let Some(error) = part.downcast_ref::<ReadError>() {
            match error {
                ReadError::Io { .. } => Self::File,
                _ => Self::Records,
            }
        } else if let Some(error) = part.downcast_ref::<PipelineError>() {
            match error {
                PipelineError::Replaced { .. } => Self::Replaced,
                _ => return None,
            }
        } else if part.is::<KeyFileError>() {
            Self::Key
        } else if part.is::<CardError>() {
            Self::Card
        } else if part.is::<DecodeError>() {
            Self::Message
        } else if part.is::<SealedFilesError>() {
            Self::Model
        } else if part.is::<StoreError>() {
            Self::Store
        } else if part.is::<ListenError>() {
            Self::Listen
        } else if part.is::<ConfigError>() || part.is::<StartError>() {
            Self::Configuration
        } else if part.is::<io::Error>() {
            Self::File
        } else {
            return None;
        };
        Some((kind, None))
    }
}

/// An error of a kind that no other type tells.
#[derive(Debug)]
pub(crate) struct OfKind {
    kind: Kind,
    message: String,
}

impl OfKind {
    pub(crate) fn new(kind: Kind, message: impl fmt::Display) -> Self {
        let message = message.to_string();
        Self { kind, message }
    }
}

impl fmt::Display for OfKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for OfKind {}

fn of_client(error: &ClientError) -> (Kind, Option<String>) {
    let kind = match error {
        ClientError::Url { .. } => Kind::Url,
        ClientError::SecretInClear { .. } | ClientError::TwoAuthorizations => Kind::Usage,
        ClientError::Tls(_)
        | ClientError::Certificate { .. }
        | ClientError::Identity { .. }
        | ClientError::NoTls { .. }
        | ClientError::OnlyTls { .. } => Kind::Tls,
        ClientError::ConnectionRefused { .. }
        | ClientError::Unreachable { .. }
        | ClientError::TimedOut { .. }
        | ClientError::Interrupted { .. } => Kind::Unreachable,
        ClientError::Busy { code, .. } => return (Kind::Busy, Some(code.clone())),
        ClientError::Refused { code, .. } => return (Kind::Refused, Some(code.clone())),
        ClientError::QuotaUsedUp { .. } => Kind::Quota,
        _ => Kind::Message,
    };
    (kind, None)
}
