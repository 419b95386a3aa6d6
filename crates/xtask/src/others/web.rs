//! The JavaScript package and the web page: types, tests, and the page in Chromium with the real service.

use crate::npm::{install, npm};
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
