//! Node's packages in a folder of the project.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::shell::run;

/// Installs what the tests take, as the lock file says; anew when that changes.
pub(crate) fn install(folder: &Path) -> anyhow::Result<()> {
    let wanted =
        fs::read_to_string(folder.join("package-lock.json")).context("can't read the lock file")?;
    let installed = folder.join("node_modules").join("installed.json");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    run(&mut npm(folder, &arguments)).context("Node 20 or later has npm with it")?;
    fs::write(&installed, wanted).context("can't note what is installed")
}

pub(crate) fn npm(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(folder);
    command
}
