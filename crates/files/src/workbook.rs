//! Workbooks of Excel and OpenDocument: the first sheet that isn't empty, read as CSV of the same
//! cells would be.

use crate::ReadError;
use crate::content::Content;
use crate::table::Rows;

/// The rows of a workbook's sheet.
#[cfg(not(feature = "excel"))]
pub(crate) fn open(content: Content) -> Result<Rows, ReadError> {
    Err(ReadError::OtherFormat {
        file: content.name,
        what: "a workbook",
        advice: "this program was built without what reads it: save the sheet as CSV",
    })
}

#[cfg(feature = "excel")]
pub(crate) use self::built_in::open;

#[cfg(feature = "excel")]
mod built_in {
    use std::io::{Cursor, Read as _};
    use std::sync::Arc;

    use calamine::{Data, ExcelDateTime, Reader, open_workbook_auto_from_rs};

    use super::{Content, ReadError, Rows};
    use crate::rendered::{Rendered, csv_line};
    use crate::table::Said;

    /// Largest workbook accepted, in bytes: it is kept in memory.
    const MAX_BYTES: u64 = 256 << 20;

    /// The rows of a workbook's first sheet that isn't empty.
    pub(crate) fn open(content: Content) -> Result<Rows, ReadError> {
        let name = content.name.clone();
        let damaged = |problem: String| ReadError::Columnar {
            file: name.clone(),
            format: "a workbook",
            problem,
        };
        let (mut file, bytes) = content.file()?;
        if bytes > MAX_BYTES {
            return Err(ReadError::FileTooLarge { file: name, bytes });
        }
        let mut all = Vec::new();
        let read = file.read_to_end(&mut all);
        read.map_err(|source| ReadError::io(&name, source))?;
        let workbook = open_workbook_auto_from_rs(Cursor::new(Arc::<[u8]>::from(all)));
        let mut workbook = workbook.map_err(|error| damaged(error.to_string()))?;
        let mut sheets = Vec::new();
        for sheet in workbook.sheet_names() {
            let range = workbook.worksheet_range(&sheet);
            let range = range.map_err(|error| damaged(error.to_string()))?;
            if !range.is_empty() {
                sheets.push((sheet, range));
            }
        }
        let others = sheets.len().saturating_sub(1);
        let Some((sheet, range)) = sheets.into_iter().next() else {
            return Err(ReadError::Empty { file: name });
        };
        let rows: Vec<Vec<Data>> = range.rows().map(<[Data]>::to_vec).collect();
        let filled = rows
            .into_iter()
            .filter(|row| row.iter().any(|cell| *cell != Data::Empty));
        let lines = filled.map(|row| {
            let cells: Vec<String> = row.iter().map(text).collect();
            csv_line(cells.iter().map(String::as_str))
        });
        let rows = Rows::rendered(&name, Box::new(Rendered::new(lines)))?;
        Ok(rows.with_said(Said::Sheet {
            name: sheet,
            others,
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
            Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
            Data::Error(error) => error.to_string(),
        }
    }

    /// A date, with the time of day unless it is midnight.
    fn date_text(date: &ExcelDateTime) -> String {
        let (year, month, day, hours, minutes, seconds, _) = date.to_ymd_hms_milli();
        match (hours, minutes, seconds) {
            (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
            _ => {
                format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}")
            }
        }
    }
}
