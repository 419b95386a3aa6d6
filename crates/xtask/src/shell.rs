//! Running commands, and reporting progress.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::workspace::Workspace;

/// A line on standard error.
pub(crate) fn say(text: impl Display) {
    // Nothing to be done if it is closed; the exit status says enough.
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
    // What Cargo has told us about ourselves: build scripts that look at it would run again, and all that depends on them.
    for (name, _) in std::env::vars_os() {
        let is_ours = |prefix| name.to_string_lossy().starts_with(prefix);
        if is_ours("CARGO_PKG_") || is_ours("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a command that must succeed.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = line(command);
    let status = command
        .status()
        .with_context(|| format!("can't run `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// Runs Rust's tests, which must pass; the error repeats the output of the failed ones, since much
/// else is printed after it.
pub(crate) fn run_tests(command: &mut Command) -> anyhow::Result<()> {
    let line = line(command);
    let cannot_run = || format!("can't run `{line}`");
    let mut process = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(cannot_run)?;
    let mut failures = String::new();
    let mut is_failure = false;
    for text in BufReader::new(process.stdout.take().context("its output is piped")?).split(b'\n') {
        let text = text.with_context(cannot_run)?;
        let text = String::from_utf8_lossy(&text);
        // As with standard error: nothing to be done if it is closed.
        let _ = writeln!(std::io::stdout(), "{text}");
        is_failure = (is_failure || text == "failures:") && !text.starts_with("test result:");
        if is_failure {
            failures.extend([&*text, "\n"]);
        }
    }
    let status = process.wait().with_context(cannot_run)?;
    if !status.success() {
        bail!("`{line}` failed: {status}\n{failures}");
    }
    Ok(())
}

/// A command as it would be typed.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    words.join(" ")
}
