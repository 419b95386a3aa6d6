//! Texts in cards, and parts of messages for people.

use std::collections::HashSet;
use std::error::Error;
use std::iter;

/// Number of names shown before the rest is only counted.
const SHOWN: usize = 5;

/// The first few names in quotation marks, and how many more there are.
///
/// ```
/// assert_eq!(veilcast_card::list(&["a".to_owned(), "b".to_owned()]), r#""a", "b""#);
/// ```
pub fn list(names: &[String]) -> String {
    let shown = names.iter().take(SHOWN);
    let mut shown: Vec<String> = shown.map(|name| format!("{name:?}")).collect();
    if let Some(rest @ 1..) = names.len().checked_sub(SHOWN) {
        shown.push(format!("and {rest} more"));
    }
    shown.join(", ")
}

/// An error with its causes on one line, separated by colons: errors don't repeat their causes
/// themselves.
///
/// ```
/// let error = veilcast_card::Card::parse(b"{").unwrap_err();
/// assert_eq!(error.to_string(), "the card isn't valid");
/// let text = veilcast_card::chain(&error);
/// assert_eq!(text, "the card isn't valid: EOF while parsing an object at line 1 column 1");
/// ```
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let errors = iter::successors(Some(error), |&error| error.source());
    let texts: Vec<String> = errors.map(ToString::to_string).collect();
    texts.join(": ")
}

/// Labels and names must be distinct and suitable for a CSV file and on a terminal.
pub(crate) fn check_texts(texts: &[String]) -> Option<String> {
    let mut seen = HashSet::with_capacity(texts.len());
    texts.iter().enumerate().find_map(|(index, text)| {
        if text.trim().is_empty() {
            Some(format!("number {index} is empty"))
        } else if text.len() > 256 || text.chars().any(char::is_control) {
            Some(format!(
                "number {index} is longer than 256 bytes or has control characters"
            ))
        } else if !seen.insert(text) {
            Some(format!("{text:?} is listed twice"))
        } else {
            None
        }
    })
}
