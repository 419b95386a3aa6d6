//! [`Kind`]: what a table holds; and the version of the format.

use std::fmt;

/// The version of the format, which the metadata names.
pub const VERSION: &str = "1";

/// What a table's rows hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Encrypted records.
    Requests,
    /// Encrypted scores, or what is wrong with the request.
    Answers,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "requests",
            Self::Answers => "answers",
        })
    }
}
