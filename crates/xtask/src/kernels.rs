//! What the processor's best kernels pass with the other tests, the slower ones pass, too.

use anyhow::{Context as _, ensure};

use crate::shell::{cargo, run_tests, say};
use crate::test_programs;
use crate::workspace::Workspace;

/// All tests of arithmetic and keys, and those of the engine that compare numbers: programs, and their modules if not all of them.
const SUITES: &[(&str, &[&str])] = &[
    ("veilcast_arith", &[]),
    ("oracle", &[]),
    ("veilcast_paillier", &[]),
    (
        "paillier",
        &["ciphertexts::", "randomizers::", "seeded::", "textbook::"],
    ),
    ("veilcast_engine", &[]),
    (
        "engine",
        &["exact::", "bounds::", "rerandomised::", "seeded::"],
    ),
];

pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    // The whole workspace is named, as the other tests name it, so that nothing is compiled again.
    let tests = ["--test", "oracle", "--test", "paillier", "--test", "engine"];
    let arguments = ["test", "--workspace", "--locked", "--lib"];
    let programs = test_programs::build(cargo(workspace, arguments).args(tests))?;
    for kernel in ["portable", "adx", "avx2"] {
        for (name, modules) in SUITES {
            let program = programs.iter().find(|program| program.name == *name);
            let program = program.with_context(|| format!("no tests of {name} were built"))?;
            for module in *modules {
                // A name that fits no test would pass.
                ensure!(
                    !program.tests(module)?.is_empty(),
                    "{name} has no tests in {module}"
                );
            }
            say(format!("{name} ({kernel})"));
            let mut command = program.command();
            run_tests(command.args(*modules).env("VEILCAST_KERNEL", kernel))?;
        }
    }
    Ok(())
}
