//! What an operator sets.

mod ledger;
mod model;
mod permissions;
mod seconds;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::ledger::{LedgerSettings, WhenAway};
pub use self::model::ModelSetting;
use crate::address::{ListenAddress, one_or_several};
use crate::cors::are_origins;
use crate::tls::TlsSettings;

/// The service's address and limits, as in a configuration file; settings that it leaves out have
/// their defaults.
///
/// Bodies take at most `upload_memory_bytes` of memory, and the requests in them as much again
/// while they are computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The models to serve; several versions of a model may be served side by side.
    pub models: Vec<ModelSetting>,
    /// A directory of models, or of directories of their versions, that operators may load while
    /// the service runs.
    pub model_repository: Option<PathBuf>,
    /// A file with the token that operators' calls need, unless only this machine can reach them.
    pub operator_token_file: Option<PathBuf>,
    /// A file with the secrets that vouchers are derived from, one per line, the current one first. Replicas share it; without
    /// it, a service has a secret of its own until it ends, and then its vouchers are no longer good.
    pub voucher_secret_file: Option<PathBuf>,
    /// The files of the keys that open sealed models, as `veilcast keygen` writes them; each key is for one model.
    pub sealing_keys: Vec<PathBuf>,
    /// The addresses to listen on; only this machine can reach the default.
    #[serde(deserialize_with = "one_or_several")]
    pub listen: Vec<ListenAddress>,
    /// The addresses only for operators: health, metrics and administration, which answer however
    /// full the others are. If there are any, the others don't provide metrics.
    #[serde(deserialize_with = "one_or_several")]
    pub operator_listen: Vec<ListenAddress>,
    /// The permissions of unix sockets, in octal.
    #[serde(with = "permissions")]
    pub unix_socket_mode: u32,
    /// Whether to serve the web page; without it, `/` leads to `/v2`.
    pub page: bool,
    /// The origins of other sites whose pages may call the service, such as `https://clinic.example`, or `"*"` alone for
    /// all; none by default.
    pub allowed_origins: Vec<String>,
    /// Simultaneous connections. When all places are taken, the one that has been idle longest is
    /// closed for a new one; if none is idle, the new one is refused.
    pub max_connections: usize,
    /// Simultaneous connections of a caller. Behind a proxy, which knows callers better, this is
    /// ignored.
    pub max_connections_per_caller: usize,
    /// The largest body of a request, in bytes; a model's own limit may be lower.
    pub max_body_bytes: usize,
    /// Bodies that are received at a time, of which a caller may have a quarter; further requests are told to come back.
    pub concurrent_uploads: usize,
    /// The memory in bytes for the bodies of all requests that are being received, waiting or being
    /// computed. A caller may have a quarter of it, or a body of the largest size; further requests
    /// are told to come back.
    pub upload_memory_bytes: usize,
    /// Slices of requests that are computed at a time; each uses all cores.
    pub concurrent_computations: usize,
    /// Requests that wait for their computation; further ones are told to come back.
    pub queue_length: usize,
    /// How long a request may have to wait for others, as estimated; beyond that it is told to come
    /// back.
    #[serde(rename = "queue_seconds", with = "seconds")]
    pub queue_time: Duration,
    /// What one request may cost in estimated time on a processor core.
    #[serde(rename = "request_cost_seconds", with = "seconds")]
    pub request_cost: Duration,
    /// Records that a caller may send per minute in total, or 0 for any number. A caller is an
    /// address, or for IPv6 a network of 64 bits; a request counts as at least one record.
    pub records_per_minute: usize,
    /// New keys that a caller may send per minute, or 0 for any number: checking one takes about as
    /// long as several predictions.
    pub new_keys_per_minute: usize,
    /// Whether a proxy in front of the service names the callers, as the last address in
    /// `X-Forwarded-For`. Without one, callers could give themselves any name there.
    pub behind_proxy: bool,
    /// How many randomisers to keep ready for each of the last eight keys that returned several times:
    /// their answers come sooner, but the processor has more to do.
    pub randomizers_ahead: usize,
    /// The longest time for the header of a request, and between two requests of a connection.
    #[serde(rename = "header_timeout_seconds", with = "seconds")]
    pub header_timeout: Duration,
    /// The longest time for the body of a request.
    #[serde(rename = "body_timeout_seconds", with = "seconds")]
    pub body_timeout: Duration,
    /// The longest time for which a client may read nothing of an answer that is ready for it.
    #[serde(rename = "write_timeout_seconds", with = "seconds")]
    pub write_timeout: Duration,
    /// The minimum rate at which a client must send its body and read its answer, or 0 for none.
    pub least_bytes_per_second: usize,
    /// How long a client may stay below that rate.
    #[serde(rename = "least_rate_grace_seconds", with = "seconds")]
    pub least_rate_grace: Duration,
    /// When a client that was told to come back should do so.
    #[serde(rename = "retry_after_seconds", with = "seconds")]
    pub retry_after: Duration,
    /// How long the service still takes requests when it is told to end, while it says that it
    /// isn't ready, so that a load balancer notices and stops sending.
    #[serde(rename = "drain_seconds", with = "seconds")]
    pub drain: Duration,
    /// How long the requests under way may take to finish when the service is told to end.
    #[serde(rename = "shutdown_grace_seconds", with = "seconds")]
    pub shutdown_grace: Duration,
    /// A file for the audit log, one JSON object per inference; without one it goes to the usual log.
    pub audit_file: Option<PathBuf>,
    /// Tokens and quotas.
    pub ledger: LedgerSettings,
    /// The files of the service's TLS.
    pub tls: TlsSettings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            models: Vec::new(),
            model_repository: None,
            operator_token_file: None,
            voucher_secret_file: None,
            sealing_keys: Vec::new(),
            listen: vec![ListenAddress::Ip((Ipv4Addr::LOCALHOST, 8080).into())],
            operator_listen: Vec::new(),
            unix_socket_mode: 0o660,
            page: true,
            allowed_origins: Vec::new(),
            max_connections: 512,
            max_connections_per_caller: 64,
            max_body_bytes: 64 << 20,
            concurrent_uploads: 16_384,
            upload_memory_bytes: 256 << 20,
            concurrent_computations: 2,
            queue_length: 256,
            queue_time: Duration::from_secs(2),
            request_cost: Duration::from_secs(60),
            records_per_minute: 0,
            new_keys_per_minute: 60,
            behind_proxy: false,
            randomizers_ahead: 0,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            least_bytes_per_second: 1024,
            least_rate_grace: Duration::from_secs(10),
            retry_after: Duration::from_secs(2),
            drain: Duration::ZERO,
            shutdown_grace: Duration::from_secs(30),
            audit_file: None,
            ledger: LedgerSettings::default(),
            tls: TlsSettings::default(),
        }
    }
}

/// A setting that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the setting `{name}` must be {expected}")]
pub struct ConfigError {
    name: &'static str,
    expected: &'static str,
}

impl Config {
    /// The settings that a service takes over when it reads its configuration again; the others need a restart.
    pub const CHANGEABLE: &[&str] = &[
        "models",
        "model_repository",
        "operator_token_file",
        "sealing_keys",
        "max_body_bytes",
        "records_per_minute",
        "new_keys_per_minute",
        "behind_proxy",
        "request_cost_seconds",
        "body_timeout_seconds",
        "retry_after_seconds",
        "drain_seconds",
    ];

    /// Whether only this machine can reach the operators' listeners.
    pub(crate) fn operators_are_local(&self) -> bool {
        self.operator_listen.iter().all(ListenAddress::is_local)
    }

    /// Whether other machines can reach the service, and need no token.
    #[must_use]
    pub fn is_open_to_all(&self) -> bool {
        !self.ledger.required && !self.listen.iter().all(ListenAddress::is_local)
    }

    /// Checks that the numbers make sense.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the first setting that does not.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.listen.is_empty() {
            return Err(ConfigError {
                name: "listen",
                expected: "at least one address",
            });
        }
        if let Some((name, expected)) = self.tls.fault() {
            return Err(ConfigError { name, expected });
        }
        let counts = [
            ("max_connections", self.max_connections, 1),
            (
                "max_connections_per_caller",
                self.max_connections_per_caller,
                1,
            ),
            ("concurrent_uploads", self.concurrent_uploads, 1),
            ("concurrent_computations", self.concurrent_computations, 1),
            ("queue_length", self.queue_length, 0),
            ("records_per_minute", self.records_per_minute, 0),
            ("new_keys_per_minute", self.new_keys_per_minute, 0),
            ("randomizers_ahead", self.randomizers_ahead, 0),
        ];
        for (name, count, least) in counts {
            if !(least..=1_000_000).contains(&count) {
                let expected = if least == 0 {
                    "0 to 1000000"
                } else {
                    "1 to 1000000"
                };
                return Err(ConfigError { name, expected });
            }
        }
        if !are_origins(&self.allowed_origins) {
            return Err(ConfigError {
                name: "allowed_origins",
                expected: "a list of origins as browsers write them, such as \"https://clinic.example\" without a path, or \"*\" \
                           alone",
            });
        }
        let times = [
            ("header_timeout_seconds", self.header_timeout),
            ("body_timeout_seconds", self.body_timeout),
            ("write_timeout_seconds", self.write_timeout),
            ("least_rate_grace_seconds", self.least_rate_grace),
            ("queue_seconds", self.queue_time),
            ("request_cost_seconds", self.request_cost),
        ];
        if self.upload_memory_bytes < self.max_body_bytes {
            return Err(ConfigError {
                name: "upload_memory_bytes",
                expected: "`max_body_bytes` or more, so that the largest body fits",
            });
        }
        if self.least_bytes_per_second > 1 << 30 {
            return Err(ConfigError {
                name: "least_bytes_per_second",
                expected: "0 to 1073741824",
            });
        }
        match times.into_iter().find(|(_, time)| time.is_zero()) {
            Some((name, _)) => Err(ConfigError {
                name,
                expected: "more than 0",
            }),
            None => Ok(()),
        }
    }
}
