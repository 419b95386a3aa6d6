//! Standard output, for people or for programs, and progress bars for people.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
pub(crate) use veilcast_files::STANDARD_INPUT as STANDARD_OUTPUT;
pub(crate) use veilcast_report::{counted, error_figures, grouped, significant};

use crate::failure::Report;

/// Where results go: as text, or as JSON with one document per line.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    /// Whether standard output holds something else, such as a file.
    aside: bool,
}

/// How often bars are drawn again while nothing else happens.
const TICK: Duration = Duration::from_millis(200);

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
        Self { json, aside: false }
    }

    /// The same beside a file: on standard error, if the file is standard output.
    pub(crate) fn beside(self, file: &Path) -> Self {
        let aside = self.aside || file == Path::new(STANDARD_OUTPUT);
        Self { aside, ..self }
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
            return Ok(());
        }
        self.print(format!("{text}\n").as_bytes())
    }

    /// Prints a line of JSON for programs, and nothing for people.
    pub(crate) fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        if !self.json {
            return Ok(());
        }
        let mut line = serde_json::to_vec(value).context("can't write the result as JSON")?;
        line.push(b'\n');
        self.print(&line)
    }

    fn print(self, bytes: &[u8]) -> anyhow::Result<()> {
        match self.aside {
            false => print(bytes),
            true => io::stderr()
                .write_all(bytes)
                .context("can't write to standard error"),
        }
    }

    /// Tells of an error: in lines for people, as an object for programs.
    pub(crate) fn error(self, report: &Report) {
        let text = match self.json {
            true => report.to_json(),
            false => report.to_coloured(),
        };
        self.say(text);
    }

    /// Warns people, and programs with an object of its own.
    pub(crate) fn warn(self, text: impl Display) {
        let warning = text.to_string();
        match self.json {
            true => self.say(serde_json::json!({ "warning": warning })),
            false => self.say(format!("warning: {warning}")),
        }
    }

    /// Tells people something that isn't a result, on standard error.
    pub(crate) fn note(self, text: impl Display) {
        if !self.json {
            self.say(text);
        }
    }

    /// Prints lines on standard error, whoever reads the output; how they begin is coloured.
    pub(crate) fn say(self, text: impl Display) {
        let text = text.to_string();
        let beginnings = [("warning:", AnsiColor::Yellow), ("note:", AnsiColor::Cyan)];
        let lines = text.lines().map(|line| {
            let found = beginnings.iter().find_map(|(beginning, colour)| {
                let rest = line.strip_prefix(beginning)?;
                let style: Style = colour.on_default().bold();
                Some(format!("{style}{beginning}{style:#}{rest}"))
            });
            found.unwrap_or_else(|| line.to_owned())
        });
        let lines: Vec<String> = lines.collect();
        // Failing to write this is no reason to fail.
        let _ = writeln!(anstream::stderr(), "{}", lines.join("\n"));
    }

    /// A progress bar on standard error; hidden if that isn't a terminal. Without a length it counts.
    pub(crate) fn progress(self, length: Option<u64>, what: &'static str) -> ProgressBar {
        let template = match length {
            Some(_) => "{msg} {wide_bar} {pos}/{len}, {elapsed}, {eta} left",
            None => "{msg} {spinner} {pos}, {elapsed}",
        };
        self.bar(length, what, template)
    }

    /// Says what is being done, and for how long, until it is dropped; where progress can't be told.
    pub(crate) fn busy(self, what: &'static str) -> Busy {
        Busy(self.bar(None, what, "{msg} {spinner} {elapsed}"))
    }

    fn bar(self, length: Option<u64>, what: &'static str, template: &str) -> ProgressBar {
        let is_hidden = self.json || !io::stderr().is_terminal();
        let target = match is_hidden {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        let bar = ProgressBar::with_draw_target(length, target).with_message(what);
        bar.set_style(ProgressStyle::with_template(template).expect("the templates are valid"));
        if !is_hidden {
            bar.enable_steady_tick(TICK);
        }
        bar
    }
}

/// What is shown while something is being done.
pub(crate) struct Busy(ProgressBar);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.finish_and_clear();
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
