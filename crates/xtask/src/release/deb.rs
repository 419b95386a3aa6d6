//! The Debian package: built by cargo-deb as `crates/cli/Cargo.toml` says, and checked by lintian.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

use super::{around, changelog};
use crate::shell::{run, say};
use crate::tools;
use crate::workspace::Workspace;

const CARGO_DEB: &str = "3.8.0";

/// Builds `target/debian/veilcast_VERSION_ARCHITECTURE.deb` of `program`, or of one that is built.
pub(crate) fn build(workspace: &Workspace, program: Option<&Path>) -> anyhow::Result<()> {
    let program = match program {
        Some(program) => program.to_owned(),
        None => around::program(workspace, None)?,
    };
    // What crates/cli/Cargo.toml names.
    let folder = workspace.target().join("debian-files");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("can't remove the old folder")?;
    }
    fs::create_dir_all(folder.join("systemd"))?;
    fs::copy(&program, folder.join("veilcast"))
        .with_context(|| format!("can't copy {}", program.display()))?;
    run(Command::new("strip").arg(folder.join("veilcast")))?;
    around::write(&program, &folder)?;
    let unit = fs::read_to_string(workspace.root().join("deploy/systemd/veilcast.service"))?;
    fs::write(folder.join("systemd/veilcast.service"), debian_unit(&unit)?)?;
    fs::write(folder.join("changelog"), debian_changelog(workspace)?)?;

    let packages = workspace.target().join("debian");
    let before = newest(&packages);
    let tool = tools::ensure(
        workspace,
        "cargo-deb",
        CARGO_DEB,
        &["--no-default-features"],
    )?;
    let mut command = Command::new(tool);
    command
        .current_dir(workspace.root())
        .args(["--package", "veilcast-cli", "--no-build", "--no-strip"])
        .args(["--locked", "--output"])
        .arg(&packages);
    fs::create_dir_all(&packages)?;
    run(&mut command)?;
    let package = newest(&packages).context("cargo-deb has written no package")?;
    ensure!(
        before.is_none_or(|before| before != package) || package.0.is_file(),
        "cargo-deb has written no new package"
    );
    lint(&package.0)?;
    say(package.0.display());
    Ok(())
}

/// The newest package in a folder, with its time.
fn newest(folder: &Path) -> Option<(PathBuf, std::time::SystemTime)> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let packages = entries.filter_map(|entry| {
        let path = entry.path();
        let time = entry.metadata().ok()?.modified().ok()?;
        path.extension()
            .is_some_and(|ending| ending == "deb")
            .then_some((path, time))
    });
    packages.max_by_key(|(_, time)| *time)
}

/// lintian's errors and warnings are ours.
fn lint(package: &Path) -> anyhow::Result<()> {
    let found = Command::new("lintian")
        .args(["--fail-on", "error,warning", "--tag-display-limit", "0"])
        .arg(package)
        .stdin(Stdio::null())
        .status();
    match found {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("lintian finds faults in {}: {status}", package.display()),
        Err(_) => bail!("there is no lintian: apt-get install lintian"),
    }
}

/// The unit, with the path that the package has.
fn debian_unit(unit: &str) -> anyhow::Result<String> {
    const OURS: &str = "/usr/local/bin/veilcast";
    ensure!(unit.contains(OURS), "the unit doesn't run {OURS}");
    let unit = unit.replace(OURS, "/usr/bin/veilcast");
    Ok(unit.replace(
        "/etc/systemd/system/veilcast.service",
        "it is installed, but neither enabled nor started",
    ))
}

/// Debian's changelog: the version, and where its notes are.
fn debian_changelog(workspace: &Workspace) -> anyhow::Result<String> {
    let (version, date) = (workspace.version()?, changelog::current(workspace)?.date);
    let maintainer = maintainer(workspace)?;
    let output = Command::new("date")
        .args(["--utc", "--date", &date, "--rfc-email"])
        .env("LC_ALL", "C")
        .output()
        .context("can't run date")?;
    let date = String::from_utf8(output.stdout)?;
    Ok(format!(
        "veilcast ({version}-1) unstable; urgency=medium\n\n  * New upstream release: https://github.com/veilcast/veilcast/releases.\n\n \
         -- {maintainer}  {date}"
    ))
}

/// The maintainer that cargo-deb names.
fn maintainer(workspace: &Workspace) -> anyhow::Result<String> {
    let name = workspace.cli()?.metadata["deb"]["maintainer"].as_str();
    Ok(name
        .context("crates/cli/Cargo.toml names no maintainer")?
        .to_owned())
}
