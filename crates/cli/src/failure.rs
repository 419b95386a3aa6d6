//! Errors for people and for programs: what happened, why, and what to do.

mod hint;
mod kind;
mod report;

pub(crate) use self::hint::Hint;
pub(crate) use self::kind::{Kind, OfKind};
pub(crate) use self::report::{INTERRUPTED, Report};

/// What to do when a build lacks a requested feature.
pub(crate) const WHOLE_PROGRAM: &str = "build the whole program: cargo install --path crates/cli";

/// The error, its causes and its hints, one per line.
pub(crate) fn describe(error: &anyhow::Error) -> String {
    Report::of(error).to_string()
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
