//! Errors for people: what happened, why, and what to do.

use std::error::Error;
use std::fmt;

/// What to do when a build lacks a requested feature.
pub(crate) const WHOLE_PROGRAM: &str = "build the whole program: cargo install --path crates/cli";

/// Adds what to do to an error.
pub(crate) trait Hint<T> {
    /// The result, with a hint on its error.
    fn hint(self, hint: impl fmt::Display) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Hint<T> for Result<T, E> {
    fn hint(self, hint: impl fmt::Display) -> anyhow::Result<T> {
        self.map_err(|error| {
            let (source, hint) = (error.into(), hint.to_string());
            Hinted { source, hint }.into()
        })
    }
}

/// An error with what to do about it.
#[derive(Debug)]
struct Hinted {
    source: anyhow::Error,
    hint: String,
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}

impl Error for Hinted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

/// The error, its causes and its hint, one per line.
///
/// A cause that the line above already repeats is left out: errors of the project's own crates
/// never repeat their causes, but those of some libraries do.
pub(crate) fn describe(error: &anyhow::Error) -> String {
    let mut above = error.to_string();
    let mut text = format!("error: {above}");
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !above.contains(&cause) {
            let indented = cause.trim_end().replace('\n', "\n    ");
            text += &format!("\n  cause: {indented}");
            above = cause;
        }
    }
    if let Some(hinted) = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Hinted>())
    {
        text += &format!("\n  hint: {}", hinted.hint);
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};

    use super::*;

    #[test]
    fn causes_and_hint_follow_the_error() {
        let error = Err::<(), _>(anyhow!("no such file"))
            .context("can't read key.json")
            .hint("make a key")
            .context("can't start")
            .unwrap_err();
        assert_eq!(
            describe(&error),
            "error: can't start\n  cause: can't read key.json\n  cause: no such file\n  hint: make a key"
        );
    }

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow!("deep").context("high: deep");
        assert_eq!(describe(&error), "error: high: deep");
    }
}
