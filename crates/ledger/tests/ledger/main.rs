//! The ledger, in SQLite and in PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

mod away;
mod both;
mod properties;
