//! One version everywhere: the workspace's, which Python's package has from there.

use std::fs;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::workspace::Workspace;

/// That all manifests have the workspace's version, and the image its Rust.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let wanted = workspace.version()?;
    for package in &workspace.metadata.packages {
        ensure!(
            package.version.to_string() == wanted,
            "{} has version {}, and the workspace {wanted}: write `version.workspace = true`",
            package.name,
            package.version
        );
        for dependency in &package.dependencies {
            let required = dependency.req.to_string();
            ensure!(
                !dependency.name.starts_with("veilcast-")
                    || ["*".to_owned(), format!("^{wanted}")].contains(&required),
                "{} requires {} {required}, and the workspace has {wanted}: change it in Cargo.toml",
                package.name,
                dependency.name
            );
        }
    }
    for (file, places) in [
        ("web/package.json", &["/version"][..]),
        ("web/package-lock.json", &["/version", "/packages//version"]),
    ] {
        let path = workspace.root().join(file);
        let json = fs::read(&path).with_context(|| file.to_owned())?;
        let json: Value = serde_json::from_slice(&json).with_context(|| file.to_owned())?;
        for place in places {
            let found = json.pointer(place).and_then(Value::as_str);
            ensure!(
                found == Some(&wanted),
                "{file} has version {found:?}, and the workspace {wanted}: `npm version {wanted}` in web/ changes it"
            );
        }
    }
    check_rust(workspace)
}

/// That what builds the program elsewhere does so with the Rust that the manifests name.
fn check_rust(workspace: &Workspace) -> anyhow::Result<()> {
    let oldest = workspace.oldest_rust()?;
    for (file, needed) in [
        ("deploy/Dockerfile", format!("FROM rust:{oldest}-")),
        (
            ".github/workflows/test.yml",
            format!("toolchain: \"{oldest}\""),
        ),
    ] {
        let text = fs::read_to_string(workspace.root().join(file));
        let text = text.with_context(|| file.to_owned())?;
        ensure!(
            text.contains(&needed),
            "{file} has no {needed:?}, but rust-version is {oldest} in Cargo.toml"
        );
    }
    Ok(())
}

/// That a tag such as `v1.2.3` is that of the workspace's version.
pub(super) fn check_tag(workspace: &Workspace, tag: &str) -> anyhow::Result<()> {
    let version = workspace.version()?;
    ensure!(
        tag.strip_prefix('v') == Some(&version),
        "the tag is {tag:?}, and the version {version}: tag v{version}, or change the version"
    );
    Ok(())
}
