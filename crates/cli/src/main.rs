//! The binary `veilcast`: predictions on data that the predicting service never sees.
//!
//! | subject | start at |
//! |---|---|
//! | the verbs, one file each | [`verbs`] |
//! | arguments that several verbs share | [`args`] |
//! | what is printed, for people and for programs | [`output`] |
//! | errors with their causes and a hint | [`failure`] |
//! | files that appear complete or not at all, and what ends a process | [`files`], [`interrupts`]
//! |
//! | how a service is reached, and what is shown while it is unavailable | [`service`], [`waiting`]
//! |
//! | key files, models, requests and responses in files | [`keys`], [`models`], [`messages`] |
//! | records in, predictions out | [`records`], [`predictions`] |
//! | what layouts cost, for the planner | [`planning`] |
//! | models that are made here, and their summary | `making`, `summary` |
//! | a service in this process | [`serving`] |
//! | its settings, from the command line, the environment and a file | [`settings`] |
//! | what the system wants from it, and what it tells the system | [`signals`], [`supervisor`] |
//! | the ledger of tokens and their usage, and tables of both | `books`, `columns` |
//! | the built-in digit model and its test images | [`builtin`] |
#![forbid(unsafe_code)]

mod args;
#[cfg(feature = "ledger")]
mod books;
mod builtin;
mod changes;
#[cfg(feature = "ledger")]
mod columns;
mod failure;
mod files;
mod interrupts;
mod keys;
mod logging;
#[cfg(any(feature = "import", feature = "train"))]
mod making;
mod messages;
mod models;
mod output;
mod planning;
mod predictions;
mod records;
mod resumable;
mod runtime;
mod sealed;
mod service;
mod serving;
mod settings;
mod signals;
#[cfg(any(feature = "import", feature = "train"))]
mod summary;
#[cfg(unix)]
mod supervisor;
#[cfg(not(unix))]
#[path = "no_supervisor.rs"]
mod supervisor;
#[cfg(feature = "otlp")]
mod traces;
mod verbs;
mod waiting;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;

use crate::output::{Output, StdoutClosed};
use crate::verbs::Verb;

/// Predictions on data that the predicting service never sees.
///
/// The data owner encrypts records under a Paillier key, the service computes its model on the
/// ciphertexts, and only the data owner can decrypt the predictions.
#[derive(Parser)]
#[command(
    name = "veilcast",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// Print results as JSON on standard output, one document per line.
    #[arg(long, global = true)]
    json: bool,
}

fn main() -> ExitCode {
    #[cfg(feature = "import")]
    tell_of_panics_that_are_no_errors();
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    match cli.verb.run(output) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of our output has seen enough, as in `veilcast predict … | head`.
        Err(error) if error.is::<StdoutClosed>() => ExitCode::SUCCESS,
        Err(error) => {
            let text = failure::describe(&error);
            // If even standard error is closed, the exit status still says so.
            let _ = writeln!(std::io::stderr(), "{text}");
            ExitCode::FAILURE
        }
    }
}

/// The library that runs networks from ONNX files panics on some of them. That becomes an error, which
/// is reported like any other.
#[cfg(feature = "import")]
fn tell_of_panics_that_are_no_errors() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !veilcast_onnx::panics_are_errors() {
            usual(panic);
        }
    }));
}
