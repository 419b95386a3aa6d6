//! Why a service can't start.

use thiserror::Error;

use crate::config::ConfigError;

/// Why a service can't start; always for the operator to fix.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is nothing to serve.
    #[error("there is no model to serve: name at least one")]
    NoModel,
    /// Two models have the same name and version.
    #[error("there are two models {name} of version {version}: give one of them another version")]
    DuplicateModel {
        /// The models' name.
        name: String,
        /// The models' version.
        version: String,
    },
    /// A model's smallest request is larger than the largest body allowed.
    #[error(
        "a request of one record for the model {name} may take {needed} bytes: raise `max_body_bytes`, which is {limit}"
    )]
    BodyLimit {
        /// The model's name.
        name: String,
        /// Bytes of a request of one record, as JSON under the largest key.
        needed: usize,
        /// The limit that is set.
        limit: usize,
    },
}
