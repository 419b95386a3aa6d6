//! The project's own automation: `cargo xtask test` runs every check there is.
//!
//! | subject | start at |
//! |---|---|
//! | the steps, one by one or all | [`steps`] |
//! | what they need on the machine | [`prerequisites`] |
//! | what the crates may know of each other | [`code::layers`] |
//! | licences, and crates in two versions | [`code::deny`] |
//! | dependencies that nothing uses | [`code::unused`] |
//! | secrets under valgrind | [`ctgrind`] |
//! | what SECURITY.md names | [`security`] |
//! | whether tests fail without the checks that it names | [`removals`] |
//! | links, names and the book | [`documents`] |
//! | the documents' commands and other blocks | [`commands`] |
//! | python-paillier and paillier-bigint | [`others::interop`] |
//! | scikit-learn, PyTorch, Keras | [`others::examples`] |
//! | the JavaScript package | [`others::web`] |
//! | fuzzing | [`fuzz`] |
#![forbid(unsafe_code)]

mod code;
mod commands;
mod ctgrind;
mod documents;
mod fuzz;
mod npm;
mod others;
mod prerequisites;
mod program;
mod python;
mod removals;
mod security;
mod shell;
mod steps;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::steps::{ALL, Step};
use crate::workspace::Workspace;

/// The project's own automation.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Clone, Subcommand)]
enum Task {
    /// Install what the steps need on the machine, on Debian and Ubuntu.
    Setup,
    /// Run every step, and list the ones that failed.
    Test,
    /// Check that the code is formatted.
    Fmt,
    /// Check the crates' layers, where `unsafe` is, and the files' lengths.
    Layers,
    /// Check licences, doubled versions and sources of all dependencies, as deny.toml says.
    Deny {
        /// Look for known vulnerabilities too: needs GitHub, for RustSec's database.
        #[arg(long)]
        advisories: bool,
    },
    /// Find dependencies that nothing uses, or that are named twice.
    Unused,
    /// Check that the files and tests that SECURITY.md names exist.
    Security,
    /// Take each check of SECURITY.md out, one at a time, and see its test fail. By hand: it takes an hour.
    ///
    /// The code is that of the last commit, in a copy below the target directory.
    Removals {
        /// Numbers of rows of SECURITY.md's table; all of them by default.
        rows: Vec<u32>,
    },
    /// Run clippy on everything; a warning is an error.
    Clippy,
    /// Check the crates whose features others switch on by themselves.
    Features,
    /// Run unit and integration tests.
    Tests,
    /// Run the tests of the arithmetic and what is built on it with each slower kernel.
    Kernels,
    /// Run the tests with secrets under valgrind, which reports branches and addresses that depend on
    /// them.
    Ctgrind,
    /// Run the examples in the documentation.
    Doctests,
    /// Build the documentation; a warning is an error.
    Doc,
    /// Run the documents' commands, and parse their other blocks.
    Commands,
    /// Check the documents' links and the files and tests that they name, and build the book.
    Docs,
    /// Test together with python-paillier and with paillier-bigint.
    Interop,
    /// Run the examples that train with scikit-learn.
    Examples {
        /// Run those with PyTorch and Keras too, which takes some 8 GB.
        #[arg(long)]
        all: bool,
    },
    /// Check and test the JavaScript package.
    Web,
    /// Fuzz the parsers of what strangers write.
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    if let Some(result) = fuzz::compile() {
        return result.unwrap_or_else(|error| {
            shell::say(format!("error: {error:#}"));
            ExitCode::FAILURE
        });
    }
    let result = Workspace::find().and_then(|workspace| run(Cli::parse().task, &workspace));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::say(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task, workspace: &Workspace) -> anyhow::Result<()> {
    let chosen: &[Step] = match task {
        Task::Setup => return prerequisites::install(workspace),
        Task::Test => ALL,
        Task::Fmt => &[steps::FMT],
        Task::Layers => &[steps::LAYERS],
        Task::Deny { advisories: false } => &[steps::DENY],
        Task::Deny { advisories: true } => &[steps::DENY_ALL],
        Task::Unused => &[steps::UNUSED],
        Task::Security => &[steps::SECURITY],
        Task::Clippy => &[steps::CLIPPY],
        Task::Features => &[steps::FEATURES],
        Task::Tests => &[steps::TESTS],
        Task::Kernels => &[steps::KERNELS],
        Task::Ctgrind => &[steps::CTGRIND],
        Task::Doctests => &[steps::DOCTESTS],
        Task::Doc => &[steps::DOC],
        Task::Commands => &[steps::COMMANDS],
        Task::Docs => &[steps::DOCS],
        Task::Interop => &[steps::INTEROP],
        Task::Examples { all: false } => &[steps::EXAMPLES],
        Task::Examples { all: true } => &[steps::ALL_EXAMPLES],
        Task::Web => &[steps::WEB],
        // These have options, which a step doesn't have.
        Task::Fuzz(options) => return fuzz::check(workspace, &options),
        Task::Removals { rows } => return removals::check(&rows, workspace),
    };
    steps::run(chosen, workspace)
}
