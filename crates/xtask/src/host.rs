//! For which machine something is built.

use std::process::Command;

use anyhow::Context as _;

/// The machine that builds, as Rust calls it.
pub(crate) fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = String::from_utf8(output.context("can't run rustc")?.stdout)?;
    let host = output.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc doesn't say its host")?.to_owned())
}
