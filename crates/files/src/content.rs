//! The bytes of a file of records, and what kind of file it is.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::error::ReadError;
use crate::limits::MAX_FILE_BYTES;

/// A path that means standard input.
pub const STANDARD_INPUT: &str = "-";

/// A file that is open at its start.
pub(crate) struct Content {
    /// Its name, for messages.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) bytes: Bytes,
}

/// Where the bytes come from.
pub(crate) enum Bytes {
    /// A file or a pipe, and its size.
    File(BufReader<File>, u64),
    /// A gzipped file, decompressed while it is read.
    Gzip(Box<dyn BufRead + Send>, File),
    /// Standard input.
    Stdin(Box<dyn BufRead + Send>),
}

/// The size that a file had when it was opened.
#[derive(Debug)]
pub(crate) struct Size(File, u64);

impl Size {
    /// The size of a file; none of a pipe.
    fn of(file: &File) -> io::Result<Option<Self>> {
        let metadata = file.metadata()?;
        match metadata.is_file() {
            true => Ok(Some(Self(file.try_clone()?, metadata.len()))),
            false => Ok(None),
        }
    }

    /// Whether the file still has it: one that is being written may end within a number.
    pub(crate) fn is_same(&self) -> io::Result<bool> {
        Ok(self.0.metadata()?.len() == self.1)
    }
}

impl Bytes {
    /// The bytes one after another, and the size to be checked at their end.
    pub(crate) fn stream(self) -> io::Result<(Box<dyn BufRead + Send>, Option<Size>)> {
        match self {
            Self::File(file, _) => {
                let size = Size::of(file.get_ref())?;
                Ok((Box::new(file), size))
            }
            Self::Gzip(bytes, file) => Ok((bytes, Size::of(&file)?)),
            Self::Stdin(bytes) => Ok((bytes, None)),
        }
    }
}

impl Content {
    /// Opens a file, or standard input if the path is `-`.
    pub(crate) fn open(path: &Path) -> Result<Self, ReadError> {
        if path == Path::new(STANDARD_INPUT) {
            let name = "standard input".to_owned();
            let mut bytes = BufReader::new(io::stdin());
            let start = bytes.fill_buf();
            let kind = Kind::of(start.map_err(|source| ReadError::io(&name, source))?);
            return Ok(Self {
                name,
                kind,
                bytes: Bytes::Stdin(Box::new(bytes)),
            });
        }
        let name = path.display().to_string();
        let failed = |source| ReadError::io(&name, source);
        let file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        if size > MAX_FILE_BYTES {
            return Err(ReadError::FileTooLarge {
                file: name,
                bytes: size,
            });
        }
        let mut file = BufReader::new(file);
        let kind = Kind::of(file.fill_buf().map_err(failed)?);
        if !matches!(kind, Kind::Gzip) {
            let bytes = Bytes::File(file, size);
            return Ok(Self { name, kind, bytes });
        }
        let handle = file.get_ref().try_clone().map_err(failed)?;
        let mut inside = BufReader::new(MultiGzDecoder::new(file));
        let kind = Kind::of(inside.fill_buf().map_err(failed)?);
        Ok(Self {
            name,
            kind,
            bytes: Bytes::Gzip(Box::new(inside), handle),
        })
    }

    /// The file itself, for formats that are read from files alone, and its size.
    pub(crate) fn file(self) -> Result<(BufReader<File>, u64), ReadError> {
        match self.bytes {
            Bytes::File(file, size) => Ok((file, size)),
            Bytes::Gzip(..) | Bytes::Stdin(_) => Err(ReadError::FilesOnly { file: self.name }),
        }
    }
}

/// What a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Empty,
    Png,
    Npy,
    Idx,
    /// Text with columns, unless it turns out to be none.
    Csv,
    Gzip,
    Parquet,
    Arrow,
    /// Arrow's messages without an index.
    ArrowStream,
    /// A workbook with sheets: Excel's or OpenDocument's.
    Workbook,
    /// A format that isn't read: what it is, and what to do.
    Other(&'static str, &'static str),
}

const AS_PNG: &str = "save it as PNG";
const AS_CSV: &str = "save the table as CSV";
const UNPACK: &str = "unpack it first";

/// The first bytes of formats that aren't read.
const OTHERS: [(&[u8], &str, &str); 28] = [
    (b"\xff\xd8\xff", "a JPEG picture", AS_PNG),
    (b"GIF8", "a GIF picture", AS_PNG),
    (b"II*\0", "a TIFF picture", AS_PNG),
    (b"MM\0*", "a TIFF picture", AS_PNG),
    (b"%PDF", "a PDF document", AS_CSV),
    (b"{\\rtf", "a document in RTF", AS_CSV),
    (b"<?xml", "XML", AS_CSV),
    (b"<!DOCTYPE", "a web page", AS_CSV),
    (b"<!doctype", "a web page", AS_CSV),
    (b"<html", "a web page", AS_CSV),
    (b"<svg", "an SVG drawing", AS_PNG),
    (b"{\"", "JSON", AS_CSV),
    (b"{\n", "JSON", AS_CSV),
    (b"[{", "JSON", AS_CSV),
    (b"{ ", "JSON", AS_CSV),
    (b"[\n", "JSON", AS_CSV),
    (
        b"\x89HDF",
        "an HDF5 file",
        "save the table as CSV or Parquet",
    ),
    (b"SQLite format 3\0", "an SQLite database", AS_CSV),
    (b"$FL2", "an SPSS file", AS_CSV),
    (b"<stata_dta>", "a Stata file", AS_CSV),
    (
        b"\x80\x04\x95",
        "a pickle of Python, which is a program",
        "save the table as CSV or Parquet",
    ),
    (b"BZh91AY", "compressed with bzip2", UNPACK),
    (b"\xfd7zXZ\0", "compressed with xz", UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard", UNPACK),
    (b"7z\xbc\xaf", "a 7-Zip archive", UNPACK),
    (b"RDX3\n", "a file of R", AS_CSV),
    (
        b"Obj\x01",
        "an Avro file",
        "save the table as Parquet or CSV",
    ),
    (b"PK\x05\x06", "an empty ZIP archive", AS_CSV),
];

/// The same of formats whose first bytes a header could begin with, such as `PARENT`: they are these
/// formats if there is a byte among the first that no text has.
const BINARY: [(&[u8], Kind); 5] = [
    (b"PAR1", Kind::Parquet),
    (b"ARROW1", Kind::Arrow),
    (
        b"PARE",
        Kind::Other("an encrypted Parquet file", "write it without encryption"),
    ),
    (
        b"FEA1",
        Kind::Other(
            "a Feather file of version 1",
            "write it as version 2, Parquet or CSV",
        ),
    ),
    (
        b"ORC",
        Kind::Other("an ORC file", "save the table as Parquet or CSV"),
    ),
];

/// What the beginning of ZIP archives says that have a format of their own; the first that is there
/// decides.
const ZIPPED: [(&[u8], Kind); 7] = [
    (b"opendocument.spreadsheet", Kind::Workbook),
    (
        b"opendocument.",
        Kind::Other("a document in OpenDocument", AS_CSV),
    ),
    (
        b".npy",
        Kind::Other("an archive of NumPy arrays", "save one array as NPY"),
    ),
    (b"word/", Kind::Other("a text document of Word", AS_CSV)),
    (b"ppt/", Kind::Other("a presentation", AS_CSV)),
    (b"xl/", Kind::Workbook),
    (b"[Content_Types].xml", Kind::Workbook),
];

impl Kind {
    fn of(start: &[u8]) -> Self {
        let is = |magic: &[u8]| start.starts_with(magic);
        let is_control = |byte: &u8| *byte < b' ' && !b"\t\n\r\x0c".contains(byte);
        let is_binary = start.iter().take(64).any(is_control);
        let has = |part: &[u8]| start.windows(part.len()).any(|window| window == part);
        if start.is_empty() {
            Self::Empty
        } else if is(b"\x89PNG") {
            Self::Png
        } else if is(b"\x93NUMPY") {
            Self::Npy
        } else if is(b"\x1f\x8b") {
            Self::Gzip
        } else if is(b"\0") && start.get(4..8) == Some(b"ftyp") {
            Self::Other("a HEIC or AVIF picture, or a film", AS_PNG)
        } else if is(&[0; 12]) && start.get(12..16) == Some(b"\xc2\xea\x81\x60") {
            Self::Other("a SAS file", AS_CSV)
        } else if is(b"\0\0") {
            Self::Idx
        } else if let Some((_, kind)) = BINARY.iter().find(|(magic, _)| is_binary && is(magic)) {
            *kind
        } else if is(b"\xff\xff\xff\xff") {
            Self::ArrowStream
        } else if is(b"\xd0\xcf\x11\xe0") {
            Self::Workbook
        } else if is(b"PK\x03\x04") {
            let own = ZIPPED.iter().find(|(part, _)| has(part));
            own.map_or(Self::Other("a ZIP archive", UNPACK), |(_, kind)| *kind)
        } else if is(b"RIFF") && start.get(8..12) == Some(b"WEBP") {
            Self::Other("a WebP picture", AS_PNG)
        } else if is(b"BM") && start.get(6..10) == Some(&[0; 4]) {
            Self::Other("a BMP picture", AS_PNG)
        } else {
            let other = OTHERS.iter().find(|(magic, ..)| is(magic));
            other.map_or(Self::Csv, |&(_, what, advice)| Self::Other(what, advice))
        }
    }
}
