//! Building the targets.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};

use super::targets::TARGETS;
use crate::host::host;
use crate::shell::{cargo, run, say};
use crate::workspace::Workspace;

/// How code tells libFuzzer which path it took and what it compared, as with cargo-fuzz.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];
/// A setting that some parsers look for: then they skip a checksum that mutations hardly ever
/// match.
const FUZZING: &[&str] = &["--cfg", "fuzzing"];
/// What makes the stable compiler accept the flag of AddressSanitizer, whose library it comes with.
const ASAN: &str = "-Zsanitizer=address";

/// The parsers among the dependencies, which tell libFuzzer where they are even in a quick build.
/// Instrumentation doubles the compiler's time, and the networks' library alone would take seven
/// minutes.
const PARSERS: &[&str] = &[
    "csv",
    "csv_core",
    "fdeflate",
    "flate2",
    "miniz_oxide",
    "npyz",
    "png",
    "prost",
    "safetensors",
    "serde_json",
    "zlib_rs",
];

/// Set for the compiler that Cargo calls through us.
const AS_COMPILER: &str = "VEILCAST_XTASK_AS_COMPILER";

/// The built targets, and where they keep things.
pub(super) struct Programs {
    /// The repository.
    pub(super) root: PathBuf,
    /// `fuzz/`.
    pub(super) fuzz: PathBuf,
    folder: PathBuf,
}

impl Programs {
    /// Builds all targets: quickly, or else thoroughly, with all dependencies instrumented, and memory errors
    /// looked for.
    pub(super) fn build(workspace: &Workspace, is_thorough: bool) -> anyhow::Result<Self> {
        let (root, host) = (workspace.root(), host()?);
        let fuzz = root.join("fuzz");
        let mut command = fuzz_cargo(workspace, "build");
        command.args(["--release", "--bins", "--locked", "--target", &host]);
        let mut flags = FUZZING.to_vec();
        if is_thorough {
            flags.extend(COVERAGE);
            flags.push(ASAN);
            command.env("RUSTC_BOOTSTRAP", "1");
        } else {
            let own = std::env::current_exe().context("can't tell our own program")?;
            command.env("RUSTC_WRAPPER", own).env(AS_COMPILER, "1");
        }
        // Two kinds of programs of the same names: each has its folder.
        let target = fuzz
            .join("target")
            .join(if is_thorough { "thorough" } else { "quick" });
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

/// Stands in for the compiler, if Cargo calls us as one: the compiler with our flags for the crates that are to
/// be instrumented, which Cargo has no way to tell from others.
pub(crate) fn compile() -> Option<anyhow::Result<ExitCode>> {
    std::env::var_os(AS_COMPILER)?;
    let mut arguments = std::env::args_os().skip(1);
    let compiler = arguments.next()?;
    let arguments: Vec<OsString> = arguments.collect();
    let mut command = Command::new(compiler);
    if is_instrumented(&arguments) {
        command.args(COVERAGE);
    }
    let status = command.args(arguments).status();
    let code = status.map(|status| match status.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    });
    Some(code.context("can't run the compiler"))
}

/// Whether a call of the compiler is for one of our crates or a parser, and not for the machine that builds.
fn is_instrumented(arguments: &[OsString]) -> bool {
    let after = |option: &str| {
        let place = arguments.iter().position(|word| word == option)?;
        arguments.get(place + 1)?.to_str()
    };
    let is_chosen = |name: &str| {
        let is_target = || TARGETS.iter().any(|target| target.name == name);
        name.starts_with("veilcast_") || PARSERS.contains(&name) || is_target()
    };
    after("--target").is_some() && after("--crate-name").is_some_and(is_chosen)
}

/// Checks the parts of `fuzz/` that the workspace's own steps don't see.
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

/// Packages that both lock files have, in versions that only the first has.
fn other_versions(own: &str, shipped: &str) -> Vec<String> {
    let (own, shipped) = (packages(own), packages(shipped));
    let mut faults = Vec::new();
    for (name, versions) in own {
        let Some(shipped) = shipped.get(name) else {
            continue;
        };
        faults.extend(versions.difference(shipped).map(|version| {
            format!("fuzz/Cargo.lock has {name} {version}, which Cargo.lock doesn't have")
        }));
    }
    faults
}

/// The packages of a lock file, with their versions.
fn packages(lock: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut packages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut name = "";
    for line in lock.lines() {
        match line.split_once(" = ") {
            Some(("name", text)) => name = text.trim_matches('"'),
            Some(("version", text)) => {
                packages
                    .entry(name)
                    .or_default()
                    .insert(text.trim_matches('"'));
            }
            _ => {}
        }
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_crates_and_parsers_are_instrumented() {
        let is_instrumented = |name: &str, target: &[&str]| {
            let words = ["--crate-name", name, "--edition=2024"];
            let words = words.iter().chain(target).map(OsString::from);
            is_instrumented(&words.collect::<Vec<_>>())
        };
        let target = ["--target", "x86_64-unknown-linux-gnu"];
        for name in ["veilcast_protocol", "png", "onnx_import"] {
            assert!(is_instrumented(name, &target), "{name}");
            assert!(!is_instrumented(name, &[]), "{name} for a build script");
        }
        assert!(!is_instrumented("tract_core", &target));
    }

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
            ["fuzz/Cargo.lock has csv 1.3.0, which Cargo.lock doesn't have"]
        );
    }
}
