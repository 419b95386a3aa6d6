//! The program `veilcast`: predictions on data that the predicting service never sees.
//!
//! It is a library, so that the Python package carries it in the same native module as the rest.
//!
//! | subject | start at |
//! |---|---|
//! | the verbs, one file each | `verbs` |
//! | arguments that several verbs share | `args` |
//! | what is printed, for people and for programs | `output` |
//! | errors with their causes and a hint | `failure` |
//! | files that appear complete or not at all, and what ends a process | `files`, `interrupts`
//! |
//! | how a service is reached, and what is shown while it is unavailable | `service`, `waiting`
//! |
//! | key files, models, requests and responses in files | `keys`, `models`, `messages` |
//! | records in, predictions out | `records`, `predictions` |
//! | what layouts cost, for the planner | `planning` |
//! | models that are made here, and their summary | `making`, `summary` |
//! | a service in this process | `serving` |
//! | its settings, from the command line, the environment and a file | `settings` |
//! | what the system wants from it, and what it tells the system | `signals`, `supervisor` |
//! | the ledger of tokens and their usage, and tables of both | `books`, `columns` |
//! | the built-in digit model and its test images | `builtin` |
#![forbid(unsafe_code)]

mod args;
#[cfg(feature = "ledger")]
mod books;
mod builtin;
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

use std::ffi::OsString;
use std::io::{self, Write as _};

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

/// Runs the program with arguments, of which the first is its name, and returns the process's exit status.
///
/// It may end the process itself, when a signal interrupts it.
pub fn run<I>(arguments: I) -> u8
where
    I: IntoIterator<Item: Into<OsString> + Clone>,
{
    veilcast_card::silence_guarded_panics();
    let status = match Cli::try_parse_from(arguments) {
        Ok(cli) => done(cli),
        Err(error) => {
            // If it can't be printed, the exit status still says so.
            let _ = error.print();
            u8::try_from(error.exit_code()).unwrap_or(1)
        }
    };
    // Where the program isn't the whole process, nothing else does it.
    let _ = io::stdout().flush();
    status
}

fn done(cli: Cli) -> u8 {
    match cli.verb.run(Output::new(cli.json)) {
        Ok(()) => 0,
        // The reader of our output has seen enough, as in `veilcast predict … | head`.
        Err(error) if error.is::<StdoutClosed>() => 0,
        Err(error) => {
            let text = failure::describe(&error);
            // If even standard error is closed, the exit status still says so.
            let _ = writeln!(io::stderr(), "{text}");
            1
        }
    }
}
