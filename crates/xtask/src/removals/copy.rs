//! [`Checkout`], where checks are taken out: a separate work tree, so that nobody's files are
//! touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::list::Removal;
use crate::security;
use crate::shell::run;
use crate::workspace::Workspace;

/// The last commit, checked out below the target directory. What was built of it is kept there for
/// the next time.
pub(super) struct Checkout {
    root: PathBuf,
    target: PathBuf,
    commit: String,
}

impl Checkout {
    /// Makes the copy, or updates the existing one to the last commit. An earlier run that was
    /// interrupted may have left a check out; this restores it.
    pub(super) fn make(workspace: &Workspace) -> anyhow::Result<Self> {
        let folder = workspace.target().join("removals");
        let (root, target) = (folder.join("copy"), folder.join("target"));
        let commit = git(workspace.root())
            .args(["rev-parse", "HEAD"])
            .output()
            .context("can't run git")?;
        ensure!(commit.status.success(), "there is no commit to copy");
        let commit = String::from_utf8(commit.stdout)?.trim().to_owned();
        if root.join(".git").exists() {
            let arguments = ["checkout", "--quiet", "--force", "--detach", &commit];
            run(git(&root).args(arguments))?;
        } else {
            let mut command = git(workspace.root());
            command.args(["worktree", "add", "--quiet", "--force", "--detach"]);
            run(command.arg(&root).arg(&commit))?;
        }
        Ok(Self {
            root,
            target,
            commit,
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where it builds.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    pub(super) fn commit(&self) -> &str {
        &self.commit
    }
}

/// A change of a file that was not made yet.
pub(super) struct Edit {
    path: PathBuf,
    before: String,
    after: String,
}

/// A change that was made, until dropped.
pub(super) struct Edited(Edit);

impl Edit {
    /// The file of a removal without its check, in a work tree.
    pub(super) fn new(root: &Path, removal: &Removal) -> anyhow::Result<Self> {
        let path = security::place(root, &removal.file);
        let before = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let after = removal.applied(&before)?;
        Ok(Self {
            path,
            before,
            after,
        })
    }

    pub(super) fn write(self) -> anyhow::Result<Edited> {
        fs::write(&self.path, &self.after).with_context(|| self.path.display().to_string())?;
        Ok(Edited(self))
    }
}

impl Drop for Edited {
    fn drop(&mut self) {
        let Edit { path, before, .. } = &self.0;
        // Continuing with a check missing would make everything that follows worthless.
        fs::write(path, before).expect("a file that was just written can be written again");
    }
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder);
    command
}
