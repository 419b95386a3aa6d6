//! What ARCHITECTURE.md promises of the crates, checked: who may depend on whom, which words may
//! not stand where, and how long a file may be.

mod words;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use cargo_metadata::{DependencyKind, Metadata};

use self::words::RULES;
use crate::shell::say;
use crate::workspace::Workspace;

/// Most lines of a source file.
const MAX_LINES: usize = 500;

/// The crates of the project that each crate may depend on, tests apart.
const ALLOWED: &[(&str, &[&str])] = &[
    ("arith", &[]),
    ("paillier", &["arith"]),
    ("model", &[]),
    ("protocol", &["paillier"]),
    ("engine", &["paillier", "model", "protocol"]),
    ("server", &["engine", "protocol"]),
    ("client", &["engine", "protocol"]),
    (
        "cli",
        &[
            "paillier", "model", "protocol", "engine", "server", "client",
        ],
    ),
    (
        "bench",
        &[
            "arith", "paillier", "model", "protocol", "engine", "server", "client",
        ],
    ),
    ("ctgrind", &[]),
    ("xtask", &[]),
];

pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let mut faults = dependencies(&workspace.metadata);
    let crates = workspace.root().join("crates");
    for rule in RULES {
        faults.extend(rule.check(&crates)?);
    }
    for folder in ["crates", "examples", "fuzz", "interop", "web"] {
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

/// Dependencies between the project's crates that aren't allowed.
fn dependencies(metadata: &Metadata) -> Vec<String> {
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        let name = short(&package.name);
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
            faults.push(format!("{name}: no rule says what it may depend on"));
            continue;
        };
        for dependency in &package.dependencies {
            let is_ours = dependency.path.is_some();
            let is_shipped = dependency.kind != DependencyKind::Development;
            let other = short(&dependency.name);
            if is_ours && is_shipped && !allowed.contains(&other) {
                faults.push(format!("{name} depends on {other}, and may not"));
            }
        }
    }
    faults
}

/// A crate's name without the project's.
fn short(name: &str) -> &str {
    name.strip_prefix("veilcast-").unwrap_or(name)
}

fn long_files(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for path in sources(folder, &["rs", "py", "js", "mjs", "css", "html"])? {
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
fn sources(folder: &Path, extensions: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
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
