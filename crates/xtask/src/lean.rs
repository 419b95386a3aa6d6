//! The program without training, import and formats of tables, as `cargo demo` builds it.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};

use crate::shell::{cargo, run, say};
use crate::workspace::Workspace;

/// What builds the lean program.
const LEAN: [&str; 4] = [
    "--package",
    "veilcast-cli",
    "--no-default-features",
    "--locked",
];

/// Runs clippy on the lean program.
pub(crate) fn clippy(workspace: &Workspace) -> anyhow::Result<()> {
    let clippy = ["clippy"].into_iter().chain(LEAN);
    run(&mut cargo(workspace, clippy.chain(["--", "-Dwarnings"])))
}

/// Builds the lean program, shows the demonstration with it, and asks it for what it doesn't have. It is built apart from what
/// the tests are made of, so that neither waits for the other.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let start = Instant::now();
    let build = ["build", "--release"].into_iter().chain(LEAN);
    run(&mut cargo(workspace, build))?;
    say(format!("built in {:.0} s", start.elapsed().as_secs_f64()));
    let program = workspace.target().join("release").join("veilcast");
    let demo = ["demo", "--count", "3", "--exit", "--key-bits", "2048"];
    for model in [
        "digits",
        "digits-hybrid",
        "digits-square",
        "digits-cryptonets",
    ] {
        run(Command::new(&program).args(demo).args(["--model", model]))?;
    }

    for verb in ["train", "import", "token", "usage"] {
        let asked = Command::new(&program)
            .args([verb, "--out", "model", "data"])
            .output()
            .context("can't run the lean program")?;
        let told = String::from_utf8_lossy(&asked.stderr);
        ensure!(
            asked.status.code() == Some(1) && told.contains("cargo install --path crates/cli"),
            "the lean program doesn't say how to get `veilcast {verb}`, but: {told}"
        );
    }

    let asked = Command::new(&program)
        .current_dir(workspace.root())
        .args(["evaluate", "--model", "models/digits", "--target", "digit"])
        .args(["--table", "testdata/fixtures/tables/plain.parquet"])
        .output()
        .context("can't run the lean program")?;
    let told = String::from_utf8_lossy(&asked.stderr);
    ensure!(
        asked.status.code() == Some(1)
            && told.contains("is a Parquet file, and this program was built without")
            && told.contains("cargo install --path crates/cli"),
        "the lean program doesn't say how to get other formats of tables, but: {told}"
    );
    Ok(())
}
