//! Messages: their bytes, both ways, and which are refused.

#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

mod hostile;
mod hostile_tensors;
mod masked;
mod round_trip;
mod rounds;
mod sealed;
mod wire;
