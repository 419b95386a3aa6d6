//! Columns that say nothing about a record: without a name, or counting the rows.

/// Names of columns that usually count the rows.
const ROW_NUMBERS: [&str; 15] = [
    "index", "idx", "id", "no", "no.", "nr", "nr.", "s.no", "s.no.", "sno", "sl no", "sr no",
    "row", "rownum", "rownames",
];

/// Whether a column has no name, or the one that pandas gives it then.
pub fn is_unnamed(title: &str) -> bool {
    let digits = title.strip_prefix("Unnamed: ");
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    title.is_empty() || digits.is_some_and(is_number)
}

/// Whether a column that counts the rows usually has this name.
pub(super) fn names_row_numbers(title: &str) -> bool {
    ROW_NUMBERS.contains(&title.to_ascii_lowercase().as_str())
}

/// A cell's whole number, if it may count rows.
pub(super) fn is_row_number(cell: &str) -> Option<f64> {
    let fits = (1..=15).contains(&cell.len()) && cell.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| cell.parse().ok())?
}
