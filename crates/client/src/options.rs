//! How patient and how generous a client is.

use std::time::Duration;

/// Limits in time, size and tries of a client's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The longest time to establish a connection.
    pub connect_timeout: Duration,
    /// The longest time of one try, from connecting to the answer's last byte; a service computes for a while.
    pub request_timeout: Duration,
    /// The largest body accepted from a service, in bytes.
    pub max_response_bytes: usize,
    /// How often a call is tried in all while the service is busy or the connection breaks; at least one. The default
    /// and its growing pauses outlast a service's restart: they add up to a minute, or more.
    pub tries: u32,
    /// The longest pause before another try; if a service asks for a longer one, the call fails at
    /// once.
    pub longest_pause: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(600),
            max_response_bytes: 256 << 20,
            tries: 8,
            longest_pause: Duration::from_secs(30),
        }
    }
}
