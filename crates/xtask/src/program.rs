//! The program `veilcast`, for the steps that run it.

use std::path::PathBuf;

use crate::shell::{cargo, run};
use crate::workspace::Workspace;

/// Builds the program and returns its path.
///
/// It is the one that the command line's own tests run: a build for itself would have other
/// features of the dependencies, and compile half of them again.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let arguments = [
        "test",
        "--workspace",
        "--test",
        "cli",
        "--no-run",
        "--locked",
    ];
    run(&mut cargo(workspace, arguments))?;
    Ok(workspace.target().join("debug").join("veilcast"))
}
