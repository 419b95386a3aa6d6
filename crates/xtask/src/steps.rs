//! The steps that make up `cargo xtask test`.

use std::time::Instant;

use anyhow::bail;

use crate::code::{deny, layers, unused};
use crate::others::{deploy, examples, interop, package, web};
use crate::shell::{cargo, run as run_command, run_tests, say};
use crate::workspace::Workspace;
use crate::{commands, ctgrind, documents, fuzz, lean, prerequisites, removals, security, soak};

/// A named check.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    check: fn(&Workspace) -> anyhow::Result<()>,
}

pub(crate) const FMT: Step = Step {
    name: "fmt",
    check: |workspace| run_command(&mut cargo(workspace, ["fmt", "--all", "--check"])),
};
pub(crate) const LAYERS: Step = Step {
    name: "layers",
    check: layers::check,
};
pub(crate) const DENY: Step = Step {
    name: "deny",
    check: deny::check,
};
pub(crate) const DENY_ALL: Step = Step {
    name: "deny",
    check: deny::check_all,
};
pub(crate) const UNUSED: Step = Step {
    name: "unused",
    check: unused::check,
};
pub(crate) const SECURITY: Step = Step {
    name: "security",
    check: |workspace| {
        security::check(workspace)?;
        removals::check_list(workspace)
    },
};
pub(crate) const CLIPPY: Step = Step {
    name: "clippy",
    check: |workspace| {
        let arguments = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-Dwarnings",
        ];
        run_command(&mut cargo(workspace, arguments))
    },
};
pub(crate) const LEAN: Step = Step {
    name: "lean",
    check: lean::check,
};
pub(crate) const TESTS: Step = Step {
    name: "tests",
    check: |workspace| {
        let arguments = [
            "test",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
            "--locked",
            "--no-fail-fast",
        ];
        run_tests(&mut cargo(workspace, arguments))
    },
};
pub(crate) const KERNELS: Step = Step {
    name: "kernels",
    check: |workspace| {
        // What the processor's best kernels passed with the other tests, the slower ones pass too:
        // all tests of arithmetic and keys, and those of the engine that compare numbers. The
        // whole workspace is named, as the other tests name it, so that nothing is compiled again.
        let mut arguments = vec!["test", "--workspace", "--locked", "--no-fail-fast", "--lib"];
        let tests = [
            "oracle",
            "ciphertexts",
            "randomizers",
            "seeded",
            "textbook",
            "exact",
            "bounds",
            "rerandomised",
        ];
        arguments.extend(tests.iter().flat_map(|name| ["--test", name]));
        for kernel in ["portable", "adx", "avx2"] {
            run_tests(cargo(workspace, arguments.iter().copied()).env("VEILCAST_KERNEL", kernel))?;
        }
        Ok(())
    },
};
pub(crate) const CTGRIND: Step = Step {
    name: "ctgrind",
    check: ctgrind::check,
};
pub(crate) const DOCTESTS: Step = Step {
    name: "doctests",
    check: |workspace| {
        run_command(&mut cargo(
            workspace,
            ["test", "--workspace", "--doc", "--locked"],
        ))
    },
};
pub(crate) const DOC: Step = Step {
    name: "doc",
    check: |workspace| {
        let mut command = cargo(workspace, ["doc", "--workspace", "--no-deps", "--locked"]);
        run_command(command.env("RUSTDOCFLAGS", "-Dwarnings"))
    },
};
pub(crate) const DOCS: Step = Step {
    name: "docs",
    check: documents::check,
};
pub(crate) const COMMANDS: Step = Step {
    name: "commands",
    check: commands::check,
};
pub(crate) const INTEROP: Step = Step {
    name: "interop",
    check: interop::check,
};
pub(crate) const PYTHON: Step = Step {
    name: "python",
    check: package::check,
};
pub(crate) const DEPLOY: Step = Step {
    name: "deploy",
    check: |workspace| deploy::check(workspace, deploy::RECORDS),
};
pub(crate) const EXAMPLES: Step = Step {
    name: "examples",
    check: examples::check_small,
};
pub(crate) const ALL_EXAMPLES: Step = Step {
    name: "examples",
    check: examples::check_all,
};
pub(crate) const WEB: Step = Step {
    name: "web",
    check: web::check,
};
pub(crate) const SOAK: Step = Step {
    name: "soak",
    check: soak::short,
};
pub(crate) const FUZZ: Step = Step {
    name: "fuzz",
    check: fuzz::smoke,
};

/// Every step, quick ones first.
pub(crate) const ALL: &[Step] = &[
    FMT, LAYERS, DENY, UNUSED, SECURITY, DOCS, CLIPPY, LEAN, TESTS, KERNELS, CTGRIND, DOCTESTS,
    DOC, COMMANDS, INTEROP, PYTHON, DEPLOY, EXAMPLES, WEB, SOAK, FUZZ,
];

/// Checks what the steps need, and runs them one after another, all of them even if one fails, and lists their times.
pub(crate) fn run(steps: &[Step], workspace: &Workspace) -> anyhow::Result<()> {
    prerequisites::check(steps.iter().map(|step| step.name))?;
    let mut lines = Vec::with_capacity(steps.len());
    let mut failed = Vec::new();
    for step in steps {
        say(format!("== {}", step.name));
        let start = Instant::now();
        let result = (step.check)(workspace);
        let seconds = start.elapsed().as_secs_f64();
        let verdict = match &result {
            Ok(()) => "passed".to_owned(),
            Err(error) => {
                failed.push(step.name);
                format!("FAILED: {error:#}")
            }
        };
        let line = format!("{:<10}{seconds:>7.1} s  {verdict}", step.name);
        say(&line);
        lines.push(line);
    }
    if steps.len() > 1 {
        say(format!("\n{}", lines.join("\n")));
    }
    if !failed.is_empty() {
        bail!(
            "failed: {}; run one alone with `cargo xtask NAME`",
            failed.join(", ")
        );
    }
    Ok(())
}
