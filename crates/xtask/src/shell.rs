//! Running commands, and saying what goes on.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::Write as _;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::workspace::Workspace;

/// A line on standard error.
pub(crate) fn say(text: impl Display) {
    // Nothing to be done if it is closed; the exit status tells.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The Cargo that runs us, in the workspace's root.
pub(crate) fn cargo<'a>(
    workspace: &Workspace,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(workspace.root());
    command
}

/// Runs a command that must succeed.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ");
    let status = command
        .status()
        .with_context(|| format!("can't run `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}
