//! The programs that Rust's tests are compiled to.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use cargo_metadata::Message;

/// A program with tests in it.
pub(crate) struct TestProgram {
    /// The library's name, or that of the file or folder of tests.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// The folder of its package, in which Cargo would run it.
    folder: PathBuf,
}

impl TestProgram {
    /// Runs it as Cargo would.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder);
        command
    }

    /// The names of its tests that begin with a prefix.
    pub(crate) fn tests(&self, prefix: &str) -> anyhow::Result<Vec<String>> {
        let output = self
            .command()
            .args(["--list", "--format", "terse"])
            .output()
            .with_context(|| format!("can't run {}", self.path.display()))?;
        let names = String::from_utf8_lossy(&output.stdout);
        let names = names.lines().filter_map(|line| line.strip_suffix(": test"));
        Ok(names
            .filter(|name| name.starts_with(prefix))
            .map(str::to_owned)
            .collect())
    }
}

/// Compiles what a `cargo test` would run, without running it.
pub(crate) fn build(cargo_test: &mut Command) -> anyhow::Result<Vec<TestProgram>> {
    let output = cargo_test
        .args(["--no-run", "--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("can't run cargo")?;
    if !output.status.success() {
        bail!("the tests don't compile");
    }
    built(&output.stdout)
}

/// The programs that Cargo says it has built, in its messages.
pub(crate) fn built(messages: &[u8]) -> anyhow::Result<Vec<TestProgram>> {
    let mut programs = Vec::new();
    for message in Message::parse_stream(messages) {
        if let Message::CompilerArtifact(artifact) = message?
            && let (true, Some(path)) = (artifact.profile.test, artifact.executable)
        {
            let folder = artifact.manifest_path.parent();
            programs.push(TestProgram {
                name: artifact.target.name,
                path: path.into(),
                folder: folder.context("a manifest is in a folder")?.into(),
            });
        }
    }
    Ok(programs)
}
