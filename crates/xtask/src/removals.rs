//! Whether the checks that SECURITY.md's table names are tested: each is taken out, and a test that
//! its row names must fail.
//!
//! The folder `crates/xtask/removals` lists what to take out. It happens one at a time in a copy of
//! the last commit (see [`copy`]); a test that fails with all checks in place proves nothing, so
//! each is first run unchanged.

mod copy;
mod list;
mod test;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{anyhow, bail, ensure};

use self::copy::{Checkout, Edit};
use self::list::Removal;
use self::test::{Outcome, Test};
use crate::security::{self, Row};
use crate::shell::say;
use crate::workspace::Workspace;

const INDENT: &str = "    ";

/// Takes out the checks of these rows, or of all if none is named.
pub(crate) fn check(rows: &[u32], workspace: &Workspace) -> anyhow::Result<()> {
    let table = security::rows(workspace.root())?;
    let mut removals = list::read(workspace.root())?;
    let listed = |row: u32| removals.iter().any(|removal| removal.row == row);
    let numbers = table.iter().map(|row| row.number);
    let unlisted: Vec<_> = numbers.filter(|&row| !listed(row)).collect();
    for row in rows {
        ensure!(listed(*row), "no check of row {row} is listed");
    }
    removals.retain(|removal| rows.is_empty() || rows.contains(&removal.row));

    let copy = Checkout::make(workspace)?;
    say(format!("commit {}", copy.commit()));
    let mut lines = Vec::new();
    // Faults in the list are reported before anything is built.
    let (removals, unfit): (Vec<_>, Vec<_>) = removals
        .into_iter()
        .map(|removal| (fault(copy.root(), &table, &removal), removal))
        .partition(|(fault, _)| fault.is_none());
    for (fault, removal) in unfit {
        let line = format!(
            "{removal}\n{INDENT}NOT SHOWN: {}",
            fault.unwrap_or_default()
        );
        say(&line);
        lines.push((removal.row, line));
    }
    let mut failed = lines.len();

    let removals: Vec<Removal> = removals.into_iter().map(|(_, removal)| removal).collect();
    let fit = as_they_stand(&copy, &removals);
    for removal in &removals {
        let start = Instant::now();
        let verdict = match fit[removal.test.as_str()] {
            true => verdict(&copy, removal),
            false => Err(anyhow!("the test does not pass unchanged")),
        };
        let verdict = verdict.unwrap_or_else(|fault| {
            failed += 1;
            format!("NOT SHOWN: {fault:#}")
        });
        let seconds = start.elapsed().as_secs_f64();
        let line = format!("{removal}\n{INDENT}{}\n{INDENT}{verdict}", removal.test);
        say(format!("{seconds:.0} s  {line}"));
        lines.push((removal.row, line));
    }
    lines.sort_by_key(|(row, _)| *row);
    let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    say(format!("\n{}", lines.join("\n")));
    if rows.is_empty() && !unlisted.is_empty() {
        say(format!("rows without a check in the list: {unlisted:?}"));
    }
    let checks = lines.len();
    ensure!(
        failed == 0,
        "{failed} of {checks} checks were not shown to be tested"
    );
    Ok(())
}

/// Checks that the list fits the code: what it takes out is there, exactly once each.
pub(crate) fn check_list(workspace: &Workspace) -> anyhow::Result<()> {
    let table = security::rows(workspace.root())?;
    let removals = list::read(workspace.root())?;
    let faults = removals.iter().filter_map(|removal| {
        let fault = fault(workspace.root(), &table, removal)?;
        Some(format!("{removal}: {fault}"))
    });
    let faults: Vec<String> = faults.collect();
    faults.iter().for_each(say);
    ensure!(faults.is_empty(), "{} faults", faults.len());
    Ok(())
}

/// What is wrong with an entry of the list.
fn fault(root: &Path, table: &[Row], removal: &Removal) -> Option<String> {
    let row = table.iter().find(|row| row.number == removal.row);
    if !row.is_some_and(|row| row.tests.contains(&removal.test)) {
        return Some(format!("the row does not name {}", removal.test));
    }
    let edit = Edit::new(root, removal);
    edit.err().map(|error| format!("{error:#}"))
}

/// Which of the tests pass with all checks in place.
fn as_they_stand<'a>(copy: &Checkout, removals: &'a [Removal]) -> BTreeMap<&'a str, bool> {
    let mut fit = BTreeMap::new();
    for name in removals.iter().map(|removal| removal.test.as_str()) {
        if !fit.contains_key(name) {
            let outcome = Test::find(copy, name).and_then(|test| test.run());
            say(match &outcome {
                Ok(outcome) => format!("unchanged, {name} {outcome}"),
                Err(error) => format!("{name}: {error:#}"),
            });
            fit.insert(name, matches!(outcome, Ok(Outcome::Passed)));
        }
    }
    fit
}

/// How the test fails without the check; an error if it does not.
fn verdict(copy: &Checkout, removal: &Removal) -> anyhow::Result<String> {
    let _removed = Edit::new(copy.root(), removal)?.write()?;
    let outcome = Test::find(copy, &removal.test)?.run()?;
    match outcome {
        Outcome::Failed(_) | Outcome::Endless => Ok(format!("as it should, it {outcome}")),
        Outcome::Passed | Outcome::NotBuilt(_) => bail!("without the check it {outcome}"),
    }
}
