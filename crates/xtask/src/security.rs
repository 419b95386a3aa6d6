//! SECURITY.md's table names files, functions and tests: each must exist, so that no row promises
//! something that was moved or deleted. (That tests fail without their checks is for
//! [`removals`](crate::removals) to show.)

use std::path::{Path, PathBuf};
use std::{fs, iter};

use anyhow::{Context as _, bail, ensure};

use crate::documents::test_exists;
use crate::shell::say;
use crate::workspace::Workspace;

const HEADER: &str = "| # | attack | check | where | test |";

/// A row of the table.
pub(crate) struct Row {
    pub(crate) number: u32,
    /// Where the check is.
    files: Vec<String>,
    /// Functions in these files, as `FILE::NAME`.
    functions: Vec<String>,
    /// The tests of the check, as `FILE::NAME`.
    pub(crate) tests: Vec<String>,
}

pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let rows = rows(workspace.root())?;
    let mut faults = Vec::new();
    for row in &rows {
        let number = row.number;
        let files = row.files.iter().map(String::as_str);
        faults.extend(
            missing_files(workspace.root(), files)
                .map(|name| format!("row {number}: there is no {name}")),
        );
        if row.tests.is_empty() {
            faults.push(format!("row {number} names no test"));
        }
        for test in row.functions.iter().chain(&row.tests) {
            if let Err(error) = exists(workspace.root(), test) {
                faults.push(format!("row {number}: {error:#}"));
            }
        }
    }
    for fault in &faults {
        say(fault);
    }
    ensure!(!rows.is_empty(), "SECURITY.md's table has no rows");
    ensure!(faults.is_empty(), "{} faults", faults.len());
    Ok(())
}

/// The rows of SECURITY.md's table.
pub(crate) fn rows(root: &Path) -> anyhow::Result<Vec<Row>> {
    let text = fs::read_to_string(root.join("SECURITY.md")).context("can't read SECURITY.md")?;
    let (_, table) = text
        .split_once(HEADER)
        .context("SECURITY.md has no table of checks")?;
    let lines = table.lines().skip(2);
    lines
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.split(" | ").collect();
            let &[number, _, _, files, tests] = cells.as_slice() else {
                bail!("a row of SECURITY.md's table doesn't have five cells: {line}");
            };
            let number = number.trim_start_matches("| ").parse();
            let is_file = |name: &&str| name.contains(['/', '.']);
            let mut file = "";
            let functions = quoted(files).filter_map(|name| {
                if is_file(&name) {
                    file = name;
                    return None;
                }
                Some(format!("{file}::{name}"))
            });
            Ok(Row {
                number: number.with_context(|| format!("a row has no number: {line}"))?,
                functions: functions.collect(),
                files: quoted(files).filter(is_file).map(str::to_owned).collect(),
                tests: quoted(tests).map(str::to_owned).collect(),
            })
        })
        .collect()
}

/// The text written as code in a cell.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Those files that don't exist. One without a folder is in the folder of the one before.
fn missing_files<'a>(
    root: &Path,
    names: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = String> {
    let (mut folder, mut names) = (String::new(), names);
    iter::from_fn(move || {
        let name = names.next()?;
        let name = match name.rsplit_once('/') {
            Some((parent, _)) => {
                parent.clone_into(&mut folder);
                name.to_owned()
            }
            None => format!("{folder}/{name}"),
        };
        Some(name)
    })
    .filter(|name| !place(root, name).exists())
}

/// A test or a function is named as `FILE::NAME`.
fn exists(root: &Path, test: &str) -> anyhow::Result<()> {
    let (file, name) = test
        .split_once("::")
        .with_context(|| format!("{test} names no test of its file"))?;
    test_exists(&place(root, file), file, name)
}

/// Where a file is that SECURITY.md names: below `crates`, but for what is not Rust.
pub(crate) fn place(root: &Path, name: &str) -> PathBuf {
    let elsewhere = ["web/", "python/veilcast/", "python/tests/"];
    match elsewhere.iter().any(|folder| name.starts_with(folder)) {
        true => root.join(name),
        false => root.join("crates").join(name),
    }
}
