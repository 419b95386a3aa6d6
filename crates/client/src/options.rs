//! A client's limits, how it identifies itself, and whom it trusts.

use std::time::Duration;

use crate::tls::{Authorities, Identity};
use crate::waiting::OnWait;
use crate::{Headers, Threads, Token};

/// Limits on the time, size and tries of a client's calls; how it identifies itself, and whom it
/// trusts.
#[derive(Clone, Debug)]
pub struct Options {
    /// The longest time to establish a connection.
    pub connect_timeout: Duration,
    /// The longest time of one try, from connecting to the answer's last byte; a service computes for a while.
    pub request_timeout: Duration,
    /// How long the other side's machine may give no sign of life before the connection counts as broken. A service
    /// that computes is not silent in this sense: its machine acknowledges, and over HTTP/2 it answers pings.
    pub silence_timeout: Duration,
    /// The largest body accepted from a service, in bytes.
    pub max_response_bytes: usize,
    /// How often a call is tried in total while the service is busy or the connection breaks; at
    /// least one. The default and its growing pauses outlast a service's restart: they add up to a
    /// minute or more.
    pub tries: u32,
    /// The longest pause before another try; if a service asks for a longer one, the call fails at
    /// once.
    pub longest_pause: Duration,
    /// Tells the service who is asking: sent as `Authorization: Bearer`, only to the service's own
    /// origin.
    pub token: Option<Token>,
    /// Further headers of every request, for instance for a proxy in front of the service.
    pub headers: Headers,
    /// Send the token, and headers that are secret by their names, even over plain HTTP to another machine, where anyone
    /// on the way reads them.
    pub secrets_in_clear: bool,
    /// Whose signature makes a service's certificate valid.
    pub authorities: Authorities,
    /// The client's own certificate, for services that ask for one.
    pub identity: Option<Identity>,
    /// Called at every pause before another try.
    pub on_wait: Option<OnWait>,
    /// Where a pipeline's records are encrypted and decrypted.
    pub threads: Threads,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(600),
            silence_timeout: Duration::from_secs(20),
            max_response_bytes: 256 << 20,
            tries: 8,
            longest_pause: Duration::from_secs(30),
            token: None,
            headers: Headers::default(),
            secrets_in_clear: false,
            authorities: Authorities::default(),
            identity: None,
            on_wait: None,
            threads: Threads::default(),
        }
    }
}
