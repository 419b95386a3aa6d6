//! Opening a file of records, whatever its format.

use std::path::Path;

use veilcast_card::{Input, InputKind, RawRecord};

use crate::content::{Content, Kind};
use crate::error::ReadError;
use crate::idx::Images;
use crate::record::{Options, Record, Source};
use crate::table::{Decimal, Reading, Rows, Said};
use crate::{array, columnar, picture, table, workbook};

/// The raw records of a file, in its order; it ends after the first error.
pub struct Records {
    source: Option<Source>,
    input: Input,
    count: Option<u64>,
    given: u64,
    said: Vec<Said>,
}

/// Opens a file of records as a model's [card](veilcast_card::Card::input) describes them.
///
/// - PNG: one image. An image of the model's own size is taken as it is; others are fitted if the
///   card says how ([`Fit`](veilcast_card::Fit)).
/// - CSV: a header, then one row per record; gzipped or not. A table's columns are found by name, in
///   any order; an image's are `pixel0` … in any order, or as many columns of any names as it has
///   pixels. Other columns must be named in the options, unless they only count or name the rows.
/// - Parquet, Arrow and workbooks, with the crate's features, as CSV of the same cells.
/// - NPY: booleans, integers or floats of shape `[records, features]` or `[records, shape…]`, or
///   without `records` for a single one. A true pixel is 255.
/// - IDX images, plain or gzipped.
///
/// The path `-` is standard input, for tables.
///
/// # Errors
/// [`ReadError`] names the file and the place in it; so do the errors of the records.
pub fn open(input: &Input, path: &Path, options: &Options) -> Result<Records, ReadError> {
    let content = Content::open(path)?;
    let (name, kind) = (content.name.clone(), content.kind);
    let is_numbers = matches!(kind, Kind::Png | Kind::Npy | Kind::Idx);
    if !options.keep.is_empty() && is_numbers {
        return Err(ReadError::NoColumns { file: name });
    }
    let mut said = Vec::new();
    let (source, count): (Source, Option<u64>) = match kind {
        Kind::Empty => return Err(ReadError::Empty { file: name }),
        Kind::Png => {
            let (file, _) = content.file()?;
            let record = picture::read(input, &name, file)?;
            (Box::new(std::iter::once(Ok(record.into()))), Some(1))
        }
        Kind::Npy if input.has_texts() => return Err(ReadError::NumbersOnly { file: name }),
        Kind::Npy => {
            let (file, bytes) = content.file()?;
            array::read(input, &name, file, bytes)?
        }
        Kind::Idx => idx(input, path, &name)?,
        Kind::Csv
        | Kind::Parquet
        | Kind::Arrow
        | Kind::ArrowStream
        | Kind::Workbook
        | Kind::Gzip
        | Kind::Other(..) => {
            let source;
            (source, said) = table::read(input, rows(content, &options.reading)?, options)?;
            (source, None)
        }
    };
    Ok(Records {
        source: Some(source),
        input: input.clone(),
        count,
        given: 0,
        said,
    })
}

/// Opens a file that holds a table, in any format that has one.
///
/// # Errors
/// [`ReadError`] if the file can't be read, holds no table, or its header is unfit.
pub fn open_table(path: &Path, reading: &Reading) -> Result<Rows, ReadError> {
    let content = Content::open(path)?;
    match content.kind {
        Kind::Empty => Err(ReadError::Empty { file: content.name }),
        Kind::Png | Kind::Npy | Kind::Idx => Err(ReadError::OtherFormat {
            file: content.name,
            what: "a file of images or numbers",
            advice: "give a table, such as a CSV file",
        }),
        _ => rows(content, reading),
    }
}

/// The rows of a table.
fn rows(content: Content, reading: &Reading) -> Result<Rows, ReadError> {
    let holds_numbers = matches!(
        content.kind,
        Kind::Parquet | Kind::Arrow | Kind::ArrowStream | Kind::Workbook
    );
    if holds_numbers && reading.decimal == Some(Decimal::Comma) {
        return Err(ReadError::NoDecimalMark { file: content.name });
    }
    match content.kind {
        Kind::Parquet => columnar::parquet(content),
        Kind::Arrow => columnar::arrow(content),
        Kind::ArrowStream => columnar::arrow_stream(content),
        Kind::Workbook => workbook::open(content),
        Kind::Gzip => Err(ReadError::OtherFormat {
            file: content.name,
            what: "compressed twice",
            advice: "unpack it first",
        }),
        Kind::Other(what, advice) => Err(ReadError::OtherFormat {
            file: content.name,
            what,
            advice,
        }),
        Kind::Empty | Kind::Png | Kind::Npy | Kind::Idx | Kind::Csv => Rows::open(content, reading),
    }
}

/// The names of a table's columns, in its order, without those that only count or name its rows;
/// none for a file of another kind.
///
/// # Errors
/// [`ReadError`] if the file can't be read, or its header is unfit.
pub fn column_names(path: &Path, reading: &Reading) -> Result<Option<Vec<String>>, ReadError> {
    let content = Content::open(path)?;
    match content.kind {
        Kind::Empty => Err(ReadError::Empty { file: content.name }),
        Kind::Png | Kind::Npy | Kind::Idx => Ok(None),
        _ => {
            let rows = rows(content, reading)?;
            let names = rows.header().iter().enumerate();
            let names = names.filter(|(place, _)| !rows.is_row_number(*place));
            Ok(Some(names.map(|(_, name)| name.clone()).collect()))
        }
    }
}

impl Records {
    /// The number of records in the file, if the format states it in advance: all but tables do.
    pub fn count_in_file(&self) -> Option<u64> {
        self.count
    }

    /// What was found out about a table that isn't usual.
    pub fn said(&self) -> &[Said] {
        &self.said
    }
}

impl Iterator for Records {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.source.as_mut()?.next();
        let next = next.map(|record| {
            let record = record?;
            if let RawRecord::Numbers(numbers) = &record.raw {
                check_numbers(&self.input, self.given, numbers)?;
            }
            Ok(record)
        });
        match &next {
            Some(Ok(_)) => self.given += 1,
            Some(Err(_)) | None => self.source = None,
        }
        next
    }
}

/// Checks that values are finite, and that pixels are from 0 to 255. An image of numbers up to 1 has
/// already been scaled, or only says where there is something, and would pass for a blank one.
fn check_numbers(input: &Input, record: u64, values: &[f64]) -> Result<(), ReadError> {
    let (top, bottom) = match input.kind {
        InputKind::Image => (255.0, 0.0),
        InputKind::Table | InputKind::Array => (f64::MAX, f64::MIN),
    };
    if let Some(feature) = values.iter().position(|v| !(bottom..=top).contains(v)) {
        return Err(ReadError::Value {
            record,
            feature,
            found: values[feature],
            expected: match input.kind {
                InputKind::Image => "a pixel from 0 to 255",
                InputKind::Table | InputKind::Array => "a finite number",
            },
        });
    }
    let scaled = |v: &f64| *v <= 1.0;
    let anything = |v: &f64| *v != 0.0;
    if input.kind == InputKind::Image && values.iter().all(scaled) && values.iter().any(anything) {
        return Err(ReadError::ScaledPixels { record });
    }
    Ok(())
}

fn idx(input: &Input, path: &Path, name: &str) -> Result<(Source, Option<u64>), ReadError> {
    let images: Images = Images::open(path).map_err(ReadError::Idx)?;
    let found = [images.rows(), images.columns()];
    if input.kind != InputKind::Image || input.shape != found {
        return Err(ReadError::Shape {
            file: name.to_owned(),
            found: format!("images of {found:?}"),
            expected: format!("{:?}", input.shape),
        });
    }
    let count = images.len();
    let record = move |index| {
        let image = images.iter().nth(index).unwrap_or_default();
        Ok(image
            .iter()
            .copied()
            .map(f64::from)
            .collect::<Vec<_>>()
            .into())
    };
    Ok((Box::new((0..count).map(record)), Some(count as u64)))
}
