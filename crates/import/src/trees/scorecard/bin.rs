//! [`Bin`], what a cell of a scorecard's column of bins says.

/// Which cells have a row's points.
#[derive(Debug, PartialEq)]
pub(super) enum Bin {
    /// Numbers: `[1.5, 3)`, `(-inf, 1.5]`.
    Interval(Interval),
    /// A text.
    Category(String),
    /// `Missing`, `missing` or `nan`.
    Missing,
    /// `Special`: values that optbinning was given a list of.
    Special,
}

/// The numbers between two, and those of the two that belong to them.
#[derive(Debug, PartialEq)]
pub(super) struct Interval {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) has_low: bool,
    pub(super) has_high: bool,
}

impl Bin {
    /// All that a cell lists: with `%,%` between them, or as NumPy and pandas print an array of texts. Nothing if it can't be read.
    pub(super) fn all(cell: &str) -> Option<Vec<Self>> {
        if let Some(texts) = printed(cell) {
            let texts = texts?.into_iter();
            return Some(texts.map(Self::Category).collect());
        }
        let one = |text: &str| match text.trim() {
            "" => None,
            text if text.eq_ignore_ascii_case("missing") || text == "nan" => Some(Self::Missing),
            text if text.eq_ignore_ascii_case("special") => Some(Self::Special),
            text if text.starts_with(['[', '(']) => Interval::parse(text).map(Self::Interval),
            text => Some(Self::Category(text.to_owned())),
        };
        cell.split("%,%").map(one).collect()
    }
}

impl Interval {
    fn parse(text: &str) -> Option<Self> {
        let has_low = text.starts_with('[');
        let has_high = text.ends_with(']');
        let inner = text.strip_prefix(['[', '('])?.strip_suffix([']', ')'])?;
        let (low, high) = inner.split_once(',')?;
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let (low, high) = (number(low)?, number(high)?);
        let is_one = low < high || (low == high && has_low && has_high);
        is_one.then_some(Self {
            low,
            high,
            has_low,
            has_high,
        })
    }
}

/// The texts of a printed array such as `['a' 'b']`; nothing if it isn't one, and no list if not all are there.
fn printed(cell: &str) -> Option<Option<Vec<String>>> {
    let start = cell.find("['")?;
    let is_array = start == 0 || cell.trim_start().starts_with('<');
    let end = cell
        .rfind("']")
        .filter(|end| is_array && *end > start + 1)?;
    let inner = &cell[start + 2..end];
    let mut texts = Vec::new();
    let mut rest = inner;
    // Quotes in texts are printed as they are, so only those with nothing but a space or a comma between them end a text.
    while let Some((text, after)) = next(rest) {
        texts.push(text.to_owned());
        rest = after;
    }
    texts.push(rest.to_owned());
    let is_whole = !inner.contains("' ...") && !inner.contains("\n ...");
    Some(is_whole.then_some(texts))
}

/// The text before the first quote that ends one, and what follows the quote that begins the next.
fn next(rest: &str) -> Option<(&str, &str)> {
    rest.match_indices('\'').find_map(|(end, _)| {
        let after = &rest[end + 1..];
        let between = after.trim_start_matches([' ', ',', '\n', '\r']);
        let is_end = between.len() < after.len() && between.starts_with('\'');
        is_end.then(|| (&rest[..end], &between[1..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_say_which_values_they_are_for() {
        let categories = |texts: &[&str]| {
            let texts = texts.iter().map(|text| Bin::Category((*text).to_owned()));
            Some(texts.collect::<Vec<_>>())
        };
        for (cell, texts) in [
            ("['a' 'b, x' 'c's']", &["a", "b, x", "c's"][..]),
            (
                "<StringArray>\n['a', 'b']\nLength: 2, dtype: str",
                &["a", "b"],
            ),
            ("a%,%b", &["a", "b"]),
            ("it's ['x']", &["it's ['x']"]),
        ] {
            assert_eq!(Bin::all(cell), categories(texts), "{cell}");
        }
        let interval = |low, high, has_low, has_high| {
            let interval = Interval {
                low,
                high,
                has_low,
                has_high,
            };
            Some(vec![Bin::Interval(interval)])
        };
        assert_eq!(
            Bin::all("[-Inf,2.5)"),
            interval(f64::NEG_INFINITY, 2.5, true, false)
        );
        assert_eq!(
            Bin::all("(2, inf]"),
            interval(2.0, f64::INFINITY, false, true)
        );
        assert_eq!(Bin::all("Missing"), Some(vec![Bin::Missing]));
        assert_eq!(Bin::all("Special"), Some(vec![Bin::Special]));
        for cell in ["", "[1, 2", "[2, 1)", "[1, 1)", "[a, b)", "['a' ... 'z']"] {
            assert_eq!(Bin::all(cell), None, "{cell}");
        }
    }
}
