//! Standard output, for people or for programs, and progress bars for people.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal as _, Write};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
pub(crate) use veilcast_report::{counted, error_figures, grouped, significant};

/// Where results go: as text, or as JSON with one document per line.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

/// The reader of standard output has closed it.
#[derive(Debug)]
pub(crate) struct StdoutClosed;

impl Display for StdoutClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("standard output was closed")
    }
}

impl std::error::Error for StdoutClosed {}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether programs read the output.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints a result: its text, or its fields as JSON.
    pub(crate) fn result(self, result: &(impl Display + Serialize)) -> anyhow::Result<()> {
        if self.json {
            self.json(result)
        } else {
            self.text(result)
        }
    }

    /// Prints text for people, and nothing for programs.
    pub(crate) fn text(self, text: impl Display) -> anyhow::Result<()> {
        if self.json {
            Ok(())
        } else {
            print(format!("{text}\n").as_bytes())
        }
    }

    /// Prints a line of JSON for programs, and nothing for people.
    pub(crate) fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        if !self.json {
            return Ok(());
        }
        let mut line = serde_json::to_vec(value).context("can't write the result as JSON")?;
        line.push(b'\n');
        print(&line)
    }

    /// Tells people something that isn't a result, on standard error.
    pub(crate) fn note(self, text: impl Display) {
        if !self.json {
            self.say(text);
        }
    }

    /// Prints what accompanies an error, whoever reads the output.
    pub(crate) fn say(self, text: impl Display) {
        // Failing to write this is no reason to fail.
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// A progress bar on standard error; hidden if that isn't a terminal. Without a length it counts.
    pub(crate) fn progress(self, length: Option<u64>, what: &'static str) -> ProgressBar {
        let target = if self.json || !io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(length, target).with_message(what);
        let template = match length {
            Some(_) => "{msg} {wide_bar} {pos}/{len}, {eta} left",
            None => "{msg} {spinner} {pos}, {elapsed}",
        };
        bar.set_style(ProgressStyle::with_template(template).expect("the templates are valid"));
        bar
    }
}

/// Writes bytes to standard output at once.
pub(crate) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(bytes)
        .and_then(|()| stdout.flush())
        .map_err(stdout_error)
}

/// What a failure to write to standard output means.
fn stdout_error(error: io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        StdoutClosed.into()
    } else {
        anyhow::Error::new(error).context("can't write to standard output")
    }
}
