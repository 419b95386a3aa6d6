//! Fuzzing: every target of `fuzz/`, as many at once as there are processors.
//!
//! The targets are those of cargo-fuzz, which is not needed here: all it does is set the flags that
//! guide libFuzzer. They are set here in the same way, with the stable compiler, and in a quick
//! build only for the project's own crates and the parsers.

mod build;
mod run;
mod targets;

use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context as _, bail};
use clap::Args;

use self::build::Programs;
pub(crate) use self::build::compile;
use self::run::{Limits, fuzz, repeat};
use self::targets::{TARGETS, Target};
use crate::shell::say;
use crate::workspace::Workspace;

/// What to fuzz, and for how long.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Seconds for each target.
    #[arg(long, default_value_t = SMOKE_SECONDS)]
    seconds: u64,
    /// Instrument the dependencies too, and look for memory errors: for hours by hand, since it
    /// takes about 15 minutes to build.
    #[arg(long)]
    thorough: bool,
    /// The seed of libFuzzer's random numbers; 0 for a different one each time.
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// Run a target once on this input, such as one that failed.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// The targets; all, if none is named.
    targets: Vec<String>,
}

/// Enough to run all fixtures, and to find what lies near them; with the build it takes about seven
/// minutes on two processors.
const SMOKE_SECONDS: u64 = 15;

/// Fuzzes every target for a short time, from the same random numbers each time: if it fails, that
/// is due to a change, not to chance.
pub(crate) fn smoke(workspace: &Workspace) -> anyhow::Result<()> {
    let options = Options {
        seconds: SMOKE_SECONDS,
        thorough: false,
        seed: 1,
        input: None,
        targets: Vec::new(),
    };
    check(workspace, &options)
}

pub(crate) fn check(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    let targets = chosen(&options.targets)?;
    build::check_files(workspace)?;
    let programs = Programs::build(workspace, options.thorough)?;
    if let Some(input) = &options.input {
        let [target] = targets[..] else {
            bail!("name the one target that the input is for");
        };
        return repeat(&programs, target, input);
    }
    let limits = Limits {
        seconds: options.seconds,
        seed: options.seed,
        // AddressSanitizer keeps freed memory for a while, and shadows of all of it.
        megabytes: if options.thorough { 6144 } else { 3072 },
    };
    let failed = fuzz_all(&programs, &targets, limits)?;
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// The targets of these names; all, if there are none.
fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Target>> {
    if names.is_empty() {
        return Ok(TARGETS.iter().collect());
    }
    let find = |name: &String| {
        let known = || TARGETS.iter().map(|target| target.name);
        let target = TARGETS.iter().find(|target| target.name == name);
        target.with_context(|| {
            let known: Vec<_> = known().collect();
            format!("there is no target {name}, but {}", known.join(", "))
        })
    };
    names.iter().map(find).collect()
}

/// Fuzzes the targets, one on each processor; returns the names of those that failed.
fn fuzz_all(
    programs: &Programs,
    targets: &[&'static Target],
    limits: Limits,
) -> anyhow::Result<Vec<&'static str>> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let waiting = Mutex::new(targets.iter());
    let next = || waiting.lock().ok()?.next();
    let work = || -> anyhow::Result<Vec<&'static str>> {
        let mut failed = Vec::new();
        while let Some(target) = next() {
            match fuzz(programs, target, limits)? {
                Ok(summary) => say(format!("{:<12} {summary}", target.name)),
                Err(problem) => {
                    say(format!("{:<12} FAILED\n{problem}", target.name));
                    failed.push(target.name);
                }
            }
        }
        Ok(failed)
    };
    let results: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join()).collect()
    });
    let mut failed = Vec::new();
    for result in results {
        failed.extend(result.map_err(|_| anyhow::anyhow!("a worker panicked"))??);
    }
    Ok(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A target that is not in the table would never run.
    #[test]
    fn the_table_has_every_target() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/fuzz_targets");
        let files = std::fs::read_dir(folder).expect("the targets' folder is there");
        let mut files: Vec<String> = files
            .map(|file| {
                let path = file.expect("a file").path();
                let stem = path.file_stem().expect("a file has a name");
                stem.to_string_lossy().into_owned()
            })
            .collect();
        files.sort();
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        assert_eq!(files, names);
    }

    #[test]
    fn an_unknown_target_is_told() {
        let error = chosen(&["xml".to_owned()]).expect_err("there is none");
        assert!(
            error
                .to_string()
                .starts_with("there is no target xml, but card, ")
        );
    }
}
