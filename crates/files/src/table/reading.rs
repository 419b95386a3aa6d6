//! What is said about a table's form by who has it, rather than found out.

pub use encoding_rs::Encoding;

use super::number::Decimal;

/// What is said about a table's form; what isn't is found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The encoding of a text.
    pub encoding: Option<&'static Encoding>,
    /// The decimal mark of all numbers.
    pub decimal: Option<Decimal>,
}

/// The encoding with a name such as `utf-8`, `windows-1252`, `latin1` or `utf-16le`, as web browsers
/// know them.
pub fn encoding(name: &str) -> Option<&'static Encoding> {
    Encoding::for_label(name.trim().as_bytes())
}
