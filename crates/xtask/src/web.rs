//! The JavaScript package and the web page: types, tests, and the page in Chromium with the real service.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::program;
use crate::shell::{run, say};
use crate::workspace::Workspace;

pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = workspace.root().join("web");
    install(&folder)?;
    run(&mut npm(&folder, &["run", "check"]))?;
    let program = program::build(workspace)?;
    run(npm(&folder, &["test"]).env("VEILCAST", &program))?;
    say("the web page in Chromium, end to end");
    run(npm(&folder, &["run", "e2e"]).env("VEILCAST", &program))
}

/// Installs what the tests take, as the lock file says; anew when that changes.
fn install(folder: &Path) -> anyhow::Result<()> {
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

fn npm(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(folder);
    command
}
