//! The crates for others, as the registry would take them.

use crate::shell::{cargo, run};
use crate::workspace::Workspace;

/// Packs all crates in their order, and builds each from its package, unless told not to.
pub(crate) fn dry_run(workspace: &Workspace, builds: bool) -> anyhow::Result<()> {
    let arguments = ["publish", "--workspace", "--dry-run", "--locked"];
    let mut command = cargo(workspace, arguments);
    if !builds {
        command.arg("--no-verify");
    }
    run(&mut command)
}
