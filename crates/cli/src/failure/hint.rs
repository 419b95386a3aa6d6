//! What to do about an error.

use std::error::Error;
use std::fmt;

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
pub(super) struct Hinted {
    pub(super) source: anyhow::Error,
    pub(super) hint: String,
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
