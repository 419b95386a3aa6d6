//! The project's documents: every Markdown file, parsed once for the checks of what is written there.
//!
//! | subject | start at |
//! |---|---|
//! | relative links and their anchors | [`links`] |
//! | files, tests and steps that documents name | [`names`] |
//! | figures of the tables in it | [`figures`] |
//! | the book | [`book`] |
//!
//! The commands and other blocks are run and parsed by [`commands`](crate::commands).

mod book;
pub(crate) mod figures;
mod links;
mod names;
mod parse;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};

pub(crate) use self::names::test_exists;
pub(crate) use self::parse::{Block, Document, Mark};
use crate::shell::say;
use crate::workspace::Workspace;

/// The step `docs`: links, names, figures, and the book.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let files = files(workspace)?;
    let documents = documents(workspace, &files)?;
    let mut faults = links::faults(workspace.root(), &documents)?;
    faults.extend(names::faults(workspace.root(), &files, &documents));
    faults.extend(figures::faults(workspace)?);
    faults.extend(book::unlisted(&documents));
    report(&faults)?;
    book::build(workspace)
}

/// Prints faults, and fails if there are any.
pub(crate) fn report(faults: &[String]) -> anyhow::Result<()> {
    for fault in faults {
        say(fault);
    }
    ensure!(faults.is_empty(), "{} faults", faults.len());
    Ok(())
}

/// Every Markdown file of the project, parsed.
pub(crate) fn all(workspace: &Workspace) -> anyhow::Result<Vec<Document>> {
    documents(workspace, &files(workspace)?)
}

fn documents(workspace: &Workspace, files: &[String]) -> anyhow::Result<Vec<Document>> {
    let names = files.iter().filter(|name| name.ends_with(".md"));
    names
        .map(|name| {
            let text = fs::read_to_string(workspace.root().join(name));
            Ok(Document::parse(
                PathBuf::from(name),
                &text.with_context(|| name.clone())?,
            ))
        })
        .collect()
}

/// The project's files, by their paths from its root: what git knows, and what it doesn't ignore.
fn files(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others"])
        .arg("--exclude-standard")
        .current_dir(workspace.root())
        .output()
        .context("can't run git")?;
    ensure!(
        listed.status.success(),
        "git can't list the files: {}",
        String::from_utf8_lossy(&listed.stderr).trim()
    );
    let listed = String::from_utf8(listed.stdout).context("a file's name isn't UTF-8")?;
    let names = listed.split_terminator('\0');
    // Files that were deleted, but not yet in a commit, are listed too.
    let names = names.filter(|name| workspace.root().join(name).is_file());
    Ok(names.map(str::to_owned).collect())
}
