//! The list of checks that can be taken out.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// Its files, one for each crate that has checks.
const FOLDER: &str = "crates/xtask/removals";

/// A check, and the test that must fail without it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Removal {
    /// The row of SECURITY.md's table.
    pub(super) row: u32,
    /// What is taken out.
    pub(super) check: String,
    /// One of the row's tests.
    pub(super) test: String,
    /// Where the check is, named as in the table.
    pub(super) file: String,
    /// The check, which occurs once there.
    text: String,
    /// What is there without it.
    #[serde(default)]
    instead: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    removal: Vec<Removal>,
}

impl Removal {
    /// The file's text without the check.
    pub(super) fn applied(&self, text: &str) -> anyhow::Result<String> {
        let check = self.text.trim();
        ensure!(!check.is_empty(), "no text is to be taken out");
        let found = text.matches(check).count();
        ensure!(
            found == 1,
            "its text occurs {found} times in {}, not once",
            self.file
        );
        Ok(text.replacen(check, self.instead.trim(), 1))
    }
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}, {} ({})", self.row, self.check, self.file)
    }
}

/// All that is listed, in the order of the files' names.
pub(super) fn read(root: &Path) -> anyhow::Result<Vec<Removal>> {
    let folder = root.join(FOLDER);
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    paths.sort();
    let mut removals = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let list: List = toml::from_str(&text).with_context(|| path.display().to_string())?;
        removals.extend(list.removal);
    }
    Ok(removals)
}
