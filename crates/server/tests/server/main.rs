//! The service, called without a socket and through one: what it answers, refuses, logs and survives.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[cfg(feature = "ledger")]
mod books;
mod common;

mod browsers;
mod connections;
mod hostile;
mod layers;
#[cfg(feature = "ledger")]
mod ledgers;
mod load;
mod log;
mod openapi;
mod operators;
mod page;
mod quota;
mod rounds;
mod routes;
mod sealed;
mod socket;
mod timeout;
mod tls;
#[cfg(feature = "ledger")]
mod tokens;
mod uploads;
