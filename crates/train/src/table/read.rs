//! A labelled table, read as a whole.

use std::collections::BTreeMap;
use std::path::Path;

use csv::StringRecord;

use super::TableError;
use super::findings::{Finding, Reason};
use super::selection::{MissingTarget, Selection};
use veilcast_card::{About, Cell, Input, RecordError, list};
use veilcast_files::ReadError;
use veilcast_files::table::{DAYS, Format, Unreadable, category, days};

/// Largest table to train on, in bytes of its cells: it is kept in memory.
const MAX_TABLE_BYTES: u64 = 1 << 30;
/// Fewest rows to train on and to measure with.
const MIN_ROWS: usize = 10;

/// A table's rows with what is to be predicted for them, each cell as text.
#[derive(Clone, Debug)]
pub struct LabelledTable {
    file: String,
    target: String,
    columns: Vec<String>,
    /// How the numbers of each column are written, and of the target, last.
    formats: Vec<Format>,
    /// The line of each row, and its cells in the columns' order, the target's last.
    rows: Vec<(u64, StringRecord)>,
    selection: Selection,
    findings: Vec<Finding>,
}

impl LabelledTable {
    /// Reads the columns of a table, and the target, which is to be predicted. Rows without a target
    /// are left out, unless the selection refuses them.
    ///
    /// # Errors
    /// [`TableError`] names the file and the place in it.
    pub fn open(path: &Path, target: &str, selection: &Selection) -> Result<Self, TableError> {
        let mut reader = veilcast_files::open_table(path, &selection.reading)?;
        let name = reader.name().to_owned();
        let header = reader.header().to_vec();
        let no_column = |column: &str| TableError::NoColumn {
            file: name.clone(),
            column: column.to_owned(),
            columns: list(&header),
        };
        let place = |column: &str| {
            let found = header.iter().position(|title| title == column);
            found.ok_or_else(|| no_column(column))
        };
        let target_place = place(target)?;
        let mut findings: Vec<Finding> = reader.said().iter().cloned().map(Finding::Said).collect();
        let columns = match &selection.columns {
            Some(columns) => columns.clone(),
            None => {
                let named = |title: &String| selection.ignore.contains(title);
                let others = header.iter().enumerate();
                let others = others.filter(|&(at, title)| at != target_place && !named(title));
                let (rows, others): (Vec<_>, Vec<_>) =
                    others.partition(|(at, _)| reader.is_row_number(*at));
                let titles = |columns: Vec<(usize, &String)>| -> Vec<String> {
                    columns
                        .into_iter()
                        .map(|(_, title)| title.clone())
                        .collect()
                };
                if !rows.is_empty() {
                    findings.push(Finding::LeftOut(titles(rows), Reason::RowNumbers));
                }
                titles(others)
            }
        };
        for named in selection.ignore.iter().chain(&selection.categories) {
            place(named)?;
        }
        if columns.iter().any(|column| column == target) {
            return Err(TableError::TargetIsInput {
                column: target.to_owned(),
            });
        }
        let places = columns.iter().map(|column| place(column));
        let mut places = places.collect::<Result<Vec<_>, _>>()?;
        places.push(target_place);
        let formats = places.iter().map(|&place| reader.format(place)).collect();
        let mut rows = Vec::new();
        let mut bytes = 0;
        while let Some(row) = reader.next_row()? {
            let cells = places.iter().map(|&place| row.cell(place));
            let cells = cells.collect::<Result<StringRecord, _>>()?;
            bytes += cells.as_slice().len() as u64;
            if bytes > MAX_TABLE_BYTES {
                return Err(TableError::TooLarge {
                    file: name,
                    limit: MAX_TABLE_BYTES,
                });
            }
            rows.push((row.line(), cells));
        }
        let mut table = Self {
            file: name,
            target: target.to_owned(),
            columns,
            formats,
            rows,
            selection: selection.clone(),
            findings,
        };
        table.leave_out_rows_without_target()?;
        Ok(table)
    }

    fn leave_out_rows_without_target(&mut self) -> Result<(), TableError> {
        let lacks = |row: &usize| self.is_missing(self.target_cell(*row));
        let lacking: Vec<usize> = (0..self.len()).filter(lacks).collect();
        let Some(&first) = lacking.first() else {
            return Ok(());
        };
        if self.selection.missing_target == MissingTarget::Refuse {
            return Err(self.no_target(first));
        }
        let mut spellings = BTreeMap::new();
        for &row in &lacking {
            *spellings
                .entry(self.target_cell(row).to_owned())
                .or_default() += 1;
        }
        self.findings.push(Finding::NoTarget(spellings));
        let mut index = 0;
        self.rows.retain(|_| {
            index += 1;
            lacking.binary_search(&(index - 1)).is_err()
        });
        Ok(())
    }

    /// Number of rows that have a target.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The columns that the model may take.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The column to predict.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What was found out so far.
    pub(super) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What people should know about columns.
    pub(super) fn about(&self) -> &BTreeMap<String, About> {
        &self.selection.about
    }

    /// The spellings of a missing cell.
    pub(super) fn missing(&self) -> Vec<String> {
        self.selection.missing()
    }

    /// Whether a text means that a cell is missing.
    pub(super) fn is_missing(&self, text: &str) -> bool {
        self.selection.is_missing(text)
    }

    /// Whether a text in a column of texts means that a cell is missing: what is so by default alone
    /// may be a category there.
    pub(super) fn is_missing_text(&self, text: &str) -> bool {
        text.is_empty() || (self.selection.missing.is_some() && self.is_missing(text))
    }

    /// Whether a column is said to hold categories, whatever its cells look like.
    pub(super) fn holds_categories(&self, column: usize) -> bool {
        self.selection.categories.contains(&self.columns[column])
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

    /// A cell's number, as its column's numbers are written.
    pub(super) fn number(&self, row: usize, column: usize) -> Result<f64, Unreadable> {
        self.formats[column].read(self.cell(row, column))
    }

    /// The number of the target's cell.
    pub(super) fn target_number(&self, row: usize) -> Result<f64, Unreadable> {
        self.number(row, self.columns.len())
    }

    /// The columns of an input, by their indices here.
    pub(super) fn places(&self, input: &Input) -> Vec<usize> {
        let names = input.features.as_deref().unwrap_or_default().iter();
        let place = |name| self.columns.iter().position(|column| column == name);
        names.filter_map(place).collect()
    }

    /// The preprocessed features of a row, of which the columns at these places are taken.
    pub(super) fn features(
        &self,
        row: usize,
        places: &[usize],
        input: &Input,
    ) -> Result<Vec<f64>, TableError> {
        let preprocessed = input.preprocess(self.cells(row, places, input)?);
        let preprocessed = preprocessed.map_err(|source| self.unfit(row, source));
        Ok(preprocessed?.features)
    }

    /// The numbers of a row that trees look at.
    pub(super) fn numbers(
        &self,
        row: usize,
        places: &[usize],
        input: &Input,
    ) -> Result<Vec<Option<f64>>, TableError> {
        let numbers = input.numbers(self.cells(row, places, input)?);
        numbers.map_err(|source| self.unfit(row, source))
    }

    /// The cells of a row at these places.
    fn cells(&self, row: usize, places: &[usize], input: &Input) -> Result<Vec<Cell>, TableError> {
        let missing = &input.preprocessing.missing;
        let cell = |&column: &usize| {
            let (text, name) = (self.cell(row, column), &self.columns[column]);
            let categories = input.preprocessing.categories(name);
            if let Some((known, _)) = categories
                && let Some(category) = category(known, text)
            {
                return Ok(Cell::Text(category.to_owned()));
            }
            if missing.iter().any(|spelling| spelling == text) {
                return Ok(Cell::Missing);
            }
            if categories.is_some() {
                return Ok(Cell::Text(text.to_owned()));
            }
            if input.unit(name) == Some(DAYS)
                && let Some(days) = days(text)
            {
                return Ok(Cell::Number(days));
            }
            let number = self.number(row, column);
            let number = number.map_err(|fault| self.not_a_number(row, column, fault));
            Ok(Cell::Number(number?))
        };
        places.iter().map(cell).collect()
    }

    fn unfit(&self, row: usize, source: RecordError) -> TableError {
        TableError::Record {
            place: self.place(row),
            source,
        }
    }

    pub(super) fn not_a_number(&self, row: usize, column: usize, fault: Unreadable) -> TableError {
        TableError::Read(ReadError::NotANumber {
            file: self.file.clone(),
            line: self.rows[row].0,
            column: self.columns[column].clone(),
            found: shown(self.cell(row, column)),
            fault,
        })
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
