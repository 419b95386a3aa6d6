//! The program `veilcast`: predictions on data that the predicting service never sees.
//!
//! It is a library, so that the Python package carries it in the same native module as the rest.
//!
//! | subject | start at |
//! |---|---|
//! | the verbs, one file each | `verbs` |
//! | arguments that several verbs share | `args` |
//! | what is printed, for people and for programs | `output` |
//! | examples of every verb, for its help and its manual page | `examples` |
//! | errors with their causes and a hint, and their kinds for programs | `failure` |
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
mod examples;
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

use clap::{CommandFactory as _, Parser};

use crate::failure::Report;
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
    after_help = examples::PROGRAM
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
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let status = match Cli::try_parse_from(&arguments) {
        Ok(cli) => done(cli),
        Err(error) => misused(&error, asks_for_json(&arguments)),
    };
    // Where the program isn't the whole process, nothing else does it.
    let _ = io::stdout().flush();
    status
}

fn done(cli: Cli) -> u8 {
    let output = Output::new(cli.json);
    if output.is_json() {
        interrupts::tell_programs();
    }
    match cli.verb.run(output, Cli::command) {
        Ok(()) => 0,
        // The reader of our output has seen enough, as in `veilcast predict … | head`.
        Err(error) if error.is::<StdoutClosed>() => 0,
        Err(error) => match error.downcast::<clap::Error>() {
            Ok(error) => misused(&error, output.is_json()),
            Err(error) => {
                output.error(&Report::of(&error));
                1
            }
        },
    }
}

/// Says what is wrong with what was typed, or gives the help that was asked for.
fn misused(error: &clap::Error, is_json: bool) -> u8 {
    if is_json && error.use_stderr() {
        Output::new(true).error(&Report::of_usage(error));
    } else {
        // If it can't be printed, the exit status still says so.
        let _ = error.print();
    }
    u8::try_from(error.exit_code()).unwrap_or(1)
}

/// Whether `--json` is among arguments that can't be understood.
fn asks_for_json(arguments: &[OsString]) -> bool {
    let mut options = arguments.iter().take_while(|argument| *argument != "--");
    options.any(|argument| argument == "--json")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verbs, and verbs of verbs, each with its words.
    fn verbs(command: &clap::Command, words: &[String]) -> Vec<(Vec<String>, clap::Command)> {
        let mut all = vec![(words.to_vec(), command.clone())];
        for verb in command.get_subcommands() {
            let words = [words, &[verb.get_name().to_owned()]].concat();
            all.extend(verbs(verb, &words));
        }
        all
    }

    /// The lines of a shell in a help's last paragraphs.
    fn examples(help: &str) -> Vec<String> {
        let joined = help.replace("\\\n", " ");
        let lines = joined.lines().filter(|line| line.starts_with("  "));
        lines.map(str::to_owned).collect()
    }

    #[test]
    fn every_verb_has_examples_that_can_be_typed() {
        for (words, command) in verbs(&Cli::command(), &[]) {
            let help = command.get_after_long_help().or(command.get_after_help());
            let help = help.map(ToString::to_string).unwrap_or_default();
            let examples = examples(&help);
            assert!(!examples.is_empty(), "{words:?} has no example");
            assert!(help.starts_with("Example"), "{words:?}");
            for line in help.lines() {
                assert!(line.chars().count() <= 60, "{line:?} is too long");
            }
            let mut named = false;
            for example in examples {
                let parts = example.split('|').map(str::trim);
                let own = parts.filter(|part| part.starts_with("veilcast "));
                for typed in own {
                    let arguments = typed.split_whitespace();
                    let arguments: Vec<&str> = arguments
                        .take_while(|word| !["<", ">"].contains(word))
                        .collect();
                    named |= arguments[1..]
                        .starts_with(&words.iter().map(String::as_str).collect::<Vec<_>>());
                    if let Err(error) = Cli::try_parse_from(&arguments) {
                        panic!("{typed}: {error}");
                    }
                }
            }
            assert!(named, "the examples of {words:?} are of other verbs");
        }
    }
}
