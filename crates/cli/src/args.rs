//! Arguments that several verbs share.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
#[cfg(any(feature = "import", feature = "train"))]
use veilcast_card::Way;
use veilcast_files::IgnoredColumns;
use veilcast_files::table::{Decimal, Encoding, Reading, encoding};
use veilcast_paillier::{DEFAULT_KEY_BITS, KEY_BITS};

/// The size of a key made for this run.
#[derive(Args, Clone, Copy)]
pub(crate) struct KeyBits {
    /// Size of the key, in bits: 2048, 3072 or 4096.
    #[arg(long = "key-bits", value_name = "BITS", default_value_t = DEFAULT_KEY_BITS, value_parser = key_bits)]
    pub(crate) bits: u32,
}

/// An output file that must be given.
#[derive(Args)]
pub(crate) struct OutFile {
    /// File to write; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Replace the file if it exists.
    #[arg(long)]
    pub(crate) force: bool,
}

/// An output file instead of standard output.
#[derive(Args)]
pub(crate) struct OptionalOutFile {
    /// File to write instead of standard output, which is also `-`.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Replace the file if it exists.
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

impl OptionalOutFile {
    /// The file; none for standard output.
    pub(crate) fn path(&self) -> Option<&Path> {
        let path = self.out.as_deref()?;
        (path != Path::new("-")).then_some(path)
    }
}

/// How tables are written, where that isn't to be found out.
#[derive(Args, Clone, Copy)]
pub(crate) struct ReadingArgs {
    /// Encoding of CSV files, such as utf-8, windows-1252 or utf-16le; found out, if not given.
    #[arg(long, value_name = "NAME", value_parser = known_encoding)]
    encoding: Option<&'static Encoding>,
    /// Decimal mark of all numbers in CSV files; found out, if not given.
    #[arg(long, value_name = "MARK")]
    decimal: Option<DecimalMark>,
}

#[derive(Clone, Copy, ValueEnum)]
enum DecimalMark {
    Point,
    Comma,
}

impl ReadingArgs {
    pub(crate) fn reading(self) -> Reading {
        Reading {
            encoding: self.encoding,
            decimal: self.decimal.map(|mark| match mark {
                DecimalMark::Point => Decimal::Point,
                DecimalMark::Comma => Decimal::Comma,
            }),
        }
    }
}

fn known_encoding(name: &str) -> Result<&'static Encoding, String> {
    let expected = || "write a name such as utf-8, windows-1252 or utf-16le".to_owned();
    encoding(name).ok_or_else(expected)
}

/// Columns of a table that the model doesn't take.
#[derive(Args, Clone)]
pub(crate) struct IgnoreColumns {
    /// Columns of a CSV file to leave out because the model doesn't take them: names separated by
    /// commas, or "all".
    #[arg(long, value_name = "COLUMNS", value_parser = ignored_columns)]
    ignore_columns: Option<IgnoredColumns>,
}

impl IgnoreColumns {
    pub(crate) fn columns(&self) -> IgnoredColumns {
        self.ignore_columns.clone().unwrap_or_default()
    }
}

/// Names of columns as typed.
#[derive(Clone)]
pub(crate) struct ColumnNames(pub(crate) Vec<String>);

impl ColumnNames {
    /// Reads names separated by commas; one that contains a comma is quoted, as in CSV.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut builder = csv::ReaderBuilder::new();
        let mut reader = builder.has_headers(false).from_reader(text.as_bytes());
        let row = reader.records().next();
        let row = row.and_then(Result::ok).unwrap_or_default();
        let names: Vec<String> = row.iter().map(|name| name.trim().to_owned()).collect();
        match names.is_empty() || names.iter().any(String::is_empty) {
            true => Err("write names such as age,weight".to_owned()),
            false => Ok(Self(names)),
        }
    }
}

/// Ways of predicting as typed.
#[cfg(any(feature = "import", feature = "train"))]
#[derive(Clone)]
pub(crate) struct Ways(pub(crate) Vec<Way>);

#[cfg(any(feature = "import", feature = "train"))]
impl Ways {
    /// Reads ways separated by commas.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let way = |text: &str| match text.trim() {
            "direct" => Some(Way::Direct),
            "vouchers" => Some(Way::Vouchers),
            _ => None,
        };
        let ways: Option<Vec<Way>> = text.split(',').map(way).collect();
        let expected = || {
            "write direct, vouchers, or both separated by a comma; `veilcast seal` adds sealed"
                .to_owned()
        };
        ways.map(Self).ok_or_else(expected)
    }
}

fn ignored_columns(text: &str) -> Result<IgnoredColumns, String> {
    match text {
        "all" => Ok(IgnoredColumns::All),
        _ => ColumnNames::parse(text).map(|names| IgnoredColumns::Named(names.0)),
    }
}

/// Reads a key size that is allowed.
pub(crate) fn key_bits(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(bits) if KEY_BITS.contains(&bits) => Ok(bits),
        _ => Err("a key has 2048, 3072 or 4096 bits".to_owned()),
    }
}
