//! The real binary: every verb's good path, and what it says about bad input.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

mod arrays;
mod bench;
#[cfg(feature = "import")]
mod cases;
mod demo;
mod evaluate;
mod examples;
mod files;
#[cfg(feature = "tables")]
mod formats;
mod hybrid;
mod images;
mod import;
mod inspect;
mod interrupts;
mod keys;
#[cfg(feature = "ledger")]
mod killed;
mod layers;
#[allow(dead_code, reason = "the client's tests use other parts of it")]
#[path = "../../../client/tests/client/common/liar.rs"]
mod liar;
mod manners;
mod offline;
mod operating;
mod pool;
#[cfg(feature = "ledger")]
#[allow(dead_code, reason = "the tests of the ledger use all of it")]
#[path = "../../../ledger/tests/ledger/common/postgres.rs"]
mod postgres;
mod predict;
mod reactions;
mod regression;
mod resume;
mod sealed;
mod serve;
mod service;
mod tables;
#[cfg(feature = "ledger")]
mod tokens;
#[cfg(feature = "otlp")]
mod traces;
mod train;
mod usage;
mod voucher;
