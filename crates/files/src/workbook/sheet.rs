//! A sheet's cells as lines of CSV.

use std::io;

use calamine::{
    Cell, Data, DataRef, Error, ExcelDateTime, OdsError, Range, XlsError, XlsbError, XlsxError,
};

use crate::rendered::csv_line;

/// Most cells of a sheet, empty ones between others included.
const MAX_CELLS: u64 = 50_000_000;

/// The cells of a sheet as they are read.
#[derive(Default)]
pub(super) struct Cells {
    cells: Vec<Cell<Data>>,
    /// The first and the last row, and column, that has a cell.
    reach: Option<[[u32; 2]; 2]>,
}

impl Cells {
    /// Adds a cell, unless it is empty or would make the sheet too large. Two cells at opposite
    /// corners say nothing of how large it is until they are read.
    /// The range of the cells that a reader gives one by one.
    pub(super) fn range<'a>(
        mut next: impl FnMut() -> Result<Option<Cell<DataRef<'a>>>, String>,
    ) -> Result<Range<Data>, String> {
        let mut cells = Self::default();
        while let Some(cell) = next()? {
            cells.add(cell.get_position(), cell.get_value())?;
        }
        Ok(Range::from_sparse(cells.cells))
    }

    fn add(&mut self, (row, column): (u32, u32), value: &DataRef<'_>) -> Result<(), String> {
        if *value == DataRef::Empty {
            return Ok(());
        }
        let reach = self.reach.unwrap_or([[row; 2], [column; 2]]);
        let reached = |[first, last]: [u32; 2], at: u32| [first.min(at), last.max(at)];
        let reach = [reached(reach[0], row), reached(reach[1], column)];
        let [rows, columns] = reach.map(|[first, last]| u64::from(last - first) + 1);
        if rows.saturating_mul(columns) > MAX_CELLS {
            return Err(format!(
                "a sheet has cells in row {} and column {}, so more than {MAX_CELLS} in all; save the \
                 sheet as CSV",
                reach[0][1] + 1,
                reach[1][1] + 1
            ));
        }
        self.reach = Some(reach);
        self.cells
            .push(Cell::new((row, column), value.clone().into()));
        Ok(())
    }
}

/// Whether all cells are empty.
pub(super) fn is_blank(range: &Range<Data>) -> bool {
    range.rows().flatten().all(is_empty)
}

fn is_empty(cell: &Data) -> bool {
    match cell {
        Data::Empty => true,
        Data::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// The lines of a sheet's rows; blank rows are blank lines, so that the lines' numbers are the
/// rows'.
pub(super) fn lines(range: Range<Data>) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    let above = range.start().map_or(0, |(row, _)| row) as usize;
    let above = std::iter::repeat_with(|| Ok(b"\n".to_vec())).take(above);
    let rows = 0..range.height();
    above.chain(rows.map(move |row| {
        let cells = (0..range.width()).map(|column| range.get((row, column)));
        let cells: Vec<&Data> = cells.map(|cell| cell.unwrap_or(&Data::Empty)).collect();
        if cells.iter().all(|cell| is_empty(cell)) {
            return Ok(b"\n".to_vec());
        }
        let cells: Vec<String> = cells.into_iter().map(text).collect();
        csv_line(cells.iter().map(String::as_str))
    }))
}

/// A cell as it would be in CSV.
fn text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::DateTime(date) if date.is_datetime() => date_text(date),
        Data::DateTime(duration) => duration.as_f64().to_string(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::Bool(truth) => truth.to_string(),
        Data::DateTimeIso(text) => text.strip_suffix("T00:00:00").unwrap_or(text).to_owned(),
        Data::String(text) | Data::DurationIso(text) => text.clone(),
        Data::Error(error) => error.to_string(),
    }
}

/// A date, with the time of day unless it is midnight.
fn date_text(date: &ExcelDateTime) -> String {
    let (year, month, day, hours, minutes, seconds, thousandths) = date.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (hours, minutes, seconds, thousandths) {
        (0, 0, 0, 0) => date,
        (_, _, _, 0) => format!("{date}T{hours:02}:{minutes:02}:{seconds:02}"),
        _ => format!("{date}T{hours:02}:{minutes:02}:{seconds:02}.{thousandths:03}"),
    }
}

/// Whether a workbook is encrypted.
pub(super) fn is_password(error: &Error) -> bool {
    matches!(
        error,
        Error::Xlsx(XlsxError::Password)
            | Error::Xlsb(XlsbError::Password)
            | Error::Xls(XlsError::Password)
            | Error::Ods(OdsError::Password)
    )
}

/// An error of the library, and what to do.
pub(super) fn words(error: &Error) -> String {
    if is_password(error) {
        return "it is protected by a password; save it without one, or save the sheet as CSV"
            .to_owned();
    }
    if let Error::Ods(OdsError::CellLimitExceeded { requested, max }) = error {
        return format!(
            "a sheet has {requested} cells or more, and {max} are accepted; save the sheet as CSV"
        );
    }
    format!("it is damaged, or of a kind that isn't read ({error}); save the sheet as CSV")
}
