//! An error as people read it, and as programs do.

use std::error::Error;
use std::fmt;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::hint::Hinted;
use super::kind::Kind;

/// What is told of an error.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    kind: Kind,
    /// The service's own word for why it refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The exit status.
    status: i32,
}

/// The one object on standard error.
#[derive(Serialize)]
struct Line<'a> {
    error: &'a Report,
}

impl Report {
    /// An error of a verb.
    ///
    /// A cause that the line above already repeats is left out: errors of the project's own crates
    /// never repeat their causes, but those of some libraries do.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        let parts = parts(error);
        let mut above = error.to_string();
        let message = above.clone();
        let mut causes = Vec::new();
        for cause in &parts[1..] {
            let cause = cause.to_string();
            if !above.contains(&cause) {
                causes.push(cause.clone());
                above = cause;
            }
        }
        let hints = parts
            .iter()
            .filter_map(|part| part.downcast_ref::<Hinted>());
        let hints: Vec<&str> = hints.map(|hinted| hinted.hint.as_str()).collect();
        let kind = parts.iter().find_map(|part| Kind::of(*part));
        let (kind, code) = kind.unwrap_or((Kind::Failed, None));
        Self {
            kind,
            code: code.filter(|code| !code.is_empty()),
            message,
            causes,
            hint: (!hints.is_empty()).then(|| hints.join("; ")),
            status: 1,
        }
    }

    /// An error in what was typed, from its words: the first paragraph says what is wrong, the others what to do.
    pub(crate) fn of_usage(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        let mut paragraphs = text.trim().split("\n\n").map(|paragraph| {
            let words: Vec<&str> = paragraph.split_whitespace().collect();
            words.join(" ")
        });
        let message = paragraphs.next().unwrap_or_default();
        let hints: Vec<String> = paragraphs.collect();
        Self {
            kind: Kind::Usage,
            code: None,
            message: message.trim_start_matches("error: ").to_owned(),
            causes: Vec::new(),
            hint: (!hints.is_empty()).then(|| hints.join("; ")),
            status: error.exit_code(),
        }
    }

    /// The end by a signal.
    pub(crate) fn of_interruption(words: &str, status: i32) -> Self {
        let kept = (words != INTERRUPTED).then(|| words.to_owned());
        Self {
            kind: Kind::Interrupted,
            code: None,
            message: INTERRUPTED.to_owned(),
            causes: Vec::new(),
            hint: kept,
            status,
        }
    }

    /// As an object on one line.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(&Line { error: self }).unwrap_or_else(|_| self.message.clone())
    }

    /// As lines for people, with colours.
    pub(crate) fn to_coloured(&self) -> String {
        self.lines(
            AnsiColor::Red.on_default().bold(),
            Style::new().dimmed(),
            AnsiColor::Green.on_default().bold(),
        )
    }

    fn lines(&self, error: Style, cause: Style, hint: Style) -> String {
        let mut text = format!("{error}error:{error:#} {}", self.message);
        for text_of_cause in &self.causes {
            let indented = text_of_cause.trim_end().replace('\n', "\n    ");
            text += &format!("\n  {cause}cause:{cause:#} {indented}");
        }
        if let Some(text_of_hint) = &self.hint {
            text += &format!("\n  {hint}hint:{hint:#} {text_of_hint}");
        }
        text
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines(Style::new(), Style::new(), Style::new()))
    }
}

/// What is said of an interruption, if there is nothing else to say.
pub(crate) const INTERRUPTED: &str = "interrupted";

/// The error and all its causes, also those that a hint stands before.
fn parts(error: &anyhow::Error) -> Vec<&(dyn Error + 'static)> {
    let mut parts = Vec::new();
    let mut next: Option<&(dyn Error + 'static)> = Some(error.as_ref());
    while let Some(part) = next {
        parts.push(part);
        next = match part.downcast_ref::<Hinted>() {
            Some(hinted) => Some(hinted.source.as_ref()),
            None => part.source(),
        };
    }
    parts
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};

    use super::super::hint::Hint as _;
    use super::super::kind::OfKind;
    use super::*;

    #[test]
    fn programs_get_the_kind_the_causes_and_all_hints() {
        let error = Err::<(), _>(OfKind::new(Kind::Unpredicted, "one has none"))
            .hint("look at it")
            .context("not all is well")
            .hint("run again")
            .unwrap_err();
        assert_eq!(
            Report::of(&error).to_json(),
            r#"{"error":{"kind":"unpredicted","message":"not all is well","causes":["one has none"],"hint":"run again; look at it","status":1}}"#
        );
        let error = anyhow!("something");
        assert!(Report::of(&error).to_json().contains(r#""kind":"failed""#));
    }
}
