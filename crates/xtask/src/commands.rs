//! The documents' blocks: commands are run as they are written, and data and programs are parsed.
//!
//! | language of the block | what is done |
//! |---|---|
//! | `console`, `sh` | run after a line `<!-- run -->` |
//! | `json`, `toml`, `python`, `js` | parsed |
//! | `rust` | nothing: it must be in a crate's README that the crate's documentation includes, whose tests run it |
//! | `text` | nothing |
//!
//! A block that isn't run, or can't be parsed, has a line `<!-- not run: reason -->` above it. Commands
//! of the program that aren't run, also those within the text, must at least have verbs and options
//! that exist ([`usage`]).

mod script;
mod syntax;
mod usage;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::documents::{self, Block, Document, Mark};
use crate::program;
use crate::shell::{run, say};
use crate::workspace::Workspace;

/// What the documents' commands find in the directory that they run in.
const SHOWN: &[&str] = &["data", "examples", "interop", "models", "web"];

/// The step `commands`.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let documents = documents::all(workspace)?;
    let scratch = workspace.target().join("documents");
    if scratch.exists() {
        fs::remove_dir_all(&scratch).context("can't clear the directory of the last run")?;
    }
    fs::create_dir_all(&scratch).context("can't make a directory to run in")?;
    let mut faults = Vec::new();
    for document in &documents {
        faults.extend(unmarked(workspace.root(), document));
        for block in &document.blocks {
            if let Err(error) = syntax::check(block, &scratch) {
                faults.push(format!("{}: {error:#}", document.at(block.line)));
            }
        }
    }
    documents::report(&faults)?;

    let program = program::build(workspace)?;
    documents::report(&usage::faults(&program, &documents)?)?;
    let mut runs = 0;
    for document in &documents {
        let commands = script::commands(document);
        if !commands.is_empty() {
            say(format!("{}:", document.path.display()));
            run_commands(workspace, &program, document, &commands)?;
            runs += commands.len();
        }
    }
    ensure!(runs > 0, "no document has commands to run");
    Ok(())
}

/// The blocks that say neither what they are nor why they aren't run.
fn unmarked(root: &Path, document: &Document) -> Vec<String> {
    let blocks = document.blocks.iter().filter_map(|block| {
        Some(format!(
            "{}: {}",
            document.at(block.line),
            fault(root, document, block)?
        ))
    });
    let marks = document.lost_marks.iter();
    let marks = marks.map(|line| format!("{}: no block follows the mark", document.at(*line)));
    blocks.chain(marks).collect()
}

fn fault(root: &Path, document: &Document, block: &Block) -> Option<String> {
    let Some(language) = &block.language else {
        return Some("indented code: put it between ``` and name its language".to_owned());
    };
    match (&**language, &block.mark) {
        ("console" | "sh", None) => {
            Some("commands with neither <!-- run --> nor <!-- not run: reason --> above".to_owned())
        }
        ("rust", None) if !is_doctest(root, document) => Some(
            "Rust that no documentation test runs, without <!-- not run: reason -->".to_owned(),
        ),
        ("console" | "sh", Some(_)) | ("rust" | "text", None) => None,
        ("json" | "toml" | "python" | "js", None) | (_, Some(Mark::NotRun)) => None,
        (_, Some(Mark::Run)) => Some(format!("a block of {language} can't be run")),
        ("", None) => Some("a block without a language".to_owned()),
        (_, None) => Some(format!("nothing is known about blocks of {language}")),
    }
}

/// Whether a crate's documentation includes the document, so that its Rust is tested.
fn is_doctest(root: &Path, document: &Document) -> bool {
    let library = root.join(document.folder()).join("src").join("lib.rs");
    let is_readme = document
        .path
        .file_name()
        .is_some_and(|name| name == "README.md");
    is_readme
        && fs::read_to_string(library)
            .is_ok_and(|text| text.contains(r#"include_str!("../README.md")"#))
}

/// Runs a document's commands in one shell, in a directory that shows some of the project's files.
fn run_commands(
    workspace: &Workspace,
    program: &Path,
    document: &Document,
    commands: &[String],
) -> anyhow::Result<()> {
    let name = document.path.display().to_string().replace('/', "-");
    let directory = workspace.target().join("documents").join(name);
    fs::create_dir_all(&directory).context("can't make a directory to run in")?;
    for name in SHOWN {
        std::os::unix::fs::symlink(workspace.root().join(name), directory.join(name))
            .context("can't show the project's files")?;
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let folder = program.parent().context("a program is in a folder")?;
    let script = script::script(commands)?;
    run(Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .env("PATH", format!("{}:{path}", folder.display()))
        // For the scripts in `examples`, which would build it otherwise.
        .env("VEILCAST", program)
        .env_remove("WORK")
        .current_dir(&directory))
    .with_context(|| document.path.display().to_string())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn faults_of(path: &str, text: &str) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        unmarked(&root, &Document::parse(PathBuf::from(path), text))
    }

    #[test]
    fn blocks_that_say_what_they_are_are_accepted() {
        let text = "<!-- run -->\n```console\n$ one\n```\n<!-- not run: hours -->\n```sh\ntwo\n```\n\
                    ```json\n{}\n```\n```text\nthree\n```\n<!-- not run: a part -->\n```c\nfour\n```\n";
        assert_eq!(faults_of("README.md", text), [""; 0]);
    }

    #[test]
    fn blocks_that_do_not_are_found() {
        let cases = [
            ("    indented", "indented code"),
            ("```sh\none\n```", "commands with neither"),
            ("```console\n$ one\n```", "commands with neither"),
            (
                "<!-- not run: -->\n```sh\none\n```",
                "commands with neither",
            ),
            ("```\none\n```", "a block without a language"),
            ("```c\none\n```", "nothing is known about blocks of c"),
            ("```rust\none\n```", "Rust that no documentation test runs"),
            (
                "<!-- run -->\n```python\none\n```",
                "a block of python can't be run",
            ),
            ("<!-- run -->\n\nText", "no block follows the mark"),
        ];
        for (text, fault) in cases {
            let found = faults_of("examples/README.md", text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains(fault), "{text}: {found:?}");
        }
    }
}
