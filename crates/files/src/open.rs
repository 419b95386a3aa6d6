//! Opening a file of records, whatever its format.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use veilcast_card::{Input, InputKind, RawRecord};

use crate::error::ReadError;
use crate::idx::Images;
use crate::limits::MAX_FILE_BYTES;
use crate::record::{Options, Record, Source};
use crate::{array, picture, table};

/// The raw records of a file, in its order; it ends after the first error.
pub struct Records {
    source: Option<Source>,
    input: Input,
    count: Option<u64>,
    given: u64,
}

/// Opens a file of records as a model's [card](veilcast_card::Card::input) describes them.
///
/// - PNG: one image. An image of the model's own size is taken as it is; others are fitted if the
///   card says how ([`Fit`](veilcast_card::Fit)).
/// - CSV: a header, then one row per record. A table's columns are found by name, in any order; an
///   image's are `pixel0` … in any order, or as many columns of any names as it has pixels. Other
///   columns must be named in the options.
/// - NPY: booleans, integers or floats of shape `[records, features]` or `[records, shape…]`, or
///   without `records` for a single one. A true pixel is 255.
/// - IDX images, plain or gzipped.
///
/// # Errors
/// [`ReadError`] names the file and the place in it; so do the errors of the records.
pub fn open(input: &Input, path: &Path, options: &Options) -> Result<Records, ReadError> {
    let Opened {
        name,
        file,
        bytes,
        kind,
    } = Opened::new(path)?;
    if !options.keep.is_empty() && !matches!(kind, Kind::Csv | Kind::Empty) {
        return Err(ReadError::NoColumns { file: name });
    }
    let (source, count): (Source, Option<u64>) = match kind {
        Kind::Empty => return Err(ReadError::Empty { file: name }),
        Kind::Png => {
            let record = picture::read(input, &name, file)?;
            (Box::new(std::iter::once(Ok(record.into()))), Some(1))
        }
        Kind::Npy if input.has_texts() => return Err(ReadError::NumbersOnly { file: name }),
        Kind::Npy => array::read(input, &name, file, bytes)?,
        Kind::Idx => idx(input, path, &name)?,
        Kind::Csv => (table::read(input, &name, file, options)?, None),
    };
    Ok(Records {
        source: Some(source),
        input: input.clone(),
        count,
        given: 0,
    })
}

/// The names of a CSV file's columns, in its order; none for a file of another kind.
///
/// # Errors
/// [`ReadError`] if the file can't be read, or its header is unfit.
pub fn column_names(path: &Path) -> Result<Option<Vec<String>>, ReadError> {
    let Opened {
        name, file, kind, ..
    } = Opened::new(path)?;
    match kind {
        Kind::Csv => Ok(Some(table::Rows::open(&name, file)?.header().to_vec())),
        Kind::Empty => Err(ReadError::Empty { file: name }),
        Kind::Png | Kind::Npy | Kind::Idx => Ok(None),
    }
}

impl Records {
    /// The number of records in the file, if the format states it in advance: all but CSV do.
    pub fn count_in_file(&self) -> Option<u64> {
        self.count
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

/// A file that is open at its start.
struct Opened {
    name: String,
    file: BufReader<File>,
    bytes: u64,
    kind: Kind,
}

impl Opened {
    fn new(path: &Path) -> Result<Self, ReadError> {
        let name = path.display().to_string();
        let failed = |source| ReadError::io(&name, source);
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        if bytes > MAX_FILE_BYTES {
            return Err(ReadError::FileTooLarge { file: name, bytes });
        }
        let mut file = BufReader::new(file);
        let kind = Kind::of(file.fill_buf().map_err(failed)?);
        Ok(Self {
            name,
            file,
            bytes,
            kind,
        })
    }
}

/// What a file is, by its first bytes.
enum Kind {
    Empty,
    Png,
    Npy,
    Idx,
    Csv,
}

impl Kind {
    fn of(start: &[u8]) -> Self {
        let is = |magic: &[u8]| start.starts_with(magic);
        if start.is_empty() {
            Self::Empty
        } else if is(b"\x89PNG") {
            Self::Png
        } else if is(b"\x93NUMPY") {
            Self::Npy
        } else if is(b"\x1f\x8b") || is(b"\0\0") {
            Self::Idx
        } else {
            Self::Csv
        }
    }
}
