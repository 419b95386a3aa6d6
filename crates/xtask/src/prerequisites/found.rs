//! Looking for programs and files.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::npm;

/// Where the web page's tests look for Chromium, besides `$CHROMIUM`.
const CHROMIUM: &[&str] = &[
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
];

/// What a program writes to its standard output; none if it fails or doesn't exist.
pub(super) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    standard_output(Command::new(program).args(arguments))
}

fn standard_output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = || String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then(text)
}

/// Whether a program runs with these arguments, and succeeds.
pub(super) fn runs(program: &str, arguments: &[&str]) -> bool {
    output(program, arguments).is_some()
}

/// Whether a program of this name is there to be run.
pub(super) fn on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether there is a file.
pub(super) fn is_file(path: &str) -> bool {
    Path::new(path).is_file()
}

/// The version of the Node that the steps run: major and minor.
pub(super) fn node() -> Option<(u32, u32)> {
    let mut command = npm::node(Path::new("."));
    version(&standard_output(command.arg("--version"))?)
}

/// The first two numbers of `v20.3.1`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.');
    let mut next = || numbers.next()?.parse().ok();
    Some((next()?, next()?))
}

/// Whether Debian's PostgreSQL is there, of any version.
pub(super) fn postgres() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut folders = versions.flatten().map(|version| version.path().join("bin"));
    folders.any(|programs| programs.join("initdb").is_file())
}

pub(super) fn chromium() -> bool {
    let own = env::var("CHROMIUM");
    let places = own
        .iter()
        .map(String::as_str)
        .chain(CHROMIUM.iter().copied());
    places.map(Path::new).any(Path::exists)
}

/// Whether there is a font at the place where fontconfig looks.
pub(super) fn font() -> bool {
    let mut folders = vec![Path::new("/usr/share/fonts").to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "ttf") {
                return true;
            }
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    false
}

/// What the system says about itself.
pub(super) fn system() -> String {
    fs::read_to_string("/etc/os-release").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        let [new, old] = ["v20.11.1\n", "v20.3.0\n"].map(|text| version(text).unwrap());
        assert!(new > old && old == (20, 3));
        assert!(version("v9.9.9").unwrap() < old);
        assert_eq!(version("20"), None);
    }

    #[test]
    fn a_program_that_is_not_there_is_not_found() {
        assert!(on_path("sh") && runs("sh", &["-c", "true"]));
        assert!(!runs("sh", &["-c", "exit 1"]));
        assert!(!on_path("no-such-program") && !runs("no-such-program", &[]));
    }
}
