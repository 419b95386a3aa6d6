//! The Python package: its types, its own tests, its notebooks, and python-paillier's tests of its interface.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::shell::{cargo, run, say};
use crate::workspace::Workspace;
use crate::{program, python};

pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = workspace.root().join("python");
    let requirements = folder.join("requirements.txt");
    let python = python::environment(workspace.target(), "python", &requirements)?;
    let packages = workspace.target().join("python-package");
    assemble(workspace, &folder, &packages)?;
    // The tests of predictions serve models with it.
    let program = program::build(workspace)?;

    let command_of = |python: &Path, arguments: &[&str]| {
        let mut command = Command::new(python);
        command.args(arguments).current_dir(workspace.root());
        command.env("PYTHONPATH", &packages);
        command.env("VEILCAST", &program);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    let command = |arguments: &[&str]| command_of(&python, arguments);
    say("mypy and stubtest");
    run(&mut command(&["-m", "mypy"]))?;
    // scikit-learn adds methods to its estimators that no source shows.
    let allowed = "python/tests/stubtest-allowed.txt";
    run(&mut command(&[
        "-m",
        "mypy.stubtest",
        "veilcast",
        "--allowlist",
        allowed,
    ]))?;
    say("the package's tests");
    run(&mut command(&[
        "-m",
        "pytest",
        "--quiet",
        "-p",
        "no:cacheprovider",
    ]))?;
    say("tables on an engine");
    let requirements = folder.join("requirements-engines.txt");
    let engines = python::environment(workspace.target(), "engines", &requirements)?;
    run(&mut command_of(
        &engines,
        &[
            "-m",
            "pytest",
            "--quiet",
            "-p",
            "no:cacheprovider",
            "python/tests/test_spark.py",
            "python/tests/test_batch.py",
            "python/tests/test_object_store.py",
            "python/tests/test_ray.py",
        ],
    ))?;
    say("jobs that are killed");
    let jobs = [
        "python/tests/killed_jobs.py",
        "--jobs",
        "1",
        "--engine",
        "sail",
        "--poison",
    ];
    run(&mut command_of(&engines, &jobs))?;
    say("the notebooks");
    run(&mut command(&[
        "-m",
        "pytest",
        "--quiet",
        "-p",
        "no:cacheprovider",
        "--nbmake",
        "--nbmake-timeout=600",
        "python/notebooks",
    ]))?;
    let peer = workspace.target().join("phe-tests");
    run(command(&["python/tests/peer_phe.py"]).arg(peer))
}

/// Puts the package together: what is Python, and the native module of the development build.
///
/// The module is built with the libraries and a test of the workspace, as the tests build them: a
/// build for itself would have other features of the dependencies, and compile half of them again.
fn assemble(workspace: &Workspace, folder: &Path, packages: &Path) -> anyhow::Result<()> {
    let arguments = ["build", "--workspace", "--lib", "--test", "cli", "--locked"];
    run(&mut cargo(workspace, arguments))?;
    let package = packages.join("veilcast");
    match fs::remove_dir_all(&package) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).context("can't remove the old package");
        }
        _ => {}
    }
    copy(&folder.join("veilcast"), &package)?;
    let prefix = std::env::consts::DLL_PREFIX;
    let suffix = std::env::consts::DLL_SUFFIX;
    let built = format!("{prefix}veilcast_python{suffix}");
    let built = workspace.target().join("debug").join(built);
    // Python takes this ending on Linux and on a Mac.
    fs::copy(&built, package.join("_native.abi3.so"))
        .with_context(|| format!("can't copy {}", built.display()))?;
    Ok(())
}

/// Copies a package's sources: not what an editable installation left there.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| format!("can't make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("can't list {}", from.display()))? {
        let path = entry?.path();
        let name = path.file_name().context("an entry has a name")?;
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else if path
            .extension()
            .is_none_or(|ending| ending != "so" && ending != "pyc")
        {
            fs::copy(&path, to.join(name))
                .with_context(|| format!("can't copy {}", path.display()))?;
        }
    }
    Ok(())
}
