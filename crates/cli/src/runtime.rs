//! The asynchronous runtime of the verbs that talk over HTTP.

use anyhow::Context as _;
use tokio::runtime::Runtime;

/// A runtime with one thread per core.
pub(crate) fn start() -> anyhow::Result<Runtime> {
    Runtime::new().context("can't start the asynchronous runtime")
}
