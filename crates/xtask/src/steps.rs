//! The steps that make up `cargo xtask test`.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};

use crate::code::{deny, layers, unused};
use crate::others::{deploy, examples, interop, package, web};
use crate::shell::{cargo, run as run_command, run_tests, say};
use crate::workspace::Workspace;
use crate::{
    commands, ctgrind, documents, fuzz, kernels, lean, prerequisites, release, removals, security,
    soak,
};

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
        run_command(&mut cargo(workspace, arguments))?;
        lean::clippy(workspace)
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
    check: kernels::check,
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
pub(crate) const RELEASE: Step = Step {
    name: "release",
    check: release::check,
};
pub(crate) const API: Step = Step {
    name: "api",
    check: |workspace| release::check_api(workspace, false),
};
pub(crate) const SOAK: Step = Step {
    name: "soak",
    check: soak::short,
};
pub(crate) const FUZZ: Step = Step {
    name: "fuzz",
    check: fuzz::smoke,
};

/// Every step. The first ones take seconds. Of the others two run at a time, in this order: many wait for a browser, a linker or a
/// single test, while the other processor would have nothing to do.
pub(crate) const ALL: [&[Step]; 2] = [
    &[FMT, LAYERS, DENY, UNUSED, SECURITY, DOCS, RELEASE],
    &[
        CLIPPY, FUZZ, TESTS, LEAN, CTGRIND, KERNELS, WEB, PYTHON, INTEROP, COMMANDS, DOCTESTS, DOC,
        API, DEPLOY, EXAMPLES, SOAK,
    ],
];

/// Checks what every step needs, and runs them all even if one fails, and lists their times.
pub(crate) fn run_all(workspace: &Workspace) -> anyhow::Result<()> {
    let [quick, long] = ALL;
    prerequisites::check(ALL.concat().iter().map(|step| step.name))?;
    // Before anything is built: what we run as may be replaced meanwhile by the same program.
    let own = std::env::current_exe().context("can't tell our own program")?;
    let mut ended: Vec<Ended> = quick
        .iter()
        .map(|step| run_here(*step, workspace))
        .collect();
    ended.extend(two_at_a_time(long, &own, workspace)?);
    summary(&ended)
}

/// Checks what a step needs, and runs it.
pub(crate) fn run(step: Step, workspace: &Workspace) -> anyhow::Result<()> {
    prerequisites::check([step.name])?;
    summary(&[run_here(step, workspace)])
}

/// Runs the step of this name as it is one of all, without checking what it needs.
pub(crate) fn run_named(name: &str, workspace: &Workspace) -> anyhow::Result<()> {
    let all = ALL.concat();
    let step = all.iter().find(|step| step.name == name);
    (step.context("there is no such step")?.check)(workspace)
}

/// A step that has ended.
struct Ended {
    name: &'static str,
    line: String,
    is_failed: bool,
}

impl Ended {
    fn new(step: Step, start: Instant, result: &anyhow::Result<()>) -> Self {
        let seconds = start.elapsed().as_secs_f64();
        let verdict = match result {
            Ok(()) => "passed".to_owned(),
            Err(error) => format!("FAILED: {error:#}"),
        };
        let line = format!("{:<10}{seconds:>7.1} s  {verdict}", step.name);
        say(&line);
        Self {
            name: step.name,
            line,
            is_failed: result.is_err(),
        }
    }
}

fn run_here(step: Step, workspace: &Workspace) -> Ended {
    say(format!("== {}", step.name));
    let start = Instant::now();
    let result = (step.check)(workspace);
    Ended::new(step, start, &result)
}

/// Runs steps in processes of their own, two at a time, each of whose output is shown as a whole once it has ended.
fn two_at_a_time(steps: &[Step], own: &Path, workspace: &Workspace) -> anyhow::Result<Vec<Ended>> {
    let waiting = Mutex::new(steps.iter());
    let ended = Mutex::new(Vec::new());
    let next = || Some(*waiting.lock().ok()?.next()?);
    let work = || -> anyhow::Result<()> {
        while let Some(step) = next() {
            say(format!("== {} begins", step.name));
            let start = Instant::now();
            let (result, output) = run_apart(step, own, workspace)?;
            let mut ended = ended.lock().map_err(|_| anyhow!("a worker panicked"))?;
            say(format!("== {}", step.name));
            std::io::stderr().write_all(&output)?;
            ended.push(Ended::new(step, start, &result));
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        let results = workers.map(|worker| worker.join());
        results
            .into_iter()
            .try_for_each(|result| result.map_err(|_| anyhow!("a worker panicked"))?)
    })?;
    ended.into_inner().map_err(|_| anyhow!("a worker panicked"))
}

/// How often it is looked whether a step has ended.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// Runs a step in a process of its own, and gives all that it has printed.
fn run_apart(
    step: Step,
    own: &Path,
    workspace: &Workspace,
) -> anyhow::Result<(anyhow::Result<()>, Vec<u8>)> {
    let mut printed = tempfile::tempfile()?;
    let mut process = Command::new(own)
        .args(["step", step.name])
        .current_dir(workspace.root())
        .stdin(Stdio::null())
        .stdout(printed.try_clone()?)
        .stderr(printed.try_clone()?)
        .spawn()
        .context("can't run our own program again")?;
    let start = Instant::now();
    let mut told = 0;
    let status = loop {
        if let Some(status) = process.try_wait()? {
            break status;
        }
        thread::sleep(BETWEEN_LOOKS);
        let minutes = start.elapsed().as_secs() / 60;
        if minutes > told {
            // Who watches should see that something happens.
            say(format!("   {} has run for {minutes} min", step.name));
            told = minutes;
        }
    };
    let mut output = Vec::new();
    printed.seek(SeekFrom::Start(0))?;
    printed.read_to_end(&mut output)?;
    let result = match status.success() {
        true => Ok(()),
        false => {
            // What failed, once more, since much else may be printed after it.
            let text = String::from_utf8_lossy(&output);
            let error = text
                .rfind("\nerror: ")
                .map(|at| text[at..].trim().to_owned());
            Err(anyhow!(error.unwrap_or_else(|| status.to_string())))
        }
    };
    Ok((result, output))
}

/// Lists what has ended, if it is more than one, and says what failed.
fn summary(ended: &[Ended]) -> anyhow::Result<()> {
    let lines: Vec<&str> = ended.iter().map(|one| one.line.as_str()).collect();
    if lines.len() > 1 {
        say(format!("\n{}", lines.join("\n")));
    }
    let failed: Vec<&str> = ended
        .iter()
        .filter(|one| one.is_failed)
        .map(|one| one.name)
        .collect();
    if !failed.is_empty() {
        bail!(
            "failed: {}; run one alone with `cargo xtask NAME`",
            failed.join(", ")
        );
    }
    Ok(())
}
