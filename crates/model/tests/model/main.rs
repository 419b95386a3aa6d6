//! Models: exact scores, proven bounds, directories, and what a card says.

#![allow(clippy::unwrap_used, reason = "a failed test panics")]

#[allow(dead_code, reason = "tests of other crates use the rest")]
mod common;

mod bounds;
mod card;
mod digits;
mod digits_cryptonets;
mod digits_hybrid;
mod hidden;
mod hidden_directory;
mod model_directory;
mod prediction;
mod preprocessing;
mod program;
mod published_bounds;
mod sealed;
mod search;
