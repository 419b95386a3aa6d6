//! The public interface of the crates for others, pinned: a change of it shows in the diff of `public-api.txt`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use cargo_metadata::{Package, TargetKind};
use serde::Deserialize;

use crate::shell::{cargo, run, say};
use crate::workspace::Workspace;

/// The form of rustdoc's JSON that `crates/xtask/public-api` reads: that of Rust 1.95.
const FORM: u32 = 57;

/// rustdoc with its JSON, for which a stable compiler must be told to allow what is unstable. Told to all of a build, most of the
/// dependencies would be compiled again.
const RUSTDOC: &str = "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc \"$@\"\n";

/// Compares the interfaces with those in the files, which `writes` replaces.
pub(crate) fn check(workspace: &Workspace, writes: bool) -> anyhow::Result<()> {
    let folder = document(workspace)?;
    let mut changed = Vec::new();
    for package in libraries(workspace) {
        let json = folder.join(format!("{}.json", package.name.replace('-', "_")));
        let form = form(&json)?;
        if form != FORM {
            // Compilers are newer on some machines; the interface is the same there.
            say(format!(
                "NOT CHECKED: rustdoc's JSON has form {form} here, and {FORM} is read"
            ));
            return Ok(());
        }
        let interface = interface(workspace, &json)?;
        let crate_folder = package.manifest_path.parent();
        let file = (crate_folder.context("a manifest is in a folder")?).join("public-api.txt");
        let pinned = fs::read_to_string(&file).unwrap_or_default();
        if interface == pinned {
            continue;
        }
        say(format!("{}:", package.name));
        print_difference(&pinned, &interface);
        if writes {
            fs::write(&file, interface).with_context(|| format!("can't write {file}"))?;
        }
        changed.push(package.name.as_str());
    }
    if !changed.is_empty() && !writes {
        bail!(
            "the public interface of {} has changed: if it should have, `cargo xtask api --write` pins it",
            changed.join(", ")
        );
    }
    Ok(())
}

/// The crates that others can depend on.
fn libraries(workspace: &Workspace) -> impl Iterator<Item = &Package> {
    let is_library = |package: &&Package| {
        let is_published = package.publish.as_ref().is_none_or(|to| !to.is_empty());
        let mut targets = package.targets.iter();
        is_published && targets.any(|target| target.kind.contains(&TargetKind::Lib))
    };
    workspace.metadata.packages.iter().filter(is_library)
}

/// Writes rustdoc's JSON of the workspace, and tells where.
fn document(workspace: &Workspace) -> anyhow::Result<std::path::PathBuf> {
    fs::create_dir_all(workspace.target()).context("can't make the target folder")?;
    let rustdoc = workspace.target().join("json-rustdoc.sh");
    fs::write(&rustdoc, RUSTDOC).context("can't write into the target folder")?;
    fs::set_permissions(&rustdoc, fs::Permissions::from_mode(0o755))?;
    let arguments = ["doc", "--workspace", "--no-deps", "--lib", "--locked"];
    run(cargo(workspace, arguments)
        .env("RUSTDOC", rustdoc)
        .env("RUSTDOCFLAGS", "-Zunstable-options --output-format json"))?;
    Ok(workspace.target().join("doc"))
}

fn form(json: &Path) -> anyhow::Result<u32> {
    #[derive(Deserialize)]
    struct Form {
        format_version: u32,
    }
    let text = fs::read(json).with_context(|| format!("rustdoc wrote no {}", json.display()))?;
    Ok(serde_json::from_slice::<Form>(&text)?.format_version)
}

fn interface(workspace: &Workspace, json: &Path) -> anyhow::Result<String> {
    let manifest = (workspace.root()).join("crates/xtask/public-api/Cargo.toml");
    let mut command = cargo(workspace, ["run", "--quiet", "--locked"]);
    command
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(workspace.target().join("tools/public-api"))
        .args([OsStr::new("--"), json.as_os_str()]);
    output(&mut command)
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("can't run cargo")?;
    if !output.status.success() {
        bail!("crates/xtask/public-api failed: {}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The lines that only one of them has.
fn print_difference(pinned: &str, interface: &str) {
    let (pinned, interface): (BTreeSet<&str>, BTreeSet<&str>) =
        (pinned.lines().collect(), interface.lines().collect());
    for line in pinned.difference(&interface) {
        say(format!("- {line}"));
    }
    for line in interface.difference(&pinned) {
        say(format!("+ {line}"));
    }
}
