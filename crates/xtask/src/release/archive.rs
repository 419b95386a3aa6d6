//! The program as an archive, for those who install neither Python's package nor Debian's, and for `cargo binstall`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::around;
use crate::host::host;
use crate::shell::{run, say};
use crate::workspace::Workspace;

/// Packs `target/release-files/veilcast-VERSION-TARGET.tar.gz`: `program`, or one that is built, with manual pages, completions
/// and licences, in a folder of the archive's name.
pub(crate) fn pack(
    workspace: &Workspace,
    program: Option<&Path>,
    target: Option<&str>,
) -> anyhow::Result<()> {
    let built = match program {
        Some(program) => program.to_owned(),
        None => around::program(workspace, target)?,
    };
    let target = match target {
        Some(target) => target.to_owned(),
        None => host()?,
    };
    let name = format!("veilcast-{}-{target}", workspace.version()?);
    let files = workspace.target().join("release-files");
    let folder = files.join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder).context("can't remove the old folder")?;
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    around::write(&built, &folder)?;
    let own = built.file_name().context("the program has a name")?;
    copy(&built, folder.join(own))?;
    for file in ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "CHANGELOG.md"] {
        copy(&workspace.root().join(file), folder.join(file))?;
    }
    let archive = files.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.arg("-czf")
        .arg(&archive)
        .arg("-C")
        .arg(&files)
        .arg(&name);
    run(&mut tar)?;
    fs::remove_dir_all(&folder).context("can't remove the folder")?;
    say(archive.display());
    Ok(())
}

fn copy(from: &Path, to: PathBuf) -> anyhow::Result<()> {
    let copied = fs::copy(from, &to);
    copied.with_context(|| format!("can't copy {} to {}", from.display(), to.display()))?;
    Ok(())
}
