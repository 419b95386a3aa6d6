//! Rows of other formats as CSV, made while they are read.

use std::io::{self, Read};

use crate::ReadError;

/// The bytes of chunks one after another.
pub(crate) struct Rendered<I> {
    chunks: I,
    chunk: Vec<u8>,
    read: usize,
}

impl<I> Rendered<I> {
    pub(crate) fn new(chunks: I) -> Self {
        Self {
            chunks,
            chunk: Vec::new(),
            read: 0,
        }
    }
}

impl<I: Iterator<Item = Result<Vec<u8>, ReadError>>> Read for Rendered<I> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.read == self.chunk.len() {
            match self.chunks.next() {
                Some(chunk) => (self.chunk, self.read) = (chunk.map_err(io::Error::other)?, 0),
                None => return Ok(0),
            }
        }
        let mut rest = &self.chunk[self.read..];
        let read = rest.read(out)?;
        self.read += read;
        Ok(read)
    }
}

/// What went wrong while a file was read: our own error where one has come through the reader.
pub(crate) fn error_of(file: &str, error: io::Error) -> ReadError {
    match error.downcast::<ReadError>() {
        Ok(own) => own,
        Err(error) => ReadError::io(file, error),
    }
}

/// A row as a line of CSV.
pub(crate) fn csv_line<'a>(cells: impl Iterator<Item = &'a str>) -> io::Result<Vec<u8>> {
    let mut line = csv::Writer::from_writer(Vec::new());
    line.write_record(cells).map_err(io::Error::from)?;
    line.into_inner().map_err(|error| error.into_error())
}
