//! Release notes: the version's part of the changelog.

use std::fs;
use std::io::Write as _;

use anyhow::{Context as _, bail, ensure};

use crate::workspace::Workspace;

const FILE: &str = "CHANGELOG.md";

/// Prints the notes of the workspace's version.
pub(crate) fn print_notes(workspace: &Workspace) -> anyhow::Result<()> {
    let text = fs::read_to_string(workspace.root().join(FILE)).context(FILE)?;
    let notes = notes(&text, &workspace.version()?)?.body;
    std::io::stdout()
        .write_all(notes.as_bytes())
        .context("can't write to standard output")
}

/// That the workspace's version has notes, with a date.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let text = fs::read_to_string(workspace.root().join(FILE)).context(FILE)?;
    notes(&text, &workspace.version()?).map(drop)
}

/// The part of a version.
#[derive(Debug)]
pub(super) struct Notes {
    /// Such as 2026-11-30.
    pub(super) date: String,
    pub(super) body: String,
}

/// The notes of the workspace's version.
pub(super) fn current(workspace: &Workspace) -> anyhow::Result<Notes> {
    let text = fs::read_to_string(workspace.root().join(FILE)).context(FILE)?;
    notes(&text, &workspace.version()?)
}

fn notes(text: &str, version: &str) -> anyhow::Result<Notes> {
    let heading = format!("## [{version}] - ");
    let Some((_, rest)) = text.split_once(&format!("\n{heading}")) else {
        bail!("{FILE} has no line \"{heading}YYYY-MM-DD\"");
    };
    let (date, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    ensure!(
        is_date(date),
        "in {FILE}, {date:?} is no date of the version {version}: write one such as 2026-11-30"
    );
    let end = rest.find("\n## ").unwrap_or(rest.len());
    let body = rest[..end].trim();
    ensure!(!body.is_empty(), "{FILE} says nothing of version {version}");
    Ok(Notes {
        date: date.to_owned(),
        body: format!("{body}\n"),
    })
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let numbers: Option<Vec<u32>> = parts.iter().map(|part| part.parse().ok()).collect();
    match (lengths.as_slice(), numbers.as_deref()) {
        ([4, 2, 2], Some([_, month, day])) => (1..=12).contains(month) && (1..=31).contains(day),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Changelog\n\n## [Unreleased]\n\n- later\n\n## [0.2.0] - 2026-12-01\n\n### Added\n- two\n\n\
                        ## [0.1.0] - 2026-11-30\n\n### Added\n- one\n";

    #[test]
    fn a_version_has_its_own_part_and_date() {
        let two = notes(TEXT, "0.2.0").unwrap();
        assert_eq!(
            (two.date.as_str(), two.body.as_str()),
            ("2026-12-01", "### Added\n- two\n")
        );
        assert_eq!(notes(TEXT, "0.1.0").unwrap().body, "### Added\n- one\n");
    }

    #[test]
    fn a_version_without_a_part_or_a_date_is_refused() {
        let refused = |text: &str| notes(text, "0.3.0").unwrap_err().to_string();
        assert!(refused(TEXT).contains("no line \"## [0.3.0] - YYYY-MM-DD\""));
        assert!(refused("\n## [0.3.0] - soon\n- three\n").contains("no date"));
        assert!(refused("\n## [0.3.0] - 2026-13-01\n- three\n").contains("no date"));
        assert!(refused("\n## [0.3.0] - 2026-12-01\n\n## [0.1.0]").contains("says nothing"));
    }
}
