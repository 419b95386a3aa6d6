//! The tests together with python-paillier, in a virtual environment of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::program;
use crate::shell::run;
use crate::workspace::Workspace;

pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = workspace.root().join("interop");
    let python = environment(workspace.target(), &folder.join("requirements.txt"))?;
    let program = program::build(workspace)?;
    run(Command::new(python)
        .arg(folder.join("test_interop.py"))
        .arg(program)
        .current_dir(workspace.root()))
}

/// Python in a virtual environment with what `requirements` lists; made anew when the list changes.
fn environment(target: &Path, requirements: &Path) -> anyhow::Result<PathBuf> {
    let wanted = fs::read_to_string(requirements).context("can't read the requirements")?;
    let folder = target.join("interop-venv");
    let python = folder.join("bin").join("python");
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(python);
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder))
    .context("Debian has this in the package python3-venv")?;
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ])
        .arg(requirements))?;
    fs::write(&installed, wanted).context("can't note what is installed")?;
    Ok(python)
}
