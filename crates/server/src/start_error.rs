//! Why a service can't start.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::config::ConfigError;
use crate::tls::TlsError;

/// Why a service can't start; always something for the operator to fix.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file of TLS can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
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
    /// Two versions of a model are both the default one.
    #[error(
        "two versions of the model {name} have `default = true`: one answers requests that name no version"
    )]
    TwoDefaults {
        /// The models' name.
        name: String,
    },
    /// A model's directory can't be used.
    #[error("can't use the model in {}", .directory.display())]
    Model {
        /// The directory.
        directory: PathBuf,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The operators' token can't be used.
    #[error("can't use the operators' token in {}", .file.display())]
    OperatorToken {
        /// The file that `operator_token_file` names.
        file: PathBuf,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The secrets of vouchers can't be used.
    #[error("can't use the secrets of vouchers in {}", .file.display())]
    VoucherSecret {
        /// The file that `voucher_secret_file` names.
        file: PathBuf,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Vouchers could be used twice.
    #[error(
        "the model {name} has hidden layers, and each of its vouchers must be answered once, also by other services and after a restart: \
         with `voucher_secret_file`, use a ledger (`[ledger]`), which they share"
    )]
    NoLedger {
        /// The model's name.
        name: String,
    },
    /// The key of a sealed model can't be used.
    #[error("can't use the key of sealed models in {}", .file.display())]
    SealingKey {
        /// A file that `sealing_keys` names.
        file: PathBuf,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A model is sealed, and its key is missing.
    #[error(
        "the model {name} is sealed under the key {fingerprint}: name its file in `sealing_keys`"
    )]
    NoSealingKey {
        /// The model's name.
        name: String,
        /// The key's fingerprint.
        fingerprint: String,
    },
    /// A model's sealed weights can't be opened.
    #[error("can't open the sealed model {name}")]
    Sealed {
        /// The model's name.
        name: String,
        /// What is wrong.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Two models are sealed under the same key.
    #[error(
        "the models {first} and {second} are sealed under the same key, so that clients of one could read scores of the other: seal one \
         of them under another key"
    )]
    SharedSealingKey {
        /// A model's name.
        first: String,
        /// Another model's name.
        second: String,
    },
    /// The ledger's settings can't be used.
    #[error("can't use the ledger")]
    Ledger(#[source] Box<dyn StdError + Send + Sync>),
    /// The settings are for a build with a ledger.
    #[error(
        "this build has neither a ledger nor an audit log: build the whole program, or leave `[ledger]` and `audit_file` out"
    )]
    LeftOut,
    /// The audit log can't be written.
    #[error("can't write the audit log {}", .file.display())]
    AuditFile {
        /// The file that `audit_file` names.
        file: PathBuf,
        /// What the operating system says.
        source: io::Error,
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
