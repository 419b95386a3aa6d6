//! Building the targets.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::shell::{cargo, run, say};
use crate::workspace::Workspace;

/// How code tells libFuzzer which way it went and what it compared, as cargo-fuzz has it told.
const COVERAGE: &[&str] = &[
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];
/// What makes the stable compiler take the flag of AddressSanitizer, whose library it comes with.
const ASAN: &str = "-Zsanitizer=address";

/// The built targets, and where they keep things.
pub(super) struct Programs {
    /// The repository.
    pub(super) root: PathBuf,
    /// `fuzz/`.
    pub(super) fuzz: PathBuf,
    folder: PathBuf,
}

impl Programs {
    /// Builds all targets.
    pub(super) fn build(workspace: &Workspace, asan: bool) -> anyhow::Result<Self> {
        let (root, host) = (workspace.root(), host()?);
        let fuzz = root.join("fuzz");
        let mut command = fuzz_cargo(workspace, "build");
        command.args(["--release", "--bins", "--locked", "--target", &host]);
        let mut flags = COVERAGE.to_vec();
        if asan {
            flags.push(ASAN);
            command.env("RUSTC_BOOTSTRAP", "1");
        }
        // Two kinds of programs of the same names: each has its folder.
        let target = fuzz.join("target").join(if asan { "asan" } else { "plain" });
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        command.env("CARGO_TARGET_DIR", &target);
        run(&mut command)?;
        Ok(Self {
            root: root.to_owned(),
            folder: target.join(host).join("release"),
            fuzz,
        })
    }

    /// A target's program.
    pub(super) fn path(&self, target: &str) -> PathBuf {
        self.folder.join(target)
    }
}

/// Checks what the workspace's own steps don't see of `fuzz/`.
pub(super) fn check_files(workspace: &Workspace) -> anyhow::Result<()> {
    run(fuzz_cargo(workspace, "fmt").arg("--check"))?;
    let [own, shipped] = ["fuzz/Cargo.lock", "Cargo.lock"].map(|file| {
        let path = workspace.root().join(file);
        fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))
    });
    let faults = other_versions(&own?, &shipped?);
    if faults.is_empty() {
        return Ok(());
    }
    faults.iter().for_each(say);
    bail!(
        "copy Cargo.lock to fuzz/Cargo.lock and run `cargo metadata --manifest-path fuzz/Cargo.toml`, \
         so that what is fuzzed is what is shipped"
    );
}

fn fuzz_cargo(workspace: &Workspace, command: &str) -> Command {
    let manifest = Path::new("fuzz").join("Cargo.toml");
    let mut cargo = cargo(workspace, [command, "--manifest-path"]);
    cargo.arg(manifest);
    cargo
}

/// The platform that we run on, as the compiler calls it.
fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = String::from_utf8(output.context("can't run rustc")?.stdout)?;
    let mut lines = output.lines();
    let host = lines.find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc doesn't say its host")?.to_owned())
}

/// Packages that both lock files have, in versions that only the first has.
fn other_versions(own: &str, shipped: &str) -> Vec<String> {
    let (own, shipped) = (packages(own), packages(shipped));
    let mut faults = Vec::new();
    for (name, versions) in own {
        let Some(shipped) = shipped.get(name) else {
            continue;
        };
        faults.extend(versions.difference(shipped).map(|version| {
            format!("fuzz/Cargo.lock has {name} {version}, which Cargo.lock has not")
        }));
    }
    faults
}

/// The packages of a lock file, with their versions.
fn packages(lock: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut packages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let text = |line: &'_ str, key| -> Option<(usize, usize)> {
        let rest = line.strip_prefix(key)?.strip_prefix(" = \"")?;
        let start = line.len() - rest.len();
        Some((start, line.len() - 1))
    };
    let mut name = "";
    for line in lock.lines() {
        if let Some((start, end)) = text(line, "name") {
            name = &line[start..end];
        } else if let Some((start, end)) = text(line, "version") {
            packages.entry(name).or_default().insert(&line[start..end]);
        }
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_is_not_shipped_is_told() {
        let lock = |version| {
            format!("version = 4\n\n[[package]]\nname = \"csv\"\nversion = \"{version}\"\n")
        };
        let (old, new) = (lock("1.3.0"), lock("1.4.0"));
        assert!(other_versions(&old, &old).is_empty());
        assert!(other_versions(&new, &format!("{old}{new}")).is_empty());
        assert!(other_versions(&old, "").is_empty());
        assert_eq!(
            other_versions(&old, &new),
            ["fuzz/Cargo.lock has csv 1.3.0, which Cargo.lock has not"]
        );
    }
}
