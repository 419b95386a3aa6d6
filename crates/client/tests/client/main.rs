//! A real client: against a real service, and against ones that lie, fail and vanish.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

mod end_to_end;
mod pipeline;
mod pool;
mod reactions;
mod retries;
mod rounds;
mod sealed;
mod tls;
mod transport;
mod vouchers;
mod weather;
