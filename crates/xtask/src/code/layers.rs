//! Checks of what ARCHITECTURE.md promises about the crates: who may depend on whom and on what,
//! which paths must not be named where, that modules don't depend on each other in circles, and how
//! long a file may be.

mod circles;
mod graph;
mod paths;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use cargo_metadata::{DependencyKind, Package};

use self::source::Source;
use crate::shell::say;
use crate::workspace::Workspace;

/// Most lines of a source file.
const MAX_LINES: usize = 500;

/// Which crates of the project a crate may depend on, tests apart.
enum May {
    Only(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

/// For each crate of the project, those of the others that it may depend on.
const ALLOWED: &[(&str, May)] = &[
    ("arith", May::Only(&[])),
    ("paillier", May::Only(&["arith"])),
    ("card", May::Only(&[])),
    ("files", May::Only(&["card"])),
    ("onnx", May::Only(&["card"])),
    ("model", May::Only(&["card"])),
    ("import", May::Only(&["card", "model", "files", "onnx"])),
    ("train", May::Only(&["card", "model", "files", "onnx"])),
    ("protocol", May::Only(&["card", "paillier"])),
    (
        "engine",
        May::Only(&["card", "model", "paillier", "protocol"]),
    ),
    (
        "tables",
        May::Only(&["card", "engine", "files", "paillier", "protocol"]),
    ),
    ("ledger", May::Only(&[])),
    (
        "server",
        May::Only(&["card", "engine", "ledger", "protocol"]),
    ),
    (
        "report",
        May::Only(&["card", "engine", "model", "protocol"]),
    ),
    ("client", May::Only(&["card", "engine", "protocol"])),
    (
        "python",
        May::AllBut(&["bench", "ctgrind", "ledger", "train", "xtask"]),
    ),
    ("cli", May::AllBut(&["bench", "ctgrind", "python", "xtask"])),
    ("bench", May::AllBut(&["cli", "ctgrind", "python", "xtask"])),
    ("ctgrind", May::Only(&[])),
    ("xtask", May::Only(&[])),
];

/// Others' crates that some crates must not depend on, and why.
const FORBIDDEN: &[(&[&str], &[&str], &str)] = &[(
    &["arith", "protocol", "engine"],
    &["tokio", "reqwest", "hyper", "axum", "tempfile"],
    "this crate does no input or output",
)];

/// The crates that may have `unsafe` code: the compiler forbids it in the others, whose roots must
/// say so. bench binds GMP, and ctgrind calls valgrind in tests.
const UNSAFE: &[&str] = &["arith", "bench", "ctgrind"];
const FORBID: &str = "#![forbid(unsafe_code)]";

pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let packages = workspace.metadata.workspace_packages();
    let mut faults = Vec::new();
    for (name, _) in ALLOWED {
        if !packages.iter().any(|package| short(&package.name) == *name) {
            faults.push(format!("{name}: there is a rule for it, but no such crate"));
        }
    }
    for package in packages {
        faults.extend(dependencies(package));
        for root in roots(package) {
            faults.extend(sources(short(&package.name), root)?);
        }
    }
    for folder in ["crates", "examples", "fuzz", "interop", "python", "web"] {
        faults.extend(long_files(&workspace.root().join(folder))?);
    }
    for fault in &faults {
        say(fault);
    }
    if !faults.is_empty() {
        bail!("{} faults", faults.len());
    }
    Ok(())
}

/// A package's dependencies that aren't allowed, those of tests apart.
fn dependencies(package: &Package) -> Vec<String> {
    let name = short(&package.name);
    let Some((_, may)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
        return vec![format!("{name}: no rule says what it may depend on")];
    };
    let is_allowed = |other: &str| match may {
        May::Only(names) => names.contains(&other),
        May::AllBut(names) => !names.contains(&other),
    };
    let mut faults = Vec::new();
    for dependency in &package.dependencies {
        let is_ours = dependency.path.is_some();
        let is_shipped = dependency.kind != DependencyKind::Development;
        let other = short(&dependency.name);
        if is_ours && is_shipped && !is_allowed(other) {
            faults.push(format!("{name} depends on {other}, and must not"));
        }
        for (_, names, reason) in FORBIDDEN
            .iter()
            .filter(|(crates, ..)| crates.contains(&name))
        {
            if is_shipped && names.contains(&other) {
                faults.push(format!("{name} depends on {other}: {reason}"));
            }
        }
    }
    faults
}

/// The root files of a package's library and programs.
fn roots(package: &Package) -> impl Iterator<Item = &Path> {
    let targets = package.targets.iter();
    let shipped = targets.filter(|target| target.is_lib() || target.is_cdylib() || target.is_bin());
    shipped.map(|target| target.src_path.as_std_path())
}

/// What is wrong with the sources of a crate that has this root file.
fn sources(krate: &str, root: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    let is_forbidding = read(root)?.lines().any(|line| line == FORBID);
    if !is_forbidding && !UNSAFE.contains(&krate) {
        faults.push(format!("{}: has no {FORBID}", root.display()));
    }
    let source = Source::read(root)?;
    faults.extend(paths::faults(krate, &source));
    faults.extend(circles::faults(krate, &source));
    Ok(faults)
}

/// A crate's name without the project's.
fn short(name: &str) -> &str {
    name.strip_prefix("veilcast-").unwrap_or(name)
}

fn long_files(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for path in files(folder, &["rs", "py", "js", "mjs", "css", "html"])? {
        let lines = read(&path)?.lines().count();
        if lines > MAX_LINES {
            faults.push(format!(
                "{} has {lines} lines; at most {MAX_LINES}",
                path.display()
            ));
        }
    }
    Ok(faults)
}

/// All files with one of these extensions below a folder, if there is such a folder.
fn files(folder: &Path, extensions: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let path = entry?.path();
            let extension = path.extension().unwrap_or_default().to_string_lossy();
            if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
                folders.push(path);
            } else if extensions.contains(&&*extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))
}
