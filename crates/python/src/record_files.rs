//! Records out of files of tables, as the program reads them: [`RecordFile`].

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use numpy::{IntoPyArray as _, PyArray2, ndarray::Array2};
use pyo3::prelude::*;
use veilcast_card::{Cell, RawRecord, chain};
use veilcast_files::table::{Decimal, Reading, encoding};
use veilcast_files::{IgnoredColumns, Options, Record, Records, open};

use crate::cards::{Card, Texts, text_columns};
use crate::errors::Fault;

/// Rows of numbers, where NaN is no value; the columns of texts; and those that are kept beside.
type Rows<'py> = (Bound<'py, PyArray2<f64>>, Vec<Texts>, Vec<Vec<String>>);

/// The records of a file, in memory that doesn't grow with it.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct RecordFile {
    records: Mutex<Records>,
    width: usize,
    texts: Vec<usize>,
    kept: usize,
    /// What was found out about how the file is written, and isn't usual.
    #[pyo3(get)]
    said: Vec<String>,
}

/// Whether an encoding has this name.
#[pyfunction]
pub(crate) fn knows_encoding(name: &str) -> bool {
    encoding(name).is_some()
}

#[pymethods]
impl RecordFile {
    /// Opens a file: other columns than the card's, and those to be kept, are left out.
    #[new]
    fn new(
        py: Python<'_>,
        card: &Card,
        path: PathBuf,
        keep: Vec<String>,
        encoding_name: Option<&str>,
        decimal_comma: Option<bool>,
    ) -> PyResult<Self> {
        let input = card.0.input();
        let kept = keep.len();
        let options = Options {
            ignore: IgnoredColumns::All,
            keep,
            reading: Reading {
                encoding: encoding_name.and_then(encoding),
                decimal: decimal_comma.map(|is_comma| match is_comma {
                    true => Decimal::Comma,
                    false => Decimal::Point,
                }),
            },
        };
        let records = py.detach(|| open(input, &path, &options));
        let records = records.map_err(|error| Fault::Record(chain(&error)))?;
        Ok(Self {
            said: records.said().iter().map(ToString::to_string).collect(),
            records: Mutex::new(records),
            width: input.raw_features(),
            texts: text_columns(input),
            kept,
        })
    }

    /// At most this many further records; none at the end.
    fn read<'py>(&self, py: Python<'py>, count: usize) -> PyResult<Option<Rows<'py>>> {
        let some = py.detach(|| {
            let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
            let some: Result<Vec<Record>, _> = records.by_ref().take(count).collect();
            some.map_err(|error| Fault::Record(chain(&error)))
        })?;
        if some.is_empty() {
            return Ok(None);
        }
        let mut numbers = Array2::from_elem((some.len(), self.width), f64::NAN);
        let with_room = || Vec::with_capacity(some.len());
        let mut texts: Vec<Texts> = (self.texts.iter())
            .map(|&place| (place, with_room()))
            .collect();
        let mut kept: Vec<Vec<String>> = vec![Vec::new(); self.kept];
        for (mut row, record) in numbers.rows_mut().into_iter().zip(some) {
            for (column, cell) in kept.iter_mut().zip(record.kept) {
                column.push(cell);
            }
            match record.raw {
                RawRecord::Numbers(values) => {
                    row.iter_mut()
                        .zip(values.iter())
                        .for_each(|(to, from)| *to = *from);
                }
                RawRecord::Cells(cells) => {
                    for (to, cell) in row.iter_mut().zip(cells.iter()) {
                        if let Cell::Number(number) = cell {
                            *to = *number;
                        }
                    }
                    for (place, column) in &mut texts {
                        column.push(match &cells[*place] {
                            Cell::Text(text) => Some(text.clone()),
                            Cell::Number(_) | Cell::Missing => None,
                        });
                    }
                }
            }
        }
        Ok(Some((numbers.into_pyarray(py), texts, kept)))
    }
}
