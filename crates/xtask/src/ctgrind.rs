//! The tests with secrets under valgrind's memcheck, which reports every branch and every address that
//! depends on one (see the crate veilcast-ctgrind). One process per test: a report is that test's.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use anyhow::{Context as _, ensure};

use crate::shell::{cargo, say};
use crate::test_programs::{self, TestProgram};
use crate::workspace::Workspace;

/// The crates that have such tests, where these are, and with which kernels they run. Valgrind knows no
/// AVX-512.
const SUITES: &[(&str, &str, &[&str])] = &[
    ("veilcast_ctgrind", "tests::", &[FASTEST]),
    ("veilcast_arith", "ctgrind::", &["portable", FASTEST]),
    ("veilcast_paillier", "ctgrind::", &[FASTEST]),
];

/// The fastest kernel that valgrind can run.
const FASTEST: &str = "avx2";

/// Part of the names of tests in which something must be reported, which they check themselves.
const CONTROL: &str = "::controls::";

const VALGRIND: &[&str] = &[
    "--tool=memcheck",
    "--leak-check=no",
    // Every report is of interest, also after thousands.
    "--error-limit=no",
    // Sums and comparisons bit by bit: what is reported does depend on a secret.
    "--expensive-definedness-checks=yes",
    // Where the secret came from.
    "--track-origins=yes",
    "--num-callers=12",
];

/// Valgrind's exit status if it reported something, whatever the test says.
const REPORTED: &str = "--error-exitcode=99";

pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let version = Command::new("valgrind").arg("--version").output();
    let version =
        version.context("can't run valgrind: install it (Debian: apt install valgrind)")?;
    say(String::from_utf8_lossy(&version.stdout).trim());

    let programs = programs(workspace)?;
    let mut failed = Vec::new();
    for &(suite, prefix, kernels) in SUITES {
        let program = programs.iter().find(|program| program.name == suite);
        let program = program.with_context(|| format!("no tests of {suite} were built"))?;
        let tests = program.tests(prefix)?;
        let is_control = |test: &String| test.contains(CONTROL);
        ensure!(
            tests.iter().any(is_control) && !tests.iter().all(is_control),
            "{suite} has no tests under {prefix}, or no controls among them"
        );
        for (test, kernel) in tests
            .iter()
            .flat_map(|test| kernels.iter().map(move |k| (test, k)))
        {
            let start = Instant::now();
            let output = run_test(&program.path, test, kernel)?;
            let text = String::from_utf8_lossy(&output.stdout);
            // A name that fits no test would pass.
            let passed = output.status.success() && text.contains("1 passed");
            let verdict = match (passed, is_control(test)) {
                (true, false) => "nothing reported",
                (true, true) => "reported, as it must be",
                (false, _) => "FAILED",
            };
            let seconds = start.elapsed().as_secs_f64();
            say(format!(
                "{seconds:>6.1} s  {suite} {test} ({kernel}): {verdict}"
            ));
            if !passed {
                say(format!("{text}{}", String::from_utf8_lossy(&output.stderr)));
                failed.push(format!("{suite} {test} ({kernel})"));
            }
        }
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// The libraries' test programs.
fn programs(workspace: &Workspace) -> anyhow::Result<Vec<TestProgram>> {
    let arguments = ["test", "--lib", "--locked", "--profile", "ctgrind"];
    let packages = SUITES.iter().map(|(suite, _, _)| suite.replace('_', "-"));
    let mut command = cargo(workspace, arguments);
    command.args(packages.flat_map(|package| ["--package".to_owned(), package]));
    test_programs::build(&mut command)
}

fn run_test(program: &Path, test: &str, kernel: &str) -> anyhow::Result<Output> {
    command(program, test)
        .env("VEILCAST_KERNEL", kernel)
        .output()
        .context("can't run valgrind")
}

/// A test of a program under valgrind, with the fastest kernel that it can run.
pub(crate) fn command(program: &Path, test: &str) -> Command {
    let mut command = Command::new("valgrind");
    command.args(VALGRIND);
    if !test.contains(CONTROL) {
        command.arg(REPORTED);
    }
    command
        .arg(program)
        .args(["--exact", test, "--test-threads=1"])
        .env("VEILCAST_CTGRIND", "1")
        .env("VEILCAST_KERNEL", FASTEST)
        // Valgrind runs only one thread at a time.
        .env("RAYON_NUM_THREADS", "1");
    command
}
