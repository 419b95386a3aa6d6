//! What a way of predicting takes.

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
