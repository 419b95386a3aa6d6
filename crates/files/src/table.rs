//! CSV files: a header, then one row per record.
//!
//! Columns are found by name. Spaces and tabs at both ends of a cell are removed; the card says
//! what cells must contain, and every error names file, line and column.

mod header;
mod number;
mod rows;

pub use number::{has_decimal_comma, number};
pub use rows::{Row, Rows};

use std::fs::File;
use std::io::BufReader;

use self::header::{Places, places};
use crate::error::ReadError;
use crate::record::{Options, Record, Source};
use veilcast_card::{Cell, Input, InputKind, UnknownCategory, list};

pub(super) fn read(
    input: &Input,
    name: &str,
    file: BufReader<File>,
    options: &Options,
) -> Result<Source, ReadError> {
    let mut rows = Rows::open(name, file)?;
    let Places { columns, kept } =
        places(input, rows.header(), options).map_err(|problem| problem.in_file(name))?;
    let columns: Vec<Column> = (columns.into_iter().enumerate())
        .map(|(index, place)| Column::new(input, index, place))
        .collect();
    let (missing, kind) = (input.preprocessing.missing.clone(), input.kind);
    let next = move || -> Result<Option<Record>, ReadError> {
        let Some(row) = rows.next_row()? else {
            return Ok(None);
        };
        // All cells are read before categories are looked up: the first error is the same everywhere.
        let cells = columns.iter().map(|column| column.read(&row, &missing));
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        for (column, cell) in columns.iter().zip(&cells) {
            column.check_category(&row, cell)?;
        }
        let kept = kept.iter().map(|&place| Ok(row.cell(place)?.to_owned()));
        let kept = kept.collect::<Result<_, ReadError>>()?;
        let raw = match kind {
            InputKind::Table => cells.into(),
            InputKind::Image => cells.iter().map(pixel).collect::<Vec<f64>>().into(),
        };
        Ok(Some(Record { raw, kept }))
    };
    let mut next = next;
    Ok(Box::new(std::iter::from_fn(move || next().transpose())))
}

/// A column of the file that the model takes.
struct Column {
    /// Its index in the file.
    place: usize,
    /// Whether its cells may be missing.
    takes_missing: bool,
    /// The categories of a column of texts, and what happens to others.
    categories: Option<(Vec<String>, UnknownCategory)>,
}

impl Column {
    fn new(input: &Input, index: usize, place: usize) -> Self {
        let (name, preprocessing) = (input.feature_name(index), &input.preprocessing);
        let columns = input.features.as_deref().unwrap_or_default();
        let categories = preprocessing.categories(&name);
        Self {
            place,
            takes_missing: preprocessing.takes_missing(&name, columns),
            categories: categories.map(|(known, unknown)| (known.to_vec(), unknown)),
        }
    }

    fn read(&self, row: &Row<'_>, missing: &[String]) -> Result<Cell, ReadError> {
        let text = row.cell(self.place)?;
        if missing.iter().any(|spelling| spelling == text) {
            return match self.takes_missing {
                true => Ok(Cell::Missing),
                false => Err(row.missing(self.place)),
            };
        }
        if self.categories.is_some() {
            return Ok(Cell::Text(text.to_owned()));
        }
        let number = number(text).ok_or_else(|| row.not_a_number(self.place));
        Ok(Cell::Number(number?))
    }

    fn check_category(&self, row: &Row<'_>, cell: &Cell) -> Result<(), ReadError> {
        match (&self.categories, cell) {
            (Some((known, UnknownCategory::Error)), Cell::Text(text)) if !known.contains(text) => {
                Err(row.unknown_category(self.place, list(known)))
            }
            _ => Ok(()),
        }
    }
}

/// A pixel's number; the columns of an image are all numbers, and none can be missing.
fn pixel(cell: &Cell) -> f64 {
    match cell {
        Cell::Number(number) => *number,
        Cell::Text(_) | Cell::Missing => f64::NAN,
    }
}
