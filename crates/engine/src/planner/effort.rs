//! What a way of predicting takes.

use std::iter::Sum;

use veilcast_card::Way;

/// What a number of records takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effort {
    /// The client's time, in seconds.
    pub client: f64,
    /// The service's time, in seconds.
    pub server: f64,
    /// Bytes of the requests as binary bodies.
    pub bytes_up: usize,
    /// Bytes of the answers as binary bodies.
    pub bytes_down: usize,
}

impl Sum for Effort {
    fn sum<I: Iterator<Item = Self>>(efforts: I) -> Self {
        efforts.fold(Self::default(), |sum, effort| Self {
            client: sum.client + effort.client,
            server: sum.server + effort.server,
            bytes_up: sum.bytes_up + effort.bytes_up,
            bytes_down: sum.bytes_down + effort.bytes_down,
        })
    }
}

/// A way of predicting, and what it is predicted to take for a number of records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WayCosts {
    /// The way.
    pub way: Way,
    /// Before the records are known; none if nothing can be done then.
    pub ahead: Option<Effort>,
    /// Once they are.
    pub online: Effort,
}
