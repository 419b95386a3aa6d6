//! The program as it is given on, and what goes with it: manual pages and completions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::shell::{cargo, run};
use crate::workspace::Workspace;

/// Where each shell's completions are, below a folder.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "completions/veilcast.bash"),
    ("zsh", "completions/_veilcast"),
    ("fish", "completions/veilcast.fish"),
];

/// The program, built as it is given on: for `target`, or for this machine.
pub(super) fn program(workspace: &Workspace, target: Option<&str>) -> anyhow::Result<PathBuf> {
    let arguments = [
        "build",
        "--profile",
        "dist",
        "--package",
        "veilcast-cli",
        "--locked",
    ];
    let mut command = cargo(workspace, arguments);
    let mut folder = workspace.target().to_owned();
    if let Some(target) = target {
        command.args(["--target", target]);
        folder.push(target);
    }
    run(&mut command)?;
    let name = format!("veilcast{}", std::env::consts::EXE_SUFFIX);
    Ok(folder.join("dist").join(name))
}

/// Puts manual pages into `man`, and completions into `completions`, as the program makes them.
pub(super) fn write(program: &Path, folder: &Path) -> anyhow::Result<()> {
    let pages = folder.join("man");
    run(Command::new(program).arg("man").arg("--out").arg(&pages))?;
    ensure!(
        pages.join("veilcast-predict.1").is_file(),
        "`{} man` writes no page of predict",
        program.display()
    );
    fs::create_dir_all(folder.join("completions")).context("can't make a folder")?;
    for (shell, file) in COMPLETIONS {
        run(Command::new(program)
            .args(["completions", shell, "--force", "--out"])
            .arg(folder.join(file)))?;
    }
    Ok(())
}
