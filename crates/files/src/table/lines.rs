//! The bytes of a table on their way to the parser.

use std::io::{self, BufRead, BufReader, Read};

/// Longest row accepted, in bytes.
pub(super) const MAX_ROW_BYTES: usize = 16 << 20;

/// A text's bytes with every line ended by a line feed, the last one too, so that the rows' lines
/// can be counted.
pub(super) struct LineFeeds {
    text: BufReader<Box<dyn Read + Send>>,
    after_return: bool,
    last: u8,
}

impl LineFeeds {
    pub(super) fn new(text: Box<dyn Read + Send>) -> Self {
        Self {
            text: BufReader::new(text),
            after_return: false,
            last: b'\n',
        }
    }
}

impl Read for LineFeeds {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let (mut read, mut written) = (0, 0);
        while written == 0 && !out.is_empty() {
            let input = self.text.fill_buf()?;
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
            self.text.consume(read);
            read = 0;
        }
        if let Some(last) = out[..written].last() {
            self.last = *last;
        }
        Ok(written)
    }
}

/// The same bytes with a limit to rows that have no end, and with an eye on quotation marks.
pub(super) struct Watched<R> {
    bytes: R,
    separator: u8,
    state: State,
    /// How many bytes may still be read for a row.
    left: usize,
    /// How many were read.
    count: u64,
    at_end: bool,
}

/// Where in a cell the bytes so far end, as the parser of the crate `csv` sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// After a quotation mark within quotes: it ends the cell, or is doubled.
    Quote,
}

impl<R: Read> Watched<R> {
    pub(super) fn new(bytes: R, separator: u8) -> Self {
        Self {
            bytes,
            separator,
            state: State::Start,
            left: MAX_ROW_BYTES,
            count: 0,
            at_end: false,
        }
    }

    /// Begins a row.
    pub(super) fn begin_row(&mut self) {
        self.left = MAX_ROW_BYTES;
    }

    /// Whether a row was longer than any may be.
    pub(super) fn is_exhausted(&self) -> bool {
        self.left == 0
    }

    /// Whether the text has ended within quotes, and the parser has read all of it.
    pub(super) fn ends_in_quotes(&self, parsed: u64) -> bool {
        self.at_end && self.state == State::Quoted && parsed == self.count
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(out)?;
        self.at_end |= read == 0 && !out.is_empty();
        self.count += read as u64;
        for &byte in &out[..read] {
            self.state = match (self.state, byte) {
                (State::Start, b'"') | (State::Quote, b'"') => State::Quoted,
                (State::Quoted, b'"') => State::Quote,
                (State::Quoted, _) => State::Quoted,
                (State::Start | State::Plain | State::Quote, b'\n') => State::Start,
                (State::Start | State::Plain | State::Quote, byte) if byte == self.separator => {
                    State::Start
                }
                (State::Start | State::Plain | State::Quote, _) => State::Plain,
            };
        }
        match self.left.checked_sub(read) {
            Some(left) => {
                self.left = left;
                Ok(read)
            }
            None => {
                self.left = 0;
                Err(io::ErrorKind::FileTooLarge.into())
            }
        }
    }
}
