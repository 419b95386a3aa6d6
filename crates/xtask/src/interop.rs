//! The tests together with python-paillier, in a virtual environment of their own.

use std::process::Command;

use crate::shell::run;
use crate::workspace::Workspace;
use crate::{program, python};

pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = workspace.root().join("interop");
    let requirements = folder.join("requirements.txt");
    let python = python::environment(workspace.target(), "interop", &requirements)?;
    let program = program::build(workspace)?;
    run(Command::new(python)
        .arg(folder.join("test_interop.py"))
        .arg(program)
        .current_dir(workspace.root()))
}
