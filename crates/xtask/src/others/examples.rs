//! The examples that train with other tools, each in its own virtual environment.
//!
//! The examples without Python are run by the program's own tests.

use std::process::Command;

use crate::shell::{run, say};
use crate::workspace::Workspace;
use crate::{program, python};

/// What installs in under a minute.
const SMALL: &[&str] = &["scikit-learn"];
/// What takes gigabytes; networks as these examples export them are among the model's fixtures.
const LARGE: &[&str] = &["pytorch", "keras"];

pub(crate) fn check_small(workspace: &Workspace) -> anyhow::Result<()> {
    check(workspace, SMALL)
}

pub(crate) fn check_all(workspace: &Workspace) -> anyhow::Result<()> {
    check(workspace, &[SMALL, LARGE].concat())
}

fn check(workspace: &Workspace, names: &[&str]) -> anyhow::Result<()> {
    let program = program::build(workspace)?;
    for name in names {
        say(format!("examples/{name}"));
        let folder = workspace.root().join("examples").join(name);
        let requirements = folder.join("requirements.txt");
        let python = python::environment(workspace.target(), name, &requirements)?;
        run(Command::new(folder.join("run.sh"))
            .env("PYTHON", python)
            .env("VEILCAST", &program)
            .env("KEY_BITS", "2048")
            .env_remove("WORK"))?;
    }
    Ok(())
}
