//! How a table is written, found out from its beginning: what separates its columns, which lines
//! come before the header, and how each column's numbers are written.

use csv::{ByteRecord, ReaderBuilder};

use super::number::{Decimal, Format, Written};
use super::unnamed::is_row_number;

/// What may separate columns; of those that fit equally well, the first.
const SEPARATORS: [(u8, &str); 4] = [
    (b',', "commas"),
    (b';', "semicolons"),
    (b'\t', "tabs"),
    (b'|', "vertical bars"),
];

/// What separates the columns, and what comes before the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) separator: u8,
    /// Bytes of what comes before the header, and how many lines that are.
    pub(super) skipped: usize,
    pub(super) skipped_lines: u64,
    /// Lines of comments among them.
    pub(super) comments: u64,
}

/// A table isn't written in a way that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// `sep=` names something else.
    OtherSeparator,
    /// Two separators fit equally well.
    Undecided(&'static str, &'static str),
    /// The columns are separated by spaces.
    Spaces,
}

impl Layout {
    /// A table as programs write it.
    pub(super) const PLAIN: Self = Self {
        separator: b',',
        skipped: 0,
        skipped_lines: 0,
        comments: 0,
    };

    /// Finds it out from the beginning of a text whose lines end with line feeds.
    pub(super) fn of(sample: &[u8], is_whole: bool) -> Result<Self, Problem> {
        let mut layout = Self::PLAIN;
        let named = sep_line(sample)?;
        if let Some((separator, bytes)) = named {
            layout = Self {
                separator,
                skipped: bytes,
                skipped_lines: 1,
                comments: 0,
            };
        }
        let text = &sample[layout.skipped..];
        let (comments, lines, marked) = comments(text);
        let candidates = SEPARATORS.iter().filter(|(separator, _)| match named {
            Some((named, _)) => named == *separator,
            None => true,
        });
        let table = &text[comments..];
        let fits: Vec<(Fit, u8, &'static str)> = candidates
            .map(|&(separator, name)| (Fit::of(table, separator, is_whole), separator, name))
            .collect();
        let best = fits.iter().map(|(fit, ..)| *fit).max();
        let mut best = fits.iter().filter(|(fit, ..)| Some(*fit) == best);
        let chosen = best.next().copied();
        if let Some((fit, separator, name)) = chosen {
            match best.next() {
                Some((_, _, other)) if fit.columns > 1 => {
                    return Err(Problem::Undecided(name, other));
                }
                _ => {}
            }
            if fit.columns < 2 && named.is_none() && is_spaced(table, is_whole) {
                return Err(Problem::Spaces);
            }
            layout.separator = separator;
        }
        // A line with as many cells as the table is its header, whatever it begins with.
        let columns = chosen.map_or(1, |(fit, ..)| fit.columns);
        let is_header = |line: &[u8]| columns < 2 || cells(line, layout.separator) == columns;
        if marked > 0 && !text[..comments].split(|&byte| byte == b'\n').any(is_header) {
            layout.skipped += comments;
            layout.skipped_lines += lines;
            layout.comments = marked;
        }
        Ok(layout)
    }

    /// The separator's name, unless it is the usual one.
    pub(super) fn unusual_separator(self) -> Option<&'static str> {
        let is_it = |(separator, _): &&(u8, &str)| *separator == self.separator;
        let (_, name) = SEPARATORS.iter().skip(1).find(is_it)?;
        Some(name)
    }
}

/// How well a separator fits: it makes rows as long as the header, and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    /// Whether there are several columns, and all rows have them.
    is_even: bool,
    columns: usize,
}

impl Fit {
    fn of(sample: &[u8], separator: u8, is_whole: bool) -> Self {
        let mut rows = rows(sample, separator, is_whole);
        let columns = rows.next().map_or(0, |header| filled(&header));
        let is_even = |row: ByteRecord| row.len() >= columns && filled(&row) <= columns;
        Self {
            is_even: columns > 1 && rows.all(is_even),
            columns,
        }
    }
}

/// The number of cells up to the last that isn't empty.
fn filled(row: &ByteRecord) -> usize {
    let is_filled = |cell: &[u8]| !cell.trim_ascii().is_empty();
    row.iter().rposition(is_filled).map_or(0, |place| place + 1)
}

/// The complete rows of a sample.
pub(super) fn rows(
    sample: &[u8],
    separator: u8,
    is_whole: bool,
) -> impl Iterator<Item = ByteRecord> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(sample);
    let end = sample.len() as u64;
    std::iter::from_fn(move || {
        let mut row = ByteRecord::new();
        let has_one = reader.read_byte_record(&mut row).unwrap_or(false);
        let is_complete = is_whole || reader.position().byte() < end;
        (has_one && is_complete).then_some(row)
    })
}

/// The separator that a first line such as `sep=;` names, and that line's length.
fn sep_line(sample: &[u8]) -> Result<Option<(u8, usize)>, Problem> {
    let end = sample.iter().position(|&byte| byte == b'\n');
    let line = sample[..end.unwrap_or(sample.len())].trim_ascii_end();
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let line = line.strip_suffix(b"\"").unwrap_or(line);
    let (Some(b"sep="), Some(named)) = (
        line.get(..4).map(<[u8]>::to_ascii_lowercase).as_deref(),
        line.get(4..),
    ) else {
        return Ok(None);
    };
    // A tab at the end of the line was trimmed.
    let separator = match named {
        [] => b'\t',
        [separator] => *separator,
        _ => return Err(Problem::OtherSeparator),
    };
    match SEPARATORS.iter().any(|(known, _)| *known == separator) {
        true => Ok(Some((separator, end.map_or(sample.len(), |end| end + 1)))),
        false => Err(Problem::OtherSeparator),
    }
}

/// The bytes and lines of the blank lines and lines with `#` that a text begins with, up to the last
/// with `#`; and how many of these there are.
fn comments(text: &[u8]) -> (usize, u64, u64) {
    let (mut bytes, mut lines) = (0, 0);
    let mut found = (0, 0, 0);
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        bytes += line.len();
        lines += 1;
        match line.trim_ascii() {
            [] => {}
            [b'#', ..] => found = (bytes, lines, found.2 + 1),
            _ => break,
        }
    }
    found
}

/// The number of cells of a line.
fn cells(line: &[u8], separator: u8) -> usize {
    rows(line, separator, true)
        .next()
        .map_or(0, |row| row.len())
}

/// Whether every line has the same number of words, more than one, with spaces between.
fn is_spaced(sample: &[u8], is_whole: bool) -> bool {
    let mut lines: Vec<&[u8]> = sample.split(|&byte| byte == b'\n').collect();
    if !is_whole {
        lines.pop();
    }
    let words = |line: &&[u8]| {
        let words = line.split(|byte| matches!(byte, b' ' | b'\t'));
        words.filter(|word| !word.is_empty()).count()
    };
    let mut counts = lines.iter().map(words).filter(|&count| count > 0);
    let first = counts.next().unwrap_or(0);
    let mut rest = counts.peekable();
    first > 1 && rest.peek().is_some() && rest.all(|count| count == first)
}

/// What a column of the sample shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) format: Format,
    /// Whether its cells count the rows.
    pub(super) counts_rows: bool,
    /// Whether commas in its numbers were taken for marks between thousands.
    pub(super) has_thousands: bool,
}

/// What is seen in a column, cell by cell.
#[derive(Clone, Debug, Default)]
struct Seen {
    cells: usize,
    numbers: usize,
    /// Numbers that must have a point, and a comma, as decimal mark.
    points: usize,
    commas: usize,
    /// Whether a number with a comma is another one with each mark, and one with a point.
    ambiguous_comma: bool,
    ambiguous_point: bool,
    /// Whether a number has a comma.
    has_comma: bool,
    percent: bool,
    currency: Option<char>,
    counts_rows: bool,
    last: Option<f64>,
}

impl Seen {
    fn add(&mut self, cell: &str) {
        if cell.is_empty() {
            self.counts_rows = false;
            return;
        }
        self.cells += 1;
        self.counts_rows = match (self.cells, is_row_number(cell), self.last) {
            (1, Some(_), None) => true,
            (_, Some(number), Some(last)) => self.counts_rows && number == last + 1.0,
            _ => false,
        };
        self.last = is_row_number(cell);
        let Some(written) = Written::of(cell) else {
            return;
        };
        self.numbers += 1;
        match written.shows() {
            Some(Decimal::Point) => self.points += 1,
            Some(Decimal::Comma) => self.commas += 1,
            None => {}
        }
        self.ambiguous_comma |= written.is_ambiguous() && written.has_comma;
        self.ambiguous_point |= written.is_ambiguous() && !written.has_comma;
        self.has_comma |= written.has_comma;
        self.percent |= written.percent;
        self.currency = self.currency.or(written.currency);
    }

    /// The decimal mark that the column itself shows; none if it shows none or both.
    fn decimal(&self) -> Option<Decimal> {
        match (self.points, self.commas) {
            (0, 0) => None,
            (points, commas) if points == commas => None,
            (points, commas) => Some(match points > commas {
                true => Decimal::Point,
                false => Decimal::Comma,
            }),
        }
    }

    fn is_numbers(&self) -> bool {
        self.numbers * 2 > self.cells
    }
}

/// What the columns of a sample's rows show; `decimal` is their decimal mark, if it is given.
pub(super) fn columns(
    rows: impl Iterator<Item = ByteRecord>,
    count: usize,
    separator: u8,
    decimal: Option<Decimal>,
) -> Vec<Shown> {
    let mut seen = vec![Seen::default(); count];
    let mut sampled = 0;
    for row in rows {
        sampled += 1;
        for (place, seen) in seen.iter_mut().enumerate() {
            let cell = row.get(place).unwrap_or_default();
            let cell = std::str::from_utf8(cell).unwrap_or_default();
            seen.add(cell.trim_matches([' ', '\t']));
        }
    }
    let shows = |decimal: Decimal| {
        let numbers = seen.iter().filter(|seen| seen.is_numbers());
        numbers
            .into_iter()
            .any(|seen| seen.decimal() == Some(decimal))
    };
    // What a column that shows none has: what the others show. Commas within cells of a file with
    // commas between columns needed quotes, as thousands have them and decimal marks have not.
    let elsewhere = match (separator, shows(Decimal::Point), shows(Decimal::Comma)) {
        (b',', false, true) => None,
        (b',', _, _) => Some(Decimal::Point),
        (_, true, false) => Some(Decimal::Point),
        (_, false, true) => Some(Decimal::Comma),
        (_, _, _) => None,
    };
    let shown = seen.iter().map(|seen| {
        let is_mixed = seen.points > 0 && seen.commas > 0;
        let unclear = seen.ambiguous_comma && (seen.ambiguous_point || is_mixed);
        let own = match (seen.points, seen.commas) {
            (0, 0) if unclear => None,
            (0, 0) => elsewhere,
            _ if unclear => None,
            // As many of each: those with a comma are refused.
            _ => Some(seen.decimal().unwrap_or(Decimal::Point)),
        };
        let format = Format {
            decimal: decimal.or(own),
            percent: seen.percent && seen.is_numbers(),
            currency: seen.currency,
        };
        Shown {
            has_thousands: seen.is_numbers()
                && seen.has_comma
                && format.decimal == Some(Decimal::Point),
            counts_rows: seen.counts_rows && sampled == seen.cells && sampled > 2,
            format,
        }
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(text: &str) -> Result<Layout, Problem> {
        Layout::of(text.as_bytes(), true)
    }

    #[test]
    fn separators_are_found() {
        for (text, expected) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2,5\n", b';'),
            ("a\tb\n1\t2\n", b'\t'),
            ("a|b\n1|2\n", b'|'),
            ("a,notes\n1,x;y\n", b','),
            ("a;price, EUR\n1;2\n", b';'),
            ("sep=;\na;b\n1;2\n", b';'),
            ("\"sep=|\"\na|b\n1|2\n", b'|'),
            ("a\n1\n2\n", b','),
            ("a,b,\n1,2\n", b','),
            ("a,b\n1,2,\n", b','),
            ("a;\"b;c\"\n1;\"2;3\"\n", b';'),
            ("", b','),
        ] {
            assert_eq!(
                layout(text).map(|layout| layout.separator),
                Ok(expected),
                "{text}"
            );
        }
        assert_eq!(layout("sep=:\na:b\n"), Err(Problem::OtherSeparator));
        assert_eq!(layout("a b c\n1 2 3\n"), Err(Problem::Spaces));
        assert_eq!(
            layout("a,b;c\n1,2;3\n"),
            Err(Problem::Undecided("commas", "semicolons"))
        );
    }

    #[test]
    fn comments_are_left_out_unless_they_are_the_header() {
        for (text, skipped, comments) in [
            ("# exported\na,b\n1,2\n", 11, 1),
            ("sep=,\n\n# x\n\n#y\na,b\n", 15, 2),
            ("#id,age\n1,2\n", 0, 0),
            ("#id\n1\n", 0, 0),
            ("# one, two\n1,2\n", 0, 0),
        ] {
            let layout = layout(text).unwrap();
            assert_eq!(
                (layout.skipped, layout.comments),
                (skipped, comments),
                "{text}"
            );
        }
    }
}
