//! Running a target.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use super::build::Programs;
use super::targets::Target;
use crate::shell::run;

/// How long a target runs, and in how much memory.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) seconds: u64,
    /// 0 for a different one each time.
    pub(super) seed: u32,
    pub(super) megabytes: u32,
}

/// Lines that a failed target's last words are cut to.
const SHOWN: usize = 60;

/// Fuzzes a target; returns how far it came, or its output when it failed.
pub(super) fn fuzz(
    programs: &Programs,
    target: &Target,
    limits: Limits,
) -> anyhow::Result<Result<String, String>> {
    let name = target.name;
    let [corpus, artifacts, logs] = ["corpus", "artifacts", "target/logs"].map(|folder| {
        let folder = programs.fuzz.join(folder);
        if folder.ends_with("logs") {
            folder
        } else {
            folder.join(name)
        }
    });
    for folder in [&corpus, &artifacts, &logs] {
        make(folder)?;
    }
    gather(programs, target, &corpus)?;
    let log = logs.join(name).with_extension("log");
    let output = File::create(&log).with_context(|| log.display().to_string())?;

    let files = Files::new(name)?;
    let mut command = command(programs, target, &files);
    command
        .env("VEILCAST_FUZZ_SEEDS", &corpus)
        .arg(&corpus)
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-max_total_time={}", limits.seconds))
        .arg(format!("-seed={}", limits.seed))
        .arg(format!("-rss_limit_mb={}", limits.megabytes))
        .arg(format!("-max_len={}", target.max_bytes))
        .arg("-print_final_stats=1")
        .stdout(output.try_clone()?)
        .stderr(output);
    if let Some(dictionary) = target.dictionary {
        let path = programs.fuzz.join("dictionaries").join(dictionary);
        command.arg(format!("-dict={}", path.with_extension("dict").display()));
    }
    let status = command
        .status()
        .with_context(|| format!("can't run {name}"))?;
    let text = fs::read(&log).with_context(|| log.display().to_string())?;
    let text = String::from_utf8_lossy(&text);
    Ok(match status.success() {
        true => Ok(summary(&text)),
        false => Err(failure(name, &text, &log)),
    })
}

/// Runs a target once on an input.
pub(super) fn repeat(programs: &Programs, target: &Target, input: &Path) -> anyhow::Result<()> {
    if !input.is_file() {
        bail!("there is no file {}", input.display());
    }
    let input = fs::canonicalize(input)?;
    let files = Files::new(target.name)?;
    run(command(programs, target, &files).arg(input))
}

fn command(programs: &Programs, target: &Target, files: &Files) -> Command {
    let mut command = Command::new(programs.path(target.name));
    command
        .arg(format!("-timeout={}", target.timeout))
        // One thread takes the same path each time.
        .env("RAYON_NUM_THREADS", "1")
        .env("VEILCAST_FUZZ_FOLDER", &files.0)
        .current_dir(&programs.fuzz);
    command
}

/// Copies a target's first inputs to where it finds them.
fn gather(programs: &Programs, target: &Target, corpus: &Path) -> anyhow::Result<()> {
    for (folder, ending) in target.seeds {
        let folder = programs.root.join(folder);
        let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_small = path
                .metadata()
                .is_ok_and(|file| file.is_file() && file.len() <= target.max_bytes as u64);
            if is_small && name.ends_with(ending) {
                let parent = folder.file_name().unwrap_or_default().to_string_lossy();
                let copy = corpus.join(format!("{parent}-{name}"));
                fs::copy(&path, &copy).with_context(|| path.display().to_string())?;
            }
        }
    }
    Ok(())
}

/// A folder for a target's files, in memory where there is such a file system; removed when dropped.
struct Files(PathBuf);

impl Files {
    fn new(target: &str) -> anyhow::Result<Self> {
        let memory = Path::new("/dev/shm");
        let parent = match memory.is_dir() {
            true => memory.to_owned(),
            false => std::env::temp_dir(),
        };
        let folder = parent.join(format!("veilcast-fuzz-{target}-{}", std::process::id()));
        make(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // A folder that stays costs little.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn make(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))
}

/// How far a target came, from its last words.
fn summary(log: &str) -> String {
    let number = |name: &str| {
        let mut lines = log.lines().rev();
        let number = lines.find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
        number.map_or("?", |text| text.trim_start_matches(':').trim())
    };
    format!(
        "{} inputs, {} per second, {} MB at most",
        number("number_of_executed_units"),
        number("average_exec_per_sec"),
        number("peak_rss_mb"),
    )
}

/// The last output of a failed target, and how to reproduce it.
fn failure(target: &str, log: &str, path: &Path) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let mut text = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
    let mut written = lines.iter().rev();
    let input = written.find_map(|line| line.split_once("Test unit written to "));
    let _ = match input {
        Some((_, input)) => write!(
            text,
            "\n\nrepeat it with: cargo xtask fuzz {target} --input {input}"
        ),
        None => write!(
            text,
            "\n\nit left no input; all it said: {}",
            path.display()
        ),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_has_the_last_numbers() {
        let log = "#2 INITED\nstat::number_of_executed_units: 512\nstat::average_exec_per_sec:     17\n\
                   stat::peak_rss_mb:              41\n";
        assert_eq!(summary(log), "512 inputs, 17 per second, 41 MB at most");
    }

    #[test]
    fn a_failure_names_the_command_that_repeats_it() {
        let log = "panicked\nartifact_prefix='a/'; Test unit written to a/crash-1\nBase64: AA==\n";
        let text = failure("card", log, Path::new("card.log"));
        assert!(text.starts_with("panicked\n"), "{text}");
        assert!(text.ends_with("\n\nrepeat it with: cargo xtask fuzz card --input a/crash-1"));
        let text = failure("card", "killed\n", Path::new("card.log"));
        assert!(text.ends_with("all it said: card.log"), "{text}");
    }
}
