//! What a service replies when it can't answer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// An error as the service reports it: `{"error": "…", "code": "…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What happened and what to do, for people; its wording may change.
    pub error: String,
    /// What happened, for programs; it does not change.
    #[serde(default)]
    pub code: Cow<'static, str>,
}

impl Problem {
    /// A problem with its stable code and its text.
    #[must_use]
    pub fn new(code: &'static str, error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            code: Cow::Borrowed(code),
        }
    }
}
