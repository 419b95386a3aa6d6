//! The rows of a CSV file, one at a time, whatever its size, with the lines they begin in.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use csv::ByteRecord;

use super::number::{has_decimal_comma, number};
use crate::ReadError;

/// Longest row accepted, in bytes.
const MAX_ROW_BYTES: usize = 16 << 20;
/// Longest cell shown in a message, in characters.
const SHOWN: usize = 40;

/// The rows of an open file, after its header.
#[derive(Debug)]
pub struct Rows {
    name: String,
    reader: csv::Reader<LineFeeds>,
    /// The file's size when it was opened, unless it is a pipe.
    bytes: Option<u64>,
    header: Vec<String>,
    record: ByteRecord,
}

/// A row with as many cells as the header.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Where it begins, from 1, the header included.
    line: u64,
    rows: &'a Rows,
}

impl Rows {
    /// Reads the header.
    pub fn open(name: &str, mut file: BufReader<File>) -> Result<Self, ReadError> {
        let failed = |source| ReadError::io(name, source);
        let header = |problem: String| ReadError::Header {
            file: name.to_owned(),
            problem,
        };
        let metadata = file.get_ref().metadata().map_err(failed)?;
        let start = file.fill_buf().map_err(failed)?;
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            return Err(ReadError::Utf16 {
                file: name.to_owned(),
            });
        }
        let mut builder = csv::ReaderBuilder::new();
        builder.has_headers(false).flexible(true);
        let mut rows = Self {
            name: name.to_owned(),
            reader: builder.from_reader(LineFeeds::new(file)),
            bytes: metadata.is_file().then_some(metadata.len()),
            header: Vec::new(),
            record: ByteRecord::new(),
        };
        let Some(line) = rows.advance()? else {
            return Err(ReadError::Empty {
                file: name.to_owned(),
            });
        };
        let row = Row { line, rows: &rows };
        let titles = (0..rows.record.len()).map(|place| Ok(row.cell(place)?.to_owned()));
        let titles = titles.collect::<Result<Vec<String>, ReadError>>()?;
        let separators = [(';', "semicolons"), ('\t', "tabs")];
        if let [title] = titles.as_slice()
            && let Some((_, separator)) = separators.iter().find(|(c, _)| title.contains(*c))
        {
            return Err(ReadError::Separator {
                file: name.to_owned(),
                separator,
            });
        }
        if titles.iter().all(|title| number(title).is_some()) {
            return Err(header(
                "is missing: the first line is all numbers; it must name the columns".to_owned(),
            ));
        }
        let mut seen = HashSet::new();
        let named = titles.iter().filter(|title| !title.is_empty());
        if let Some(title) = named.into_iter().find(|&title| !seen.insert(title)) {
            return Err(header(format!("has the column {title:?} twice")));
        }
        rows.header = titles;
        Ok(rows)
    }

    /// The columns' names.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The next row; none at the end.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, ReadError> {
        let Some(line) = self.advance()? else {
            return self.check_size().map(|()| None);
        };
        let (found, expected) = (self.record.len(), self.header.len());
        if found != expected {
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
        self.reader.get_mut().left = MAX_ROW_BYTES;
        let line = self.reader.position().line();
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                // Blank lines before it are skipped, and its own end is read.
                let inside = self.record.as_slice().iter().filter(|&&byte| byte == b'\n');
                let after = self.reader.position().line();
                Ok(Some(after.saturating_sub(1 + inside.count() as u64)))
            }
            Err(_) if self.reader.get_ref().left == 0 => Err(ReadError::RowTooLong {
                file: self.name.clone(),
                line,
                limit: MAX_ROW_BYTES,
            }),
            Err(error) => Err(ReadError::io(&self.name, error.into())),
        }
    }

    /// A file that is still being written may end within a number.
    fn check_size(&self) -> Result<(), ReadError> {
        let file = self.reader.get_ref().file.get_ref();
        let metadata = file.metadata();
        let metadata = metadata.map_err(|source| ReadError::io(&self.name, source))?;
        match self.bytes.is_none_or(|bytes| bytes == metadata.len()) {
            true => Ok(()),
            false => Err(ReadError::Changed {
                file: self.name.clone(),
            }),
        }
    }
}

impl<'a> Row<'a> {
    /// The line it begins in, from 1, the header included.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// A cell without the spaces and tabs around it.
    pub fn cell(&self, place: usize) -> Result<&'a str, ReadError> {
        let bytes = self.rows.record.get(place).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| ReadError::NotUtf8 {
            file: self.rows.name.clone(),
            line: self.line,
            column: self.column(place),
        })?;
        Ok(text.trim_matches([' ', '\t']))
    }

    pub(crate) fn missing(&self, place: usize) -> ReadError {
        ReadError::MissingCell {
            file: self.rows.name.clone(),
            line: self.line,
            column: self.column(place),
            found: self.shown(place),
        }
    }

    pub(crate) fn not_a_number(&self, place: usize) -> ReadError {
        let comma = self.cell(place).is_ok_and(has_decimal_comma);
        ReadError::NotANumber {
            file: self.rows.name.clone(),
            line: self.line,
            column: self.column(place),
            found: self.shown(place),
            hint: match comma {
                true => "; write a decimal point for the comma",
                false => "",
            },
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

/// A file's bytes with every line ended by a line feed, the last one too, so that the rows' lines
/// can be counted; and a limit to rows that have no end.
#[derive(Debug)]
struct LineFeeds {
    file: BufReader<File>,
    after_return: bool,
    last: u8,
    /// How many bytes may still be read for a row.
    left: usize,
}

impl LineFeeds {
    fn new(file: BufReader<File>) -> Self {
        Self {
            file,
            after_return: false,
            last: b'\n',
            left: MAX_ROW_BYTES,
        }
    }
}

impl Read for LineFeeds {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let (mut read, mut written) = (0, 0);
        while written == 0 && !out.is_empty() {
            let input = self.file.fill_buf()?;
            if input.is_empty() {
                if self.last == b'\n' {
                    return Ok(0);
                }
                (out[0], written) = (b'\n', 1);
            }
            while read < input.len() && written < out.len() {
                let byte = input[read];
                read += 1;
                if byte != b'\n' || !self.after_return {
                    out[written] = if byte == b'\r' { b'\n' } else { byte };
                    written += 1;
                }
                self.after_return = byte == b'\r';
            }
            self.file.consume(read);
            read = 0;
        }
        if let Some(last) = out[..written].last() {
            self.last = *last;
        }
        match self.left.checked_sub(written) {
            Some(left) => {
                self.left = left;
                Ok(written)
            }
            None => {
                self.left = 0;
                Err(io::ErrorKind::FileTooLarge.into())
            }
        }
    }
}
