//! What the crates promise to others: a list of each one's public items, which a change has to change too.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail, ensure};
use public_api::Builder;

use crate::shell::{cargo, run, say};
use crate::workspace::Workspace;

/// Set for the documentation's compiler that Cargo calls through us.
const AS_RUSTDOC: &str = "VEILCAST_XTASK_AS_RUSTDOC";
/// The list in a crate's folder.
const FILE: &str = "api.txt";

/// Compares each published library with its list.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let changed = each(workspace, |path, found| {
        let known = fs::read_to_string(path).unwrap_or_default();
        Ok(difference(&known, found))
    })?;
    if changed.is_empty() {
        return Ok(());
    }
    bail!(
        "public items have changed:\n{}if that is meant, `cargo xtask api --accept` writes it down, and CHANGELOG.md tells of it",
        changed.concat()
    )
}

/// Writes the lists.
pub(crate) fn accept(workspace: &Workspace) -> anyhow::Result<()> {
    let changed = each(workspace, |path, found| {
        let known = fs::read_to_string(path).unwrap_or_default();
        fs::write(path, found).with_context(|| path.display().to_string())?;
        Ok(difference(&known, found))
    })?;
    say(changed.concat());
    Ok(())
}

/// Makes each library's list, and gives what `use_it` says of those where it says something.
fn each(
    workspace: &Workspace,
    use_it: impl Fn(&Path, &str) -> anyhow::Result<String>,
) -> anyhow::Result<Vec<String>> {
    describe(workspace)?;
    let mut told = Vec::new();
    for package in &workspace.metadata.packages {
        let is_published = package.publish.is_none();
        let library = package.targets.iter().find(|target| target.is_lib());
        let (true, Some(library)) = (is_published, library) else {
            continue;
        };
        let json = workspace.target().join("doc").join(&library.name);
        let items = Builder::from_rustdoc_json(json.with_extension("json"))
            .omit_blanket_impls(true)
            .omit_auto_trait_impls(true)
            .omit_auto_derived_impls(true)
            .build()
            .with_context(|| {
                format!(
                    "can't read what rustdoc says of {}: is this Rust newer than public-api?",
                    package.name
                )
            })?;
        let mut list = String::new();
        for item in items.items() {
            writeln!(list, "{item}")?;
        }
        let folder = package
            .manifest_path
            .parent()
            .context("a manifest is in a folder")?;
        let path = folder.as_std_path().join(FILE);
        let text = use_it(&path, &list)?;
        if !text.is_empty() {
            told.push(format!("{}:\n{text}", package.name));
        }
    }
    ensure!(
        workspace.target().join("doc/veilcast_arith.json").is_file(),
        "rustdoc has described nothing"
    );
    Ok(told)
}

/// The lines that only one of two lists has.
fn difference(known: &str, found: &str) -> String {
    let only = |a: &str, b: &str, sign: char| {
        let others: Vec<&str> = b.lines().collect();
        let lines = a.lines().filter(|line| !others.contains(line));
        lines
            .map(|line| format!("  {sign} {line}\n"))
            .collect::<String>()
    };
    only(known, found, '-') + &only(found, known, '+')
}

/// Has rustdoc describe all crates as JSON, which the stable one does if it is told to be bold.
fn describe(workspace: &Workspace) -> anyhow::Result<()> {
    let own = std::env::current_exe().context("can't tell our own program")?;
    let real = std::env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
    // With all crates, as the documentation is built: with fewer the dependencies would have other features, and be checked again.
    let arguments = ["doc", "--workspace", "--no-deps", "--lib", "--locked"];
    let mut command = cargo(workspace, arguments);
    command.env("RUSTDOC", own).env(AS_RUSTDOC, real).env(
        "RUSTDOCFLAGS",
        "-Zunstable-options --output-format=json --cap-lints=allow",
    );
    run(&mut command)
}

/// Stands in for rustdoc, if Cargo calls us as it: the setting that makes it bold would have all dependencies compiled again if
/// Cargo had it.
pub(crate) fn document() -> Option<anyhow::Result<ExitCode>> {
    let rustdoc = std::env::var_os(AS_RUSTDOC)?;
    let status = Command::new(rustdoc)
        .args(std::env::args_os().skip(1))
        .env_remove(AS_RUSTDOC)
        .env("RUSTC_BOOTSTRAP", "1")
        .status();
    let code = status.map(|status| match status.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    });
    Some(code.context("can't run rustdoc"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_and_what_comes_is_told() {
        let told = difference("pub mod a\npub fn a::b()\n", "pub mod a\npub fn a::c()\n");
        assert_eq!(told, "  - pub fn a::b()\n  + pub fn a::c()\n");
        assert_eq!(difference("pub mod a\n", "pub mod a\n"), "");
    }
}
