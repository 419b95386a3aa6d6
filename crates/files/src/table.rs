//! Tables: a header, then one row per record.
//!
//! Encoding, separator and decimal mark are found out from the beginning of a CSV file, and whatever
//! isn't usual is said ([`Said`]). Columns are found by name. Spaces and tabs at both ends of a cell
//! are removed; the card says what cells must contain, and every error names file, line and column.

mod date;
mod dialect;
mod header;
mod lines;
mod number;
mod reading;
mod rows;
mod said;
mod text;
mod unnamed;

pub use date::{DAYS, days, is_other_date};
pub use number::{Decimal, Format, Unreadable, number};
pub use reading::{Encoding, Reading, encoding};
pub use rows::{Row, Rows};
pub use said::Said;
pub use unnamed::is_unnamed;

use self::header::{Places, places};
use crate::error::ReadError;
use crate::record::{Options, Record, Source};
use veilcast_card::{Cell, Input, InputKind, UnknownCategory, list};

/// The records of a table, and what was found out about it.
pub(super) fn read(
    input: &Input,
    mut rows: Rows,
    options: &Options,
) -> Result<(Source, Vec<Said>), ReadError> {
    let Places {
        columns,
        kept,
        left_out,
    } = places(input, &rows, options).map_err(|problem| problem.in_file(rows.name()))?;
    let mut said = rows.said().to_vec();
    if !left_out.is_empty() {
        said.push(Said::LeftOut(left_out));
    }
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
        let gaps = cells.iter().zip(&columns).enumerate();
        let gaps = gaps.filter(|(_, (cell, _))| **cell == Cell::Missing);
        let gaps = gaps.map(|(index, (_, column))| Ok((index, row.cell(column.place)?.to_owned())));
        let missing = gaps.collect::<Result<_, ReadError>>()?;
        let raw = match kind {
            InputKind::Table => cells.into(),
            InputKind::Image | InputKind::Array => {
                cells.iter().map(pixel).collect::<Vec<f64>>().into()
            }
        };
        Ok(Some(Record { raw, kept, missing }))
    };
    let mut next = next;
    Ok((
        Box::new(std::iter::from_fn(move || next().transpose())),
        said,
    ))
}

/// A column of the file that the model takes.
struct Column {
    /// Its index in the file.
    place: usize,
    /// Whether its cells may be missing.
    takes_missing: bool,
    /// The categories of a column of texts, and what happens to others.
    categories: Option<(Vec<String>, UnknownCategory)>,
    /// Whether its numbers may be given as dates.
    takes_dates: bool,
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
            takes_dates: input.unit(&name) == Some(DAYS),
        }
    }

    fn read(&self, row: &Row<'_>, missing: &[String]) -> Result<Cell, ReadError> {
        let text = row.cell(self.place)?;
        if let Some((known, _)) = &self.categories
            && let Some(category) = category(known, text)
        {
            return Ok(Cell::Text(category.to_owned()));
        }
        if missing.iter().any(|spelling| spelling == text) {
            return match self.takes_missing {
                true => Ok(Cell::Missing),
                false => Err(row.missing(self.place)),
            };
        }
        if self.categories.is_some() {
            return Ok(Cell::Text(text.to_owned()));
        }
        if self.takes_dates
            && let Some(days) = days(text)
        {
            return Ok(Cell::Number(days));
        }
        row.number(self.place).map(Cell::Number)
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

/// The category that a text is: itself, even if it is a spelling of a missing cell elsewhere, or the
/// only one that is the same number or truth value. Line breaks are spaces in categories.
pub fn category<'a>(known: &'a [String], text: &str) -> Option<&'a str> {
    if text.contains('\n') {
        return category(known, &text.replace('\n', " "));
    }
    if let Some(itself) = known.iter().find(|category| *category == text) {
        return Some(itself);
    }
    match (number(text), truth(text)) {
        (Some(value), _) => only(known, |category| number(category) == Some(value)),
        (_, Some(value)) => only(known, |category| truth(category) == Some(value)),
        (None, None) => None,
    }
}

/// The only category that fits.
fn only(known: &[String], fits: impl Fn(&str) -> bool) -> Option<&str> {
    let mut same = known.iter().filter(|category| fits(category));
    match (same.next(), same.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// A truth value as programs write it: Python `True`, R and spreadsheets `TRUE`, others `true`.
fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// A pixel's number; the columns of an image are all numbers, and none can be missing.
fn pixel(cell: &Cell) -> f64 {
    match cell {
        Cell::Number(number) => *number,
        Cell::Text(_) | Cell::Missing => f64::NAN,
    }
}
