//! The rows of a table, one at a time, whatever its size, with the lines they begin in.

use std::collections::HashSet;
use std::io::{self, Chain, Cursor, Read};

use csv::ByteRecord;

use super::dialect::{self, Layout, Problem, Shown};
use super::lines::{LineFeeds, MAX_ROW_BYTES, Watched};
use super::number::{Format, Unreadable, number};
use super::reading::Reading;
use super::said::{Said, written_in};
use super::text::Text;
use super::unnamed::{is_unnamed, names_row_numbers};
use crate::ReadError;
use crate::content::{Content, Size};
use crate::rendered::error_of;

/// How much of a text is looked at to find out how it is written, in bytes.
const SAMPLE: u64 = 1 << 20;
/// Longest cell shown in a message, in characters.
const SHOWN: usize = 40;

type Bytes = Watched<Chain<Cursor<Vec<u8>>, LineFeeds>>;

/// The rows of an open table, after its header.
pub struct Rows {
    name: String,
    reader: csv::Reader<Bytes>,
    /// The file's size when it was opened, unless it is a pipe.
    size: Option<Size>,
    /// Lines before the header that the parser hasn't seen.
    skipped_lines: u64,
    header: Vec<String>,
    /// Cells after the header's that may be there without a name.
    unnamed_end: usize,
    shown: Vec<Shown>,
    said: Vec<Said>,
    record: ByteRecord,
    /// For rows of other formats.
    rendered: Option<Rendered>,
}

/// What is known of rows that another format's were turned into.
#[cfg_attr(
    not(any(feature = "excel", feature = "parquet")),
    allow(dead_code, reason = "there is no other format")
)]
struct Rendered {
    /// What the cells of each column hold that are no cells of a table.
    nested: Vec<Option<&'static str>>,
    /// Line breaks within cells so far: they begin no row of the format's.
    breaks: u64,
}

/// A row with at least as many cells as the header.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// Where it begins, from 1, the header included.
    line: u64,
    rows: &'a Rows,
}

impl Rows {
    /// Finds out how a table is written, and reads its header.
    pub(crate) fn open(content: Content, reading: &Reading) -> Result<Self, ReadError> {
        let name = content.name.clone();
        let failed = |source| ReadError::io(&name, source);
        let (bytes, size) = content.bytes.stream().map_err(failed)?;
        let text = Text::of(&name, bytes, reading.encoding)?;
        let mut said = Vec::new();
        said.extend(written_in(text.encoding, text.is_guess));
        let mut lines = LineFeeds::new(text.reader);
        let mut sample = Vec::new();
        let read = lines.by_ref().take(SAMPLE).read_to_end(&mut sample);
        read.map_err(failed)?;
        let is_whole = (sample.len() as u64) < SAMPLE;
        let layout = Layout::of(&sample, is_whole).map_err(|problem| separator(&name, problem))?;
        said.extend(layout.unusual_separator().map(Said::Separator));
        if layout.comments > 0 {
            said.push(Said::Comments(layout.comments));
        }
        Self::begin(name, size, lines, (sample, is_whole), layout, reading, said)
    }

    /// Reads the rows of another format that were turned into CSV, line by line. The columns named
    /// in `nested` hold what is no cell of a table.
    #[cfg(any(feature = "excel", feature = "parquet"))]
    pub(crate) fn rendered(
        name: &str,
        csv: Box<dyn Read + Send>,
        nested: Vec<Option<&'static str>>,
    ) -> Result<Self, ReadError> {
        let mut lines = LineFeeds::new(csv);
        let mut sample = Vec::new();
        let read = lines.by_ref().take(SAMPLE).read_to_end(&mut sample);
        read.map_err(|error| error_of(name, error))?;
        let is_whole = (sample.len() as u64) < SAMPLE;
        let reading = Reading {
            decimal: Some(super::Decimal::Point),
            ..Reading::default()
        };
        let (sample, layout) = ((sample, is_whole), Layout::PLAIN);
        let name = name.to_owned();
        let mut rows = Self::begin(name, None, lines, sample, layout, &reading, Vec::new())?;
        rows.rendered = Some(Rendered { nested, breaks: 0 });
        Ok(rows)
    }

    fn begin(
        name: String,
        size: Option<Size>,
        rest: LineFeeds,
        (sample, is_whole): (Vec<u8>, bool),
        layout: Layout,
        reading: &Reading,
        said: Vec<Said>,
    ) -> Result<Self, ReadError> {
        let separator = layout.separator;
        let mut sampled = dialect::rows(&sample[layout.skipped..], separator, is_whole);
        let count = sampled.next().map_or(0, |header| header.len());
        let shown = dialect::columns(sampled, count, separator, reading.decimal);
        let mut bytes = Cursor::new(sample);
        bytes.set_position(layout.skipped as u64);
        let mut builder = csv::ReaderBuilder::new();
        builder
            .has_headers(false)
            .flexible(true)
            .delimiter(separator);
        let mut rows = Self {
            name,
            reader: builder.from_reader(Watched::new(bytes.chain(rest), separator)),
            size,
            skipped_lines: layout.skipped_lines,
            header: Vec::new(),
            unnamed_end: 0,
            shown,
            said,
            record: ByteRecord::new(),
            rendered: None,
        };
        let Some(line) = rows.advance()? else {
            return Err(ReadError::Empty { file: rows.name });
        };
        let row = Row { line, rows: &rows };
        let titles = (0..rows.record.len()).map(|place| Ok(row.cell(place)?.to_owned()));
        let mut titles = titles.collect::<Result<Vec<String>, ReadError>>()?;
        rows.unnamed_end = titles.len();
        while titles.len() > 1 && titles.last().is_some_and(String::is_empty) {
            titles.pop();
        }
        rows.check_titles(&titles)?;
        rows.header = titles;
        rows.say_what_was_found();
        Ok(rows)
    }

    fn check_titles(&self, titles: &[String]) -> Result<(), ReadError> {
        let header = |problem: String| ReadError::Header {
            file: self.name.clone(),
            problem,
        };
        if titles.iter().all(|title| number(title).is_some()) {
            return Err(header(
                "is missing: the first line is all numbers; it must name the columns".to_owned(),
            ));
        }
        let mut seen = HashSet::new();
        let named = titles.iter().filter(|title| !title.is_empty());
        match named.into_iter().find(|&title| !seen.insert(title)) {
            Some(title) => Err(header(format!("has the column {title:?} twice"))),
            None => Ok(()),
        }
    }

    fn say_what_was_found(&mut self) {
        let of = |fits: &dyn Fn(&Shown) -> bool| -> Vec<String> {
            let columns = self.header.iter().zip(&self.shown);
            let columns = columns.filter(|(_, shown)| fits(shown));
            columns.map(|(title, _)| title.clone()).collect()
        };
        let commas = of(&|shown| shown.format.decimal == Some(super::Decimal::Comma));
        let thousands = of(&|shown| shown.has_thousands);
        let percent = of(&|shown| shown.format.percent);
        let mut said = Vec::new();
        if !commas.is_empty() {
            said.push(Said::DecimalCommas);
        }
        if !thousands.is_empty() {
            said.push(Said::Thousands(thousands));
        }
        if !percent.is_empty() {
            said.push(Said::Percent(percent));
        }
        self.said.extend(said);
    }

    /// The table's name, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns' names.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// How the numbers of a column are written.
    pub fn format(&self, place: usize) -> Format {
        self.shown
            .get(place)
            .map_or(Format::PLAIN, |shown| shown.format)
    }

    /// Whether a column says nothing about a record: it has no name, or counts the rows under a name
    /// that is usual for that. Of a large table only the beginning is looked at.
    pub fn is_row_number(&self, place: usize) -> bool {
        let Some(title) = self.header.get(place) else {
            return true;
        };
        let counts = self.shown.get(place).is_some_and(|shown| shown.counts_rows);
        is_unnamed(title) || (counts && names_row_numbers(title))
    }

    /// The same rows, with something else to say about their file.
    #[cfg(feature = "excel")]
    pub(crate) fn with_said(mut self, said: Said) -> Self {
        self.said.insert(0, said);
        self
    }

    /// What was found out about the table that isn't usual.
    pub fn said(&self) -> &[Said] {
        &self.said
    }

    /// The next row; none at the end.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, ReadError> {
        let Some(line) = self.advance()? else {
            return self.check_size().map(|()| None);
        };
        let (found, expected) = (self.record.len(), self.header.len());
        let bytes = self.reader.position().byte();
        if self.reader.get_ref().ends_in_quotes(bytes) {
            return Err(ReadError::OpenQuote {
                file: self.name.clone(),
                // The line feed at its end is within the quotes.
                line: line + 1,
            });
        }
        let is_filled = |cell: &[u8]| !cell.trim_ascii().is_empty();
        let beyond = self.record.iter().skip(self.unnamed_end).any(is_filled);
        if found < expected || beyond {
            return Err(ReadError::RowLength {
                file: self.name.clone(),
                line,
                found,
                expected,
            });
        }
        Ok(Some(Row { line, rows: self }))
    }

    /// Reads a record and returns the line it begins in.
    fn advance(&mut self) -> Result<Option<u64>, ReadError> {
        self.reader.get_mut().begin_row();
        let line = self.skipped_lines + self.reader.position().line();
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                // Blank lines before it are skipped, and its own end is read.
                let inside = self.record.as_slice().iter().filter(|&&byte| byte == b'\n');
                let inside = inside.count() as u64;
                let after = self.skipped_lines + self.reader.position().line();
                let breaks = match &mut self.rendered {
                    Some(rendered) => {
                        rendered.breaks += inside;
                        rendered.breaks
                    }
                    None => inside,
                };
                Ok(Some(after.saturating_sub(1 + breaks)))
            }
            Err(_) if self.reader.get_ref().is_exhausted() => Err(ReadError::RowTooLong {
                file: self.name.clone(),
                line,
                limit: MAX_ROW_BYTES,
            }),
            Err(error) => Err(match error.into_kind() {
                csv::ErrorKind::Io(error) => error_of(&self.name, error),
                // The parser takes rows of any length and any bytes.
                other => ReadError::io(&self.name, io::Error::other(format!("{other:?}"))),
            }),
        }
    }

    fn check_size(&self) -> Result<(), ReadError> {
        let is_same = self.size.as_ref().map_or(Ok(true), Size::is_same);
        match is_same.map_err(|source| ReadError::io(&self.name, source))? {
            true => Ok(()),
            false => Err(ReadError::Changed {
                file: self.name.clone(),
            }),
        }
    }
}

fn separator(name: &str, problem: Problem) -> ReadError {
    let problem = match problem {
        Problem::OtherSeparator => {
            "the first line names a separator other than a comma, a semicolon, a tab or a vertical \
             bar"
            .to_owned()
        }
        Problem::Undecided(one, other) => format!(
            "the columns may be separated by {one} or by {other}; say which in a first line sep=, or \
             sep=;"
        ),
        Problem::Spaces => {
            "the columns are separated by spaces; save the table with commas or tabs \
                            between columns"
                .to_owned()
        }
    };
    ReadError::Separator {
        file: name.to_owned(),
        problem,
    }
}

impl<'a> Row<'a> {
    /// The line it begins in, from 1, the header included.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// A cell without the spaces and tabs around it.
    pub fn cell(&self, place: usize) -> Result<&'a str, ReadError> {
        let rendered = self.rows.rendered.as_ref();
        if let Some(&Some(what)) = rendered.and_then(|rendered| rendered.nested.get(place)) {
            return Err(ReadError::Nested {
                file: self.rows.name.clone(),
                column: self.column(place),
                what,
            });
        }
        let bytes = self.rows.record.get(place).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| ReadError::NotUtf8 {
            file: self.rows.name.clone(),
            line: self.line,
            column: self.column(place),
        })?;
        Ok(text.trim_matches([' ', '\t']))
    }

    /// The number in a cell, written as its column's numbers are.
    pub(crate) fn number(&self, place: usize) -> Result<f64, ReadError> {
        let read = self.rows.format(place).read(self.cell(place)?);
        read.map_err(|fault| self.not_a_number(place, fault))
    }

    pub(crate) fn missing(&self, place: usize) -> ReadError {
        ReadError::MissingCell {
            file: self.rows.name.clone(),
            line: self.line,
            column: self.column(place),
            found: self.shown(place),
        }
    }

    fn not_a_number(&self, place: usize, fault: Unreadable) -> ReadError {
        ReadError::NotANumber {
            file: self.rows.name.clone(),
            line: self.line,
            column: self.column(place),
            found: self.shown(place),
            fault,
        }
    }

    pub(crate) fn unknown_category(&self, place: usize, known: String) -> ReadError {
        ReadError::UnknownCategory {
            file: self.rows.name.clone(),
            line: self.line,
            column: self.column(place),
            found: self.shown(place),
            known,
        }
    }

    /// The column's name, or, in the header itself, its number.
    fn column(&self, place: usize) -> String {
        let title = self.rows.header.get(place).cloned();
        title.unwrap_or_else(|| format!("number {}", place + 1))
    }

    fn shown(&self, place: usize) -> String {
        self.cell(place)
            .unwrap_or_default()
            .chars()
            .take(SHOWN)
            .collect()
    }
}
