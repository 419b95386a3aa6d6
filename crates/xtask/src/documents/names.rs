//! Files, tests and steps that documents name as code exist.
//!
//! A name with a slash is one of the project's files if it begins with a file or folder of the root,
//! of the document's own folder, or of `crates`; a name that ends in `.rs` is one in any case. It may
//! leave out the folders in front, as long as a file ends that way, or what follows the last dot.
//! Everything else written as code, such as the files that commands make, isn't checked.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::CommandFactory as _;

use super::Document;
use crate::arguments::Cli;

/// The names in the documents that name nothing.
pub(crate) fn faults(root: &Path, files: &[String], documents: &[Document]) -> Vec<String> {
    let mut faults = Vec::new();
    for document in documents {
        let blocks = document
            .blocks
            .iter()
            .map(|block| (block.line, &*block.text));
        let codes = document.codes.iter().map(|code| (code.line, &*code.text));
        for (line, text) in codes.clone() {
            let fault = match text.split_once("::") {
                Some((file, name)) if is_source(file) => find(root, files, document, file)
                    .map_or_else(
                        || Some(format!("there is no {file}")),
                        |path| {
                            test_exists(&path, file, name)
                                .err()
                                .map(|error| format!("{error:#}"))
                        },
                    ),
                _ => (is_path(root, document, text) && find(root, files, document, text).is_none())
                    .then(|| format!("there is no {text}")),
            };
            faults.extend(fault.map(|fault| format!("{}: {fault}", document.at(line))));
        }
        for (line, text) in codes.chain(blocks) {
            let steps = unknown_steps(text).into_iter();
            faults
                .extend(steps.map(|step| {
                    format!("{}: there is no `cargo xtask {step}`", document.at(line))
                }));
        }
    }
    faults
}

/// Checks that a file has a test or function of this name: in JavaScript a test's title.
pub(crate) fn test_exists(path: &Path, file: &str, name: &str) -> anyhow::Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("there is no {file}"))?;
    let is_there = match file.rsplit_once('.') {
        Some((_, "rs")) => ["(", "<"]
            .iter()
            .any(|next| text.contains(&format!("fn {name}{next}"))),
        Some((_, "py")) => text.contains(&format!("def {name}(")),
        _ => text.contains(&format!("test('{name}'")),
    };
    ensure!(is_there, "{file} has no {name:?}");
    Ok(())
}

fn is_source(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    name.chars().all(is_plain) && [".rs", ".js", ".mjs"].iter().any(|end| name.ends_with(end))
}

/// Whether a text can only be the path of one of the project's files or folders.
fn is_path(root: &Path, document: &Document, text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    if !text.chars().all(is_plain) || text.starts_with(['/', '.', '-', '_']) {
        return false;
    }
    let first = text.split('/').next().unwrap_or_default();
    let folders = [
        root.to_owned(),
        root.join(document.folder()),
        root.join("crates"),
    ];
    let begins = folders.iter().any(|folder| folder.join(first).exists());
    text.ends_with(".rs") || text.contains('/') && begins && first != "target"
}

/// Where a file or folder is that a document names.
fn find(root: &Path, files: &[String], document: &Document, name: &str) -> Option<PathBuf> {
    let folders = [
        root.to_owned(),
        root.join(document.folder()),
        root.join("crates"),
    ];
    let mut places = folders.iter().map(|folder| folder.join(name));
    places.find(|place| place.exists()).or_else(|| {
        let (end, begin) = (format!("/{name}"), format!("{name}."));
        let begin = document.folder().join(begin);
        let mut files = files.iter();
        let file = files.find(|file| file.ends_with(&end) || is_begun(file, &begin))?;
        Some(root.join(file))
    })
}

/// Whether a path begins with these letters.
fn is_begun(file: &str, begin: &Path) -> bool {
    begin.to_str().is_some_and(|begin| file.starts_with(begin))
}

/// The steps after `cargo xtask` that don't exist.
fn unknown_steps(text: &str) -> Vec<&str> {
    let command = Cli::command();
    let commands = text.split("cargo xtask ").skip(1);
    commands
        .filter_map(|rest| {
            rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                .next()
        })
        .filter(|step| !step.starts_with('-') && *step != "NAME")
        .filter(|step| command.find_subcommand(step).is_none())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(text: &str) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let document = Document::parse(PathBuf::from("web/README.md"), text);
        let files = ["crates/xtask/src/documents/names.rs".to_owned()];
        faults(&root, &files, &[document])
    }

    #[test]
    fn what_exists_is_accepted() {
        let text = "`data/mnist`, `xtask/src/steps.rs`, `test/e2e`, `names.rs`, `documents/names.rs`, \
                    `cloud/model.onnx`, `/v2/models`, `target/web`, `cargo xtask test`, `cargo xtask --help`, \
                    `documents/names.rs::what_exists_is_accepted`, `names::faults`";
        assert_eq!(faults_of(text), [""; 0]);
    }

    #[test]
    fn what_does_not_exist_is_found() {
        let cases = [
            ("`data/nothing`", "there is no data/nothing"),
            ("`xtask/src/nothing.rs`", "there is no xtask/src/nothing.rs"),
            ("`nothing.rs`", "there is no nothing.rs"),
            ("`test/nothing.js`", "there is no test/nothing.js"),
            ("`nothing.rs::name`", "there is no nothing.rs"),
            (
                "`names.rs::nothing_of_this_name`",
                "names.rs has no \"nothing_of_this_name\"",
            ),
            ("`cargo xtask nothing`", "there is no `cargo xtask nothing`"),
            (
                "```sh\ncargo xtask nothing\n```",
                "there is no `cargo xtask nothing`",
            ),
        ];
        for (text, fault) in cases {
            assert_eq!(
                faults_of(text),
                [format!("web/README.md:1: {fault}")],
                "{text}"
            );
        }
    }
}
