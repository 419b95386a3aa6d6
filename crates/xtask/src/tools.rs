//! Programs that steps run and that Cargo builds: each in a pinned version, below the target
//! directory, so that a new machine gets the same ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, ensure};

use crate::shell::{cargo, run, say};
use crate::workspace::Workspace;

/// Compiled in the shortest time: these programs run for seconds, so that optimising them takes
/// longer than it saves.
const QUICKLY: &[(&str, &str)] = &[
    ("CARGO_PROFILE_DEV_DEBUG", "false"),
    ("CARGO_PROFILE_DEV_INCREMENTAL", "false"),
];

/// The path of the program `name` of the crate of that name, in exactly this version (`1.2.3`).
///
/// If it isn't in `target/tools/NAME`, or is there in another version or with other flags, it is
/// installed with the crate's own lock file, without optimisation. `flags` are further flags of
/// `cargo install`, such as `--no-default-features`.
///
/// # Errors
///
/// If the crate can't be downloaded or built, or has no program with its name.
pub(crate) fn ensure(
    workspace: &Workspace,
    name: &str,
    version: &str,
    flags: &[&str],
) -> anyhow::Result<PathBuf> {
    let folder = workspace.target().join("tools").join(name);
    let program = folder.join("bin").join(name);
    let wanted = note(version, flags);
    if is_installed(&folder, &program, &wanted) {
        return Ok(program);
    }
    say(format!("installing {name} {version}"));
    let start = Instant::now();
    let exactly = format!("={version}");
    let mut command = cargo(workspace, ["install", "--quiet", "--locked", "--force"]);
    command
        .args(["--debug", "--version", &exactly, "--root"])
        .arg(&folder)
        .args(flags)
        .arg(name)
        .envs(QUICKLY.iter().copied())
        // That of our caller is for the project's own programs.
        .env_remove("CARGO_TARGET_DIR");
    run(&mut command)?;
    ensure!(program.is_file(), "{name} has no program of its name");
    fs::write(folder.join(NOTE), wanted).context("can't note what is installed")?;
    say(format!("took {:.0} s", start.elapsed().as_secs_f64()));
    Ok(program)
}

/// The file next to the program that says what it was built from.
const NOTE: &str = "installed.txt";

fn note(version: &str, flags: &[&str]) -> String {
    let words = [&[version], flags].concat();
    words.join(" ") + "\n"
}

fn is_installed(folder: &Path, program: &Path, wanted: &str) -> bool {
    let noted = fs::read_to_string(folder.join(NOTE));
    noted.is_ok_and(|noted| noted == wanted) && program.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wanted_version_and_flags_count() {
        let folder = std::env::temp_dir().join(format!("veilcast-tools-{}", std::process::id()));
        let program = folder.join("tool");
        let wanted = note("1.2.3", &["--no-default-features"]);
        fs::create_dir_all(&folder).unwrap();
        assert!(!is_installed(&folder, &program, &wanted));
        fs::write(folder.join(NOTE), &wanted).unwrap();
        assert!(!is_installed(&folder, &program, &wanted), "no program");
        fs::write(&program, "").unwrap();
        assert!(is_installed(&folder, &program, &wanted));
        assert!(!is_installed(&folder, &program, &note("1.2.3", &[])));
        assert!(!is_installed(
            &folder,
            &program,
            &note("1.2.4", &["--no-default-features"])
        ));
        fs::remove_dir_all(&folder).unwrap();
    }
}
