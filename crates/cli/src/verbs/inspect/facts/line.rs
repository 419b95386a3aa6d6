//! A fact on a line.

use std::fmt::Display;

/// A fact on a line, without terminal control characters: files may come from strangers.
pub(super) fn line(name: &str, value: impl Display) -> String {
    let value = value.to_string().replace(char::is_control, "\u{fffd}");
    format!("  {name:<9}{value}")
}
