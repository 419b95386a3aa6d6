//! What operators get: the files in `deploy`, checked as far as possible without the tools that
//! read them, and replicas behind nginx.

use std::process::Command;

use crate::shell::run;
use crate::workspace::Workspace;
use crate::{program, python};

/// How many records are sent while a replica is killed, unless the command line says otherwise: all images, since a fast
/// machine has predicted a thousand before anything can happen to the replica.
pub(crate) const RECORDS: u32 = 10_000;

pub(crate) fn check(workspace: &Workspace, records: u32) -> anyhow::Result<()> {
    let folder = workspace.root().join("deploy").join("test");
    let requirements = folder.join("requirements.txt");
    let python = python::environment(workspace.target(), "deploy", &requirements)?;
    let program = program::build(workspace)?;
    let records = records.to_string();
    for (script, more) in [("test_kit.py", None), ("test_replicas.py", Some(&records))] {
        let mut command = Command::new(&python);
        command.arg(folder.join(script)).arg(&program).args(more);
        run(command.current_dir(workspace.root()))?;
    }
    Ok(())
}
