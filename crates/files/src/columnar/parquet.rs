//! Parquet files.

use std::fs::File;

use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

use super::cells::rows;
use super::fault::damaged;
use crate::ReadError;
use crate::content::Content;
use crate::table::Rows;

const FORMAT: &str = "Parquet";

/// The rows of a Parquet file.
pub(crate) fn open(content: Content) -> Result<Rows, ReadError> {
    let name = content.name.clone();
    let (file, _) = content.file()?;
    let file = file.into_inner();
    let metadata = parquet_metadata(&name, &file)?;
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    let schema = reader.schema().clone();
    let batches = reader.build();
    let batches = batches.map_err(|error| damaged(&name, FORMAT, &error.to_string()))?;
    let file = name.clone();
    let batches =
        batches.map(move |batch| batch.map_err(|error| damaged(&file, FORMAT, &error.to_string())));
    rows((&name, FORMAT), &schema, batches)
}

/// What a Parquet file says about itself, checked before anything of that size is allocated.
///
/// The library may panic on a damaged file: see [`guarded`](veilcast_card::guarded).
///
/// # Errors
/// [`ReadError`] if it isn't one, or doesn't hold what it says, or is compressed in a way that isn't built in.
pub fn parquet_metadata(name: &str, file: &File) -> Result<ArrowReaderMetadata, ReadError> {
    let length = file
        .metadata()
        .map_err(|source| ReadError::io(name, source))?;
    let metadata = ArrowReaderMetadata::load(file, ArrowReaderOptions::default());
    let metadata = metadata.map_err(|error| damaged(name, FORMAT, &error.to_string()))?;
    let checked = check(metadata.metadata(), length.len());
    checked.map_err(|problem| match problem {
        Problem::Damaged => damaged(name, FORMAT, "a column isn't within the file"),
        Problem::Compression(method) => ReadError::Unusable {
            file: name.to_owned(),
            format: FORMAT,
            problem: format!("it is compressed with {method}; write it with Snappy or Zstandard"),
        },
    })?;
    Ok(metadata)
}

enum Problem {
    /// The file doesn't hold what it says.
    Damaged,
    /// A method of compression that isn't built in.
    Compression(&'static str),
}

/// Checks what a file says about itself, before anything of that size is allocated.
fn check(metadata: &ParquetMetaData, bytes: u64) -> Result<(), Problem> {
    let groups = metadata.row_groups().iter();
    for column in groups.flat_map(|group| group.columns()) {
        if !is_within(column, bytes) {
            return Err(Problem::Damaged);
        }
        match column.compression() {
            Compression::BROTLI(_) => return Err(Problem::Compression("Brotli")),
            Compression::LZO => return Err(Problem::Compression("LZO")),
            _ => {}
        }
    }
    Ok(())
}

/// Whether a column's pages are where the file has bytes.
fn is_within(column: &ColumnChunkMetaData, bytes: u64) -> bool {
    let start = column.dictionary_page_offset();
    let start = u64::try_from(start.unwrap_or(column.data_page_offset()));
    let length = u64::try_from(column.compressed_size());
    let end = start.ok().zip(length.ok());
    end.and_then(|(start, length)| start.checked_add(length))
        .is_some_and(|end| end <= bytes)
}
