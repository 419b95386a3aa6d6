//! Encrypted tables: there and back, and what is refused.

#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

mod bad_input;
mod round_trip;
mod sealed;
