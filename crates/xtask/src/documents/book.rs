//! The book in `docs`, built by mdBook.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Document;
use crate::shell::run;
use crate::tools;
use crate::workspace::Workspace;

const CHAPTERS: &str = "docs/src";
const SUMMARY: &str = "SUMMARY.md";
/// The version of mdBook.
const MDBOOK: &str = "0.5.4";

/// Whether a file of the project is part of the book.
pub(crate) fn contains(path: &Path) -> bool {
    path.starts_with(CHAPTERS)
}

/// The chapters that the summary doesn't list: mdBook leaves them out without a word.
pub(crate) fn unlisted(documents: &[Document]) -> Vec<String> {
    let (summaries, chapters): (Vec<_>, Vec<_>) = documents
        .iter()
        .filter(|document| contains(&document.path))
        .partition(|document| document.path.file_name() == Some(OsStr::new(SUMMARY)));
    let listed: HashSet<PathBuf> = summaries
        .iter()
        .flat_map(|summary| {
            summary
                .links
                .iter()
                .map(|link| summary.folder().join(&link.text))
        })
        .collect();
    let unlisted = chapters
        .iter()
        .filter(|chapter| !listed.contains(&chapter.path));
    unlisted
        .map(|chapter| format!("{}: {SUMMARY} doesn't list it", chapter.path.display()))
        .collect()
}

/// Builds the book into `target/book`.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<()> {
    let program = tools::ensure(workspace, "mdbook", MDBOOK, &["--no-default-features"])?;
    run(Command::new(program)
        .arg("build")
        .arg(workspace.root().join("docs"))
        .arg("--dest-dir")
        .arg(workspace.target().join("book")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapters_that_the_summary_leaves_out_are_found() {
        let document = |path: &str, text: &str| Document::parse(PathBuf::from(path), text);
        let documents = [
            document("docs/src/SUMMARY.md", "- [One](one.md)\n"),
            document("docs/src/one.md", "One"),
            document("docs/src/two.md", "Two"),
            document("README.md", "Not a chapter"),
        ];
        assert_eq!(
            unlisted(&documents),
            ["docs/src/two.md: SUMMARY.md doesn't list it"]
        );
    }
}
