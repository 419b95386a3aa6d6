//! Standard output, for people or for programs, and progress bars for people.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal as _, Write};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use veilcast_model::RegressionErrors;

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

/// A number of things: `1 record`, `2 records`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// A number with commas between thousands: `1,821`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with this many significant digits, and all digits before the decimal point.
pub(crate) fn significant(number: f64, digits: u32) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let before = number.abs().log10().floor() + 1.0;
    let after = (f64::from(digits) - before).clamp(0.0, 12.0) as usize;
    format!("{number:.after$}")
}

/// How far predicted quantities are from true ones.
pub(crate) fn error_figures(errors: &RegressionErrors) -> String {
    let r_squared = errors.r_squared.map(|r| format!(", R² {r:.4}"));
    format!(
        "mean absolute error {}, root mean squared error {}{}",
        significant(errors.mean_absolute_error, 4),
        significant(errors.root_mean_squared_error, 4),
        r_squared.unwrap_or_default()
    )
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
