//! Licences, doubled crates and sources of everything in `Cargo.lock`, checked by cargo-deny as `deny.toml` says.

use std::process::Command;

use crate::shell::run;
use crate::tools;
use crate::workspace::Workspace;

const DENY: &str = "0.20.2";

/// Exceptions in `deny.toml` that no longer apply are errors, so that the list stays accurate.
const STRICT: &[&str] = &["unmatched-skip", "license-exception-not-encountered"];

/// The checks that need only the lock file and the crates.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    run(&mut deny(workspace)?)
}

/// The same, and advisories, whose database is downloaded from GitHub.
pub(crate) fn check_all(workspace: &Workspace) -> anyhow::Result<()> {
    run(deny(workspace)?.arg("advisories"))
}

fn deny(workspace: &Workspace) -> anyhow::Result<Command> {
    let program = tools::ensure(workspace, "cargo-deny", DENY, &[])?;
    let mut command = Command::new(program);
    command
        .args(["--locked", "check", "--hide-inclusion-graph"])
        .args(STRICT.iter().flat_map(|lint| ["--deny", lint]))
        .args(["licenses", "bans", "sources"])
        .current_dir(workspace.root());
    Ok(command)
}
