//! Node's packages in a folder of the project, and Node itself where the system's is too old.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::Context as _;

use crate::shell::run;

/// Installs what the tests need, as the lock file says; again when that changes.
pub(crate) fn install(folder: &Path) -> anyhow::Result<()> {
    let wanted =
        fs::read_to_string(folder.join("package-lock.json")).context("can't read the lock file")?;
    let installed = folder.join("node_modules").join("installed.json");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    run(&mut npm(folder, &arguments))?;
    fs::write(&installed, wanted).context("can't note what is installed")
}

pub(crate) fn npm(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = within(folder, "npm");
    command.args(arguments);
    command
}

pub(crate) fn node(folder: &Path) -> Command {
    within(folder, "node")
}

fn within(folder: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("PATH", path());
    command
}

/// Where our own Node is, below the workspace's root.
const NODE: &str = "target/node";

/// The command, in words, that installs our own Node: npm has it as a package for each platform,
/// for systems whose Node is too old, such as Debian 12.
pub(crate) fn install_node() -> Vec<String> {
    let package = format!("{}@20", node_package());
    let words = [
        "npm",
        "install",
        "--no-save",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
        NODE,
        &package,
    ];
    words.map(str::to_owned).to_vec()
}

fn node_package() -> String {
    let processor = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("node-{}-{processor}", env::consts::OS)
}

/// The search path with our own Node before others, if there is one.
fn path() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let packages = root.join(NODE).join("node_modules");
    let own: PathBuf = packages.join(node_package()).join("bin");
    if !own.is_dir() {
        return path;
    }
    let folders = std::iter::once(own).chain(env::split_paths(&path));
    // Only a folder with a colon in its name can't be joined.
    env::join_paths(folders).unwrap_or(path)
}
