//! A labelled table, read as a whole.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use csv::StringRecord;

use super::TableError;
use veilcast_card::{Cell, Input, RecordError, list};
use veilcast_files::ReadError;
use veilcast_files::table::{Rows, number};

/// Largest table to train on, in bytes: it is kept in memory.
const MAX_TABLE_BYTES: u64 = 1 << 30;
/// Fewest rows to train on and to measure with.
const MIN_ROWS: usize = 10;

/// A table's rows with what is to be predicted for them, each cell as text.
#[derive(Clone, Debug)]
pub struct LabelledTable {
    file: String,
    target: String,
    columns: Vec<String>,
    /// The line of each row, and its cells in the columns' order, the target's last.
    rows: Vec<(u64, StringRecord)>,
}

impl LabelledTable {
    /// Reads the columns of a CSV file with a header, and the target, which is to be predicted.
    /// Without `columns` all but the target are read.
    ///
    /// # Errors
    /// [`TableError`] names the file and the place in it.
    pub fn open(path: &Path, target: &str, columns: Option<&[String]>) -> Result<Self, TableError> {
        let name = path.display().to_string();
        let failed = |source| TableError::Read(ReadError::io(&name, source));
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        if bytes > MAX_TABLE_BYTES {
            return Err(TableError::TooLarge {
                file: name,
                bytes,
                limit: MAX_TABLE_BYTES,
            });
        }
        let mut reader = Rows::open(&name, BufReader::new(file))?;
        let header = reader.header().to_vec();
        let place = |column: &str| {
            let found = header.iter().position(|title| title == column);
            found.ok_or_else(|| TableError::NoColumn {
                file: name.clone(),
                column: column.to_owned(),
                columns: list(&header),
            })
        };
        let target_place = place(target)?;
        let columns: Vec<String> = match columns {
            Some(columns) => columns.to_vec(),
            None => header
                .iter()
                .filter(|title| *title != target)
                .cloned()
                .collect(),
        };
        if columns.iter().any(|column| column == target) {
            return Err(TableError::TargetIsInput {
                column: target.to_owned(),
            });
        }
        let places = columns.iter().map(|column| place(column));
        let mut places = places.collect::<Result<Vec<_>, _>>()?;
        places.push(target_place);
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row()? {
            let cells = places.iter().map(|&place| row.cell(place));
            let cells = cells.collect::<Result<StringRecord, _>>()?;
            rows.push((row.line(), cells));
        }
        Ok(Self {
            file: name,
            target: target.to_owned(),
            columns,
            rows,
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The columns that the model is to take.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The column to predict.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Indices of the rows to train on, and of every n-th row, to measure with.
    pub(super) fn split(&self, every: usize) -> Result<(Vec<usize>, Vec<usize>), TableError> {
        if self.len() < MIN_ROWS || self.len() < every {
            return Err(TableError::TooFewRows {
                file: self.file.clone(),
                rows: self.len(),
                needed: MIN_ROWS.max(every),
            });
        }
        Ok((0..self.len()).partition(|row| row % every != every - 1))
    }

    /// A cell's text.
    pub(super) fn cell(&self, row: usize, column: usize) -> &str {
        self.rows[row].1.get(column).unwrap_or_default()
    }

    /// The text of the target's cell.
    pub(super) fn target_cell(&self, row: usize) -> &str {
        self.cell(row, self.columns.len())
    }

    /// The preprocessed features of a row.
    pub(super) fn features(&self, row: usize, input: &Input) -> Result<Vec<f64>, TableError> {
        let preprocessed = input.preprocess(self.cells(row, input)?);
        let preprocessed = preprocessed.map_err(|source| self.unfit(row, source));
        Ok(preprocessed?.features)
    }

    /// The numbers of a row that trees look at.
    pub(super) fn numbers(
        &self,
        row: usize,
        input: &Input,
    ) -> Result<Vec<Option<f64>>, TableError> {
        let numbers = input.numbers(self.cells(row, input)?);
        numbers.map_err(|source| self.unfit(row, source))
    }

    /// The cells of a row.
    fn cells(&self, row: usize, input: &Input) -> Result<Vec<Cell>, TableError> {
        let missing = &input.preprocessing.missing;
        let cell = |(column, name): (usize, &String)| {
            let text = self.cell(row, column);
            if missing.iter().any(|spelling| spelling == text) {
                return Ok(Cell::Missing);
            }
            if input.preprocessing.categories(name).is_some() {
                return Ok(Cell::Text(text.to_owned()));
            }
            let number = number(text).ok_or_else(|| self.not_a_number(row, column));
            Ok(Cell::Number(number?))
        };
        self.columns.iter().enumerate().map(cell).collect()
    }

    fn unfit(&self, row: usize, source: RecordError) -> TableError {
        TableError::Record {
            place: self.place(row),
            source,
        }
    }

    pub(super) fn not_a_number(&self, row: usize, column: usize) -> TableError {
        TableError::NotANumber {
            place: self.place(row),
            column: self.columns[column].clone(),
            found: shown(self.cell(row, column)),
        }
    }

    /// File and line of a row, for messages.
    pub(super) fn place(&self, row: usize) -> String {
        format!("{}, line {}", self.file, self.rows[row].0)
    }

    /// The error for a row without a target.
    pub(super) fn no_target(&self, row: usize) -> TableError {
        TableError::NoTarget {
            place: self.place(row),
            target: self.target().to_owned(),
        }
    }
}

/// The beginning of a text, for messages.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
