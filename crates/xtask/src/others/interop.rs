//! The tests together with python-paillier, Triton's client, schemathesis and onnxruntime, in a virtual
//! environment, with paillier-bigint on Node, and the stages of a public benchmark's submission.

use std::process::Command;

use crate::shell::{run, say};
use crate::workspace::Workspace;
use crate::{npm, program, python};

pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = workspace.root().join("interop");
    let requirements = folder.join("requirements.txt");
    let python = python::environment(workspace.target(), "interop", &requirements)?;
    let javascript = folder.join("javascript");
    npm::install(&javascript)?;
    let program = program::build(workspace)?;
    for script in ["test_interop.py", "test_service.py", "test_imports.py"] {
        let mut command = Command::new(&python);
        command.arg(folder.join(script)).arg(&program);
        run(command.current_dir(workspace.root()))?;
    }
    say("the benchmark's stages");
    let stages = workspace.root().join("bench/harness/test_stages.py");
    run(Command::new(&python)
        .arg(stages)
        .arg(&program)
        .current_dir(workspace.root()))?;
    say("paillier-bigint");
    run(npm::npm(&javascript, &["test"]).env("VEILCAST", &program))
}
