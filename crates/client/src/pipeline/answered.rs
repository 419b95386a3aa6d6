//! What comes back for a group of records.

use std::time::Duration;

use veilcast_engine::Predictor;

use crate::AnswerError;

/// A group of records, and the scores that came back for it.
#[derive(Clone, Debug)]
pub struct Answered<G> {
    /// The group as it was submitted.
    pub group: G,
    /// What its requests were made with, which has the card for its scores.
    pub predictor: Predictor,
    /// One score per output for each of its records, not yet checked against the card's bounds; or
    /// why the answer can't be used: it is damaged, or belongs to another request.
    pub scores: Result<Vec<Vec<i64>>, AnswerError>,
    /// Bytes of all bodies sent for it, counting each try's as a whole.
    pub bytes_up: u64,
    /// Bytes of all bodies received for it.
    pub bytes_down: u64,
    /// How many requests it took: more than one if one was too large.
    pub requests: u32,
    /// How often requests were sent in total; more often than that if one was too large, the
    /// service was busy, or the connection broke.
    pub tries: u32,
    /// How many of its records were masked by vouchers; the others were encrypted.
    pub masked: u64,
    /// The time from the start of its encryption to its scores.
    pub elapsed: Duration,
}
