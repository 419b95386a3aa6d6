//! What tests of several formats of tables share.
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use veilcast_files::table::Reading;
use veilcast_files::{ReadError, open_table};

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// A table in one of the formats, as the library that people use for it wrote it.
pub(crate) fn fixture(name: &str) -> PathBuf {
    repository("testdata/fixtures/tables").join(name)
}

pub(crate) fn file(content: impl AsRef<[u8]>) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), content).unwrap();
    file
}

/// All cells of a table, its header first.
pub(crate) fn cells(path: &Path) -> Result<Vec<Vec<String>>, ReadError> {
    let mut rows = open_table(path, &Reading::default())?;
    let mut all = vec![rows.header().to_vec()];
    while let Some(row) = rows.next_row()? {
        let cells = (0..all[0].len()).map(|place| row.cell(place).map(str::to_owned));
        all.push(cells.collect::<Result<_, _>>()?);
    }
    Ok(all)
}

/// The error that reading all of a file's cells ends with.
pub(crate) fn error(content: impl AsRef<[u8]>) -> String {
    let file = file(content);
    let error = cells(file.path()).expect_err("it can't be read");
    error.to_string()
}

/// Reads a file with one of its bytes changed, for some of its bytes: whatever comes of it, it isn't a
/// panic. Gives how many were refused.
pub(crate) fn refused_when_changed(content: &[u8], every: usize) -> usize {
    let (mut changed, file) = (content.to_vec(), file([]));
    let mut refused = 0;
    for place in (0..content.len()).step_by(every) {
        for byte in [0, 0xff, content[place] ^ 1, content[place].wrapping_add(16)] {
            changed[place] = byte;
            fs::write(file.path(), &changed).unwrap();
            refused += usize::from(cells(file.path()).is_err());
        }
        changed[place] = content[place];
    }
    refused
}
