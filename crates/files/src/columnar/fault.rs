//! What is wrong with files of columns.

use crate::ReadError;

/// What is known of a file that a library panics on.
pub(super) const UNFIT: &str = "its parts don't fit together";

/// The error for a file that isn't what its beginning says, or not as a whole.
pub(super) fn damaged(file: &str, format: &'static str, problem: &str) -> ReadError {
    ReadError::Unusable {
        file: file.to_owned(),
        format,
        problem: format!("it is damaged, or cut off ({problem})"),
    }
}
