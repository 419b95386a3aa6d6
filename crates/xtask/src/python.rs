//! Python in virtual environments below the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::shell::run;

/// Python in the virtual environment `NAME-venv` with what `requirements` lists; made again when
/// the list changes.
pub(crate) fn environment(
    target: &Path,
    name: &str,
    requirements: &Path,
) -> anyhow::Result<PathBuf> {
    let wanted = fs::read_to_string(requirements).context("can't read the requirements")?;
    let folder = target.join(format!("{name}-venv"));
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
