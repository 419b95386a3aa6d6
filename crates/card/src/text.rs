//! Parts of messages for people.

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
