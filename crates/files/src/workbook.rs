//! Workbooks of Excel and OpenDocument: the first visible sheet that isn't empty, read as CSV of the
//! same cells would be.

#[cfg(feature = "excel")]
mod sheet;
#[cfg(feature = "excel")]
mod unpacked;

#[cfg(feature = "excel")]
pub(crate) use self::built_in::open;
#[cfg(not(feature = "excel"))]
pub(crate) use self::not_built_in::open;

#[cfg(not(feature = "excel"))]
mod not_built_in {
    use crate::ReadError;
    use crate::content::Content;
    use crate::table::Rows;

    pub(crate) fn open(content: Content) -> Result<Rows, ReadError> {
        Err(ReadError::NotBuiltIn {
            file: content.name,
            what: "a workbook",
        })
    }
}

#[cfg(feature = "excel")]
mod built_in {
    use std::io::{Cursor, Read as _};

    use calamine::{Data, Error, Ods, Range, Reader, SheetVisible, Xls, Xlsb, Xlsx, XlsxError};

    use super::sheet::{self, Cells};
    use super::unpacked::{self, Bytes, Kind};
    use crate::ReadError;
    use crate::content::Content;
    use crate::rendered::Rendered;
    use crate::table::{Rows, Said};
    use veilcast_card::guarded;

    /// What is known of a workbook that the library panics on.
    const UNFIT: &str = "it is damaged (its parts don't fit together); save the sheet as CSV";
    /// Largest workbook accepted, in bytes: it is kept in memory.
    const MAX_BYTES: u64 = 256 << 20;

    /// The rows of a workbook's first visible sheet that isn't empty.
    pub(crate) fn open(content: Content) -> Result<Rows, ReadError> {
        let name = content.name.clone();
        let unusable = |problem: String| ReadError::Unusable {
            file: name.clone(),
            format: "a workbook",
            problem,
        };
        let (mut file, bytes) = content.file()?;
        if bytes > MAX_BYTES {
            let limit = MAX_BYTES;
            let problem = format!(
                "it has {bytes} bytes, more than the {limit} accepted; save the sheet as CSV"
            );
            return Err(unusable(problem));
        }
        let mut all = Vec::new();
        let read = file.read_to_end(&mut all);
        read.map_err(|source| ReadError::io(&name, source))?;
        let bytes: Bytes = Cursor::new(all.into());
        let sheets = guarded(|| sheets(&bytes));
        let sheets = sheets
            .unwrap_or_else(|| Err(UNFIT.to_owned()))
            .map_err(unusable)?;
        let others = sheets.len().saturating_sub(1);
        let Some((title, cells)) = sheets.into_iter().next() else {
            return Err(unusable("all visible sheets are empty".to_owned()));
        };
        let file = name.clone();
        let lines = sheet::lines(cells);
        let lines = lines.map(move |line| line.map_err(|source| ReadError::io(&file, source)));
        let rows = Rows::rendered(&name, Box::new(Rendered::new(lines)), Vec::new())?;
        Ok(rows.with_said(Said::Sheet {
            name: title,
            others,
        }))
    }

    /// The visible sheets that aren't empty, with their names; or what is wrong.
    fn sheets(bytes: &Bytes) -> Result<Vec<(String, Range<Data>)>, String> {
        match unpacked::kind(bytes)? {
            Kind::Xls => {
                // Encrypted workbooks of later versions are within such files too.
                let workbook = Xls::new(bytes.clone()).map_err(|error| {
                    let later = Xlsx::new(bytes.clone()).err();
                    match later.map(Error::Xlsx) {
                        Some(later) if sheet::is_password(&later) => later,
                        _ => Error::Xls(error),
                    }
                });
                filled(&mut workbook.map_err(wrong)?, |workbook, sheet| {
                    workbook.worksheet_range(sheet).map_err(wrong)
                })
            }
            Kind::Xlsx => {
                let mut workbook = Xlsx::new(bytes.clone()).map_err(wrong)?;
                filled(&mut workbook, |workbook, sheet| {
                    match workbook.worksheet_cells_reader(sheet) {
                        Ok(mut reader) => Cells::range(|| reader.next_cell().map_err(wrong)),
                        // A chart has a sheet of its own.
                        Err(XlsxError::NotAWorksheet(_)) => Ok(Range::empty()),
                        Err(error) => Err(wrong(error)),
                    }
                })
            }
            Kind::Xlsb => {
                let mut workbook = Xlsb::new(bytes.clone()).map_err(wrong)?;
                filled(&mut workbook, |workbook, sheet| {
                    let reader = workbook.worksheet_cells_reader(sheet);
                    let mut reader = reader.map_err(wrong)?;
                    Cells::range(|| reader.next_cell().map_err(wrong))
                })
            }
            Kind::Ods => {
                let mut workbook = Ods::new(bytes.clone()).map_err(wrong)?;
                filled(&mut workbook, |workbook, sheet| {
                    workbook.worksheet_range(sheet).map_err(wrong)
                })
            }
        }
    }

    fn wrong(error: impl Into<Error>) -> String {
        sheet::words(&error.into())
    }

    /// The visible sheets of a workbook that aren't empty.
    fn filled<W: Reader<Bytes>>(
        workbook: &mut W,
        mut read: impl FnMut(&mut W, &str) -> Result<Range<Data>, String>,
    ) -> Result<Vec<(String, Range<Data>)>, String> {
        let visible = |sheet: &&calamine::Sheet| sheet.visible == SheetVisible::Visible;
        let all = workbook.sheets_metadata().iter().filter(visible);
        let names: Vec<String> = all.map(|sheet| sheet.name.clone()).collect();
        let mut sheets = Vec::new();
        for name in names {
            let range = read(workbook, &name)?;
            if !sheet::is_blank(&range) {
                sheets.push((name, range));
            }
        }
        Ok(sheets)
    }
}
