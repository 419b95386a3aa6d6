//! One test of the copy, built and run on its own.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::copy::Checkout;
use crate::test_programs::{self, TestProgram};
use crate::{ctgrind, npm};

/// A test that takes longer has lost a limit, or hangs.
const PATIENCE: Duration = Duration::from_secs(900);

/// The outcome of a test.
pub(super) enum Outcome {
    Passed,
    /// What it said first.
    Failed(String),
    /// It ran until the time limit.
    Endless,
    /// The compiler's first error.
    NotBuilt(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => write!(f, "passes"),
            Self::Failed(text) => write!(f, "fails: {text}"),
            Self::Endless => write!(f, "does not end in {} s", PATIENCE.as_secs()),
            Self::NotBuilt(text) => write!(f, "does not compile: {text}"),
        }
    }
}

/// A test as SECURITY.md names it.
pub(super) enum Test<'a> {
    Rust {
        copy: &'a Checkout,
        /// The crate's folder.
        folder: &'a str,
        /// What Cargo builds: the crate's own tests, or those of a file or a folder.
        target: Option<&'a str>,
        /// The modules in which it is.
        module: String,
        name: &'a str,
    },
    JavaScript {
        copy: &'a Checkout,
        file: &'a str,
        title: &'a str,
    },
}

impl<'a> Test<'a> {
    pub(super) fn find(copy: &'a Checkout, test: &'a str) -> anyhow::Result<Self> {
        let (file, name) = test
            .split_once("::")
            .context("a test has a file and a name")?;
        if let Some(file) = file.strip_prefix("web/") {
            npm::install(&copy.root().join("web"))?;
            let title = name;
            return Ok(Self::JavaScript { copy, file, title });
        }
        let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
        let (folder, path) = path.split_once('/').context("a test is in a crate")?;
        let (kind, path) = path
            .split_once('/')
            .context("a test is in a folder of its crate")?;
        let (target, module) = match (kind, path.split_once('/')) {
            ("src", _) => (None, path),
            // Such a folder's `main.rs` has the others as modules.
            (_, Some((target, module))) => (Some(target), module),
            (_, None) => bail!("crates/{folder}/{kind} has no folder of tests with {path}"),
        };
        Ok(Self::Rust {
            copy,
            folder,
            target,
            module: module.replace('/', "::"),
            name,
        })
    }

    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        match self {
            Self::Rust { copy, .. } => {
                let program = match self.build()? {
                    Ok(program) => program,
                    Err(error) => return Ok(Outcome::NotBuilt(error)),
                };
                let test = self.path(&program)?;
                let mut command = if self.is_under_valgrind() {
                    ctgrind::command(&program.path, &test)
                } else {
                    let mut command = program.command();
                    command.args(["--exact", &test]);
                    command
                };
                let run = run(copy, &mut command)?;
                // A name that fits no test would pass.
                Ok(run.outcome(|text| text.contains("1 passed"), "panicked at"))
            }
            Self::JavaScript { copy, file, title } => {
                let folder = copy.root().join("web");
                let node = || npm::node(&folder);
                for source in sources(&folder)? {
                    let checked = node().arg("--check").arg(source).output()?;
                    if !checked.status.success() {
                        return Ok(Outcome::NotBuilt(first(&checked, "SyntaxError")));
                    }
                }
                let pattern = format!("^{}$", escaped(title));
                let mut command = node();
                command
                    .args(["--test-reporter", "tap", "--test-name-pattern", &pattern])
                    .arg(file);
                let run = run(copy, &mut command)?;
                Ok(run.outcome(|text| text.contains("\n# pass 1\n"), "error:"))
            }
        }
    }

    /// Whether the test finds something only under valgrind.
    fn is_under_valgrind(&self) -> bool {
        matches!(self, Self::Rust { module, .. } if module == "ctgrind")
    }

    /// The program that has the test in it, or why there is none.
    fn build(&self) -> anyhow::Result<Result<TestProgram, String>> {
        let Self::Rust {
            copy,
            folder,
            target,
            ..
        } = self
        else {
            unreachable!("JavaScript is not built");
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .current_dir(copy.root())
            .env("CARGO_TARGET_DIR", copy.target())
            .args(["test", "--locked", "--no-run", "--message-format"])
            .arg("json-render-diagnostics");
        if self.is_under_valgrind() {
            command.args(["--profile", "ctgrind"]);
        }
        match target {
            // For the whole workspace, as in the other steps: for a single package, different
            // features of its dependencies would be chosen, and all of them compiled again.
            Some(name) => command.args(["--workspace", "--test", name]),
            None => command.args(["--lib", "--package", &format!("veilcast-{folder}")]),
        };
        let built = command.output().context("can't run cargo")?;
        if !built.status.success() {
            return Ok(Err(first(&built, "error")));
        }
        let library = format!("veilcast_{folder}");
        let wanted = target.unwrap_or(&library);
        let mut programs = test_programs::built(&built.stdout)?.into_iter();
        if let Some(program) = programs.find(|program| program.name == wanted) {
            return Ok(Ok(program));
        }
        Ok(Err(format!("crates/{folder} has no such file of tests")))
    }

    /// The test's name within its program: the one that ends so in its module, or in one below.
    fn path(&self, program: &TestProgram) -> anyhow::Result<String> {
        let Self::Rust { module, name, .. } = self else {
            unreachable!("tests in JavaScript have titles");
        };
        let mut found = program.tests(&format!("{module}::"))?;
        found.retain(|path| path.rsplit("::").next() == Some(name));
        ensure!(
            found.len() == 1,
            "{} tests are called {module}::{name}",
            found.len()
        );
        Ok(found.remove(0))
    }
}

/// How a test's process ended: None if it had to be ended.
struct Run(Option<Output>);

impl Run {
    fn outcome(self, passed: impl Fn(&str) -> bool, reason: &str) -> Outcome {
        let Some(output) = self.0 else {
            return Outcome::Endless;
        };
        match output.status.success() && passed(&String::from_utf8_lossy(&output.stdout)) {
            true => Outcome::Passed,
            false => Outcome::Failed(first(&output, reason)),
        }
    }
}

/// Runs a test's process, within limits.
fn run(copy: &Checkout, command: &mut Command) -> anyhow::Result<Run> {
    let [out, err] = ["stdout", "stderr"].map(|name| copy.target().join(name));
    let mut process = command
        // Nobody is to accept snapshots that differ.
        .env("INSTA_UPDATE", "no")
        .stdin(Stdio::null())
        .stdout(File::create(&out)?)
        .stderr(File::create(&err)?)
        .spawn()
        .with_context(|| format!("can't run {:?}", command.get_program()))?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = process.try_wait()? {
            break status;
        }
        if start.elapsed() > PATIENCE {
            process.kill()?;
            process.wait()?;
            return Ok(Run(None));
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    Ok(Run(Some(Output {
        status,
        stdout: fs::read(out)?,
        stderr: fs::read(err)?,
    })))
}

/// The first line from these words on, and the line after it, or how the process ended.
fn first(output: &Output, words: &str) -> String {
    let texts = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    let mut lines = texts.iter().flat_map(|text| text.lines().map(str::trim));
    match lines.find(|line| line.contains(words)) {
        Some(line) => {
            let start = line.find(words).unwrap_or_default();
            format!("{} {}", &line[start..], lines.next().unwrap_or_default())
        }
        None => output.status.to_string(),
    }
}

/// The JavaScript that a removal may be in.
fn sources(web: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(web.join("src"))? {
        found.push(entry?.path());
    }
    Ok(found)
}

/// A title as a regular expression that matches nothing else.
fn escaped(title: &str) -> String {
    let mut pattern = String::new();
    for character in title.chars() {
        if !character.is_alphanumeric() && character != ' ' {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
