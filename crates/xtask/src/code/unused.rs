//! Dependencies that nothing uses, or that a manifest names twice.
//!
//! cargo-machete finds a crate's dependencies that its sources never name. What it doesn't check is
//! checked here: entries of the workspace's table that no crate takes, and dependencies that tests
//! list once more though the crate has them anyway.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, ensure};
use cargo_metadata::{DependencyKind, Package};

use crate::shell::{run, say};
use crate::tools;
use crate::workspace::Workspace;

const MACHETE: &str = "0.9.2";

pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let packages = workspace.metadata.workspace_packages();
    let mut faults = untaken(workspace, &packages)?;
    let doubled = packages.iter().flat_map(|package| doubled(package));
    faults.extend(doubled.map(|(package, name)| {
        format!("{package}: the tests have {name} from [dependencies] already")
    }));
    faults.iter().for_each(say);

    let machete = tools::ensure(workspace, "cargo-machete", MACHETE, &[])?;
    let mut command = std::process::Command::new(machete);
    run(command
        .args(["crates", "fuzz"])
        .current_dir(workspace.root()))?;
    ensure!(faults.is_empty(), "{} faults", faults.len());
    Ok(())
}

/// Entries of the workspace's table of dependencies that no crate takes.
fn untaken(workspace: &Workspace, packages: &[&Package]) -> anyhow::Result<Vec<String>> {
    let manifest = fs::read_to_string(workspace.root().join("Cargo.toml"));
    let manifest: toml::Table = toml::from_str(&manifest.context("can't read Cargo.toml")?)
        .context("can't parse Cargo.toml")?;
    let table = manifest["workspace"]["dependencies"].as_table();
    let entries = table
        .context("Cargo.toml has no table of dependencies")?
        .keys();
    let taken: BTreeSet<&str> = packages
        .iter()
        .flat_map(|package| &package.dependencies)
        .map(|dependency| dependency.rename.as_deref().unwrap_or(&dependency.name))
        .collect();
    Ok(entries
        .filter(|entry| !taken.contains(entry.as_str()))
        .map(|entry| format!("Cargo.toml: no crate takes {entry}"))
        .collect())
}

/// What the tests of a package list though the package depends on it, without further features.
fn doubled(package: &Package) -> Vec<(&str, &str)> {
    let of_kind = |kind| {
        let dependencies = package.dependencies.iter();
        dependencies.filter(move |dependency| dependency.kind == kind)
    };
    of_kind(DependencyKind::Development)
        .filter(|test| {
            of_kind(DependencyKind::Normal).any(|own| {
                let adds = |feature| !own.features.contains(feature);
                own.name == test.name && !own.optional && !test.features.iter().any(adds)
            })
        })
        .map(|test| (package.name.as_str(), test.name.as_str()))
        .collect()
}
