//! What kind of workbook a file is, and that it isn't vastly larger than it looks.

use std::io::{self, Cursor, Read as _};
use std::sync::Arc;

use zip::ZipArchive;
use zip::result::ZipError;

/// A workbook's bytes, shared by those who read them.
pub(super) type Bytes = Cursor<Arc<[u8]>>;

/// Most bytes that a workbook's parts may have, unpacked.
const MAX_UNPACKED: u64 = 1 << 30;

/// The formats of workbooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Excel up to 2003.
    Xls,
    Xlsx,
    Xlsb,
    /// OpenDocument.
    Ods,
}

/// The kind of a workbook, whose parts are all there; or what is wrong.
pub(super) fn kind(bytes: &Bytes) -> Result<Kind, String> {
    if !bytes.get_ref().starts_with(b"PK") {
        return Ok(Kind::Xls);
    }
    let archive = ZipArchive::new(bytes.clone());
    let mut archive = archive.map_err(|error| damaged(&error))?;
    let mut left = MAX_UNPACKED;
    let mut kind = None;
    for part in 0..archive.len() {
        let part = archive.by_index(part).map_err(|error| damaged(&error))?;
        let name = part.name().map_err(|error| damaged(&error))?;
        kind = match name.trim_start_matches('/') {
            "xl/workbook.xml" => Some(Kind::Xlsx),
            "xl/workbook.bin" => Some(Kind::Xlsb),
            "content.xml" => kind.or(Some(Kind::Ods)),
            _ => kind,
        };
        drop(name);
        // What a part says about its size need not be so.
        let read = io::copy(&mut part.take(left + 1), &mut io::sink());
        let read = read.map_err(|error| damaged(&error.into()))?;
        let Some(rest) = left.checked_sub(read) else {
            return Err(format!(
                "it has more than {MAX_UNPACKED} bytes when it is unpacked; save the sheet as CSV"
            ));
        };
        left = rest;
    }
    kind.ok_or_else(|| "it is a ZIP archive without a workbook in it".to_owned())
}

fn damaged(error: &ZipError) -> String {
    format!("it is damaged, or cut off ({error})")
}
