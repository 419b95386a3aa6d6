//! Whether the checks that SECURITY.md's table names are tested: each is taken out, and a test that
//! its row names must fail.
//!
//! The folder `crates/xtask/removals` lists what to take out. It happens one at a time in a copy of
//! the last commit (see [`copy`]); a test that fails with all checks in place proves nothing, so that
//! each is run as it stands before.

mod copy;
mod list;
mod test;

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context as _, ensure};

use self::copy::Copy;
use self::list::Removal;
use self::test::{Outcome, Test};
use crate::security;
use crate::shell::say;
use crate::workspace::Workspace;

/// Takes out the checks of these rows, of all if none is named.
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

    let copy = Copy::make(workspace)?;
    say(format!("commit {}", copy.commit()));
    let mut faults = Vec::new();
    for removal in &removals {
        let named = table.iter().find(|row| row.number == removal.row);
        let tests = named.map_or(&[][..], |row| &row.tests);
        if !tests.contains(&removal.test) {
            faults.push(format!("{removal}: the row does not name {}", removal.test));
        }
        if let Err(error) = copy.without(removal) {
            faults.push(format!("{removal}: {error:#}"));
        }
    }
    for fault in &faults {
        say(fault);
    }
    ensure!(faults.is_empty(), "{} faults in the list", faults.len());

    let fit = as_they_stand(&copy, &removals)?;
    let mut lines = Vec::new();
    let mut failed = 0;
    for removal in &removals {
        let start = Instant::now();
        let verdict = match fit[removal.test.as_str()] {
            true => verdict(&copy, removal)?,
            false => Err("the test does not pass as it stands".to_owned()),
        };
        let verdict = verdict.unwrap_or_else(|fault| {
            failed += 1;
            format!("NOT SHOWN: {fault}")
        });
        let seconds = start.elapsed().as_secs_f64();
        let line = format!(
            "{seconds:>6.1} s  {removal}\n{:10}{}\n{:10}{verdict}",
            "", removal.test, ""
        );
        say(&line);
        lines.push(line);
    }
    say(format!("\n{}", lines.join("\n")));
    if rows.is_empty() && !unlisted.is_empty() {
        say(format!("rows without a check in the list: {unlisted:?}"));
    }
    ensure!(
        failed == 0,
        "{failed} of {} checks were not shown to be tested",
        removals.len()
    );
    Ok(())
}

/// Which of the tests pass with all checks in place.
fn as_they_stand<'a>(
    copy: &Copy,
    removals: &'a [Removal],
) -> anyhow::Result<BTreeMap<&'a str, bool>> {
    let mut fit = BTreeMap::new();
    for name in removals.iter().map(|removal| removal.test.as_str()) {
        if !fit.contains_key(name) {
            let outcome = Test::find(copy, name)?.run()?;
            say(format!("as it stands  {name}: {outcome}"));
            fit.insert(name, matches!(outcome, Outcome::Passed));
        }
    }
    Ok(fit)
}

/// How the test fails without the check, or what speaks against it.
fn verdict(copy: &Copy, removal: &Removal) -> anyhow::Result<Result<String, String>> {
    let _removed = copy.without(removal)?.write()?;
    let test = Test::find(copy, &removal.test)?;
    let outcome = test.run().with_context(|| removal.to_string())?;
    Ok(match outcome {
        Outcome::Failed(_) | Outcome::Endless => Ok(format!("as it should, the test {outcome}")),
        Outcome::Passed | Outcome::NotBuilt(_) => Err(format!("the test {outcome}")),
    })
}
