//! The project's own automation: `cargo xtask test` runs every check there is.
//!
//! | subject | start at |
//! |---|---|
//! | what may be typed | [`arguments`] |
//! | the steps, one by one or all | [`steps`] |
//! | what they need on the machine | [`prerequisites`] |
//! | what the crates may know about each other | [`code::layers`] |
//! | licences, and crates in two versions | [`code::deny`] |
//! | dependencies that nothing uses | [`code::unused`] |
//! | secrets under valgrind | [`ctgrind`] |
//! | what SECURITY.md names | [`security`] |
//! | whether tests fail without the checks that it names | [`removals`] |
//! | links, names and the book | [`documents`] |
//! | the documents' commands and other blocks | [`commands`] |
//! | python-paillier and paillier-bigint | [`others::interop`] |
//! | the Python package | [`others::package`] |
//! | what operators get, and replicas behind nginx | [`others::deploy`] |
//! | scikit-learn, PyTorch, Keras | [`others::examples`] |
//! | the JavaScript package | [`others::web`] |
//! | the program without training, import and formats of tables | [`lean`] |
//! | versions, notes and packages | [`release`] |
//! | attacks on a running service | [`soak`] |
//! | fuzzing | [`fuzz`] |
#![forbid(unsafe_code)]

mod arguments;
mod code;
mod commands;
mod ctgrind;
mod documents;
mod fuzz;
mod host;
mod kernels;
mod lean;
mod npm;
mod others;
mod prerequisites;
mod program;
mod python;
mod release;
mod removals;
mod security;
mod shell;
mod soak;
mod steps;
mod test_programs;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Cli, Task};
use crate::others::deploy;
use crate::steps::Step;
use crate::workspace::Workspace;

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
    let chosen: Step = match task {
        Task::Setup => return prerequisites::install(workspace),
        Task::Test => return steps::run_all(workspace),
        Task::Step { name } => return steps::run_named(&name, workspace),
        Task::Fmt => steps::FMT,
        Task::Layers => steps::LAYERS,
        Task::Deny { advisories: false } => steps::DENY,
        Task::Deny { advisories: true } => steps::DENY_ALL,
        Task::Unused => steps::UNUSED,
        Task::Security => steps::SECURITY,
        Task::Clippy => steps::CLIPPY,
        Task::Lean => steps::LEAN,
        Task::Tests => steps::TESTS,
        Task::Kernels => steps::KERNELS,
        Task::Ctgrind => steps::CTGRIND,
        Task::Doctests => steps::DOCTESTS,
        Task::Doc => steps::DOC,
        Task::Commands => steps::COMMANDS,
        Task::Docs => steps::DOCS,
        Task::Figures => return documents::figures::write(workspace),
        Task::Interop => steps::INTEROP,
        Task::Python => steps::PYTHON,
        Task::Deploy { records } if records != deploy::RECORDS => {
            prerequisites::check([steps::DEPLOY.name])?;
            return deploy::check(workspace, records);
        }
        Task::Deploy { .. } => steps::DEPLOY,
        Task::Examples { all: false } => steps::EXAMPLES,
        Task::Examples { all: true } => steps::ALL_EXAMPLES,
        Task::Web => steps::WEB,
        Task::Release { tag: None } => steps::RELEASE,
        Task::Release { tag: Some(tag) } => return release::check_tag(workspace, &tag),
        Task::Api { write: false } => steps::API,
        Task::Api { write: true } => return release::check_api(workspace, true),
        Task::Notes => return release::print_notes(workspace),
        Task::Publish { no_verify } => return release::publish::dry_run(workspace, !no_verify),
        Task::Archive { program, target } => {
            let program = program.program.as_deref();
            return release::pack(workspace, program, target.as_deref());
        }
        Task::Components => return release::list_components(workspace),
        Task::Deb { program } => return release::build_deb(workspace, program.program.as_deref()),
        // These have options, which a step doesn't have.
        Task::Soak(options) => return soak::check(workspace, &options),
        Task::Fuzz(options) => return fuzz::check(workspace, &options),
        Task::Removals { rows } => return removals::check(&rows, workspace),
    };
    steps::run(chosen, workspace)
}
