//! A list of all that the program is made of, in CycloneDX's form, by cargo-cyclonedx.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::shell::{run, say};
use crate::tools;
use crate::workspace::Workspace;

const CYCLONEDX: &str = "0.5.9";

/// Writes `target/release-files/veilcast-VERSION.cdx.json`.
pub(crate) fn list(workspace: &Workspace) -> anyhow::Result<()> {
    let tool = tools::ensure(workspace, "cargo-cyclonedx", CYCLONEDX, &[])?;
    let manifest = &workspace.cli()?.manifest_path;
    let name = format!("veilcast-{}.cdx", workspace.version()?);
    run(Command::new(tool)
        .args(["cyclonedx", "--format", "json", "--spec-version", "1.5"])
        .args(["--override-filename", &name, "--manifest-path"])
        .arg(manifest)
        .current_dir(workspace.root()))?;
    let folder = manifest.parent().context("a manifest is in a folder")?;
    let written = folder.join(format!("{name}.json"));
    let json = fs::read(&written).with_context(|| format!("there is no {written}"))?;
    let files = workspace.target().join("release-files");
    fs::create_dir_all(&files)?;
    let list = files.join(format!("{name}.json"));
    fs::rename(&written, &list).with_context(|| format!("can't move {written}"))?;
    let json: Value = serde_json::from_slice(&json)?;
    let components = json["components"].as_array().map_or(0, Vec::len);
    ensure!(
        components > 100,
        "the list has only {components} components"
    );
    say(format!("{}: {components} components", list.display()));
    Ok(())
}
