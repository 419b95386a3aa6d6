//! Rows as a stream of Arrow, in memory: how they come from other languages.

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, SchemaRef};
use veilcast_card::guarded;

use crate::fault::{Fault, TableError};

/// The rows of a stream.
///
/// # Errors
/// [`TableError`] if the bytes aren't a whole stream.
pub fn read(stream: &[u8]) -> Result<Vec<RecordBatch>, TableError> {
    let all = || -> Result<Vec<RecordBatch>, ArrowError> {
        StreamReader::try_new(stream, None)?.collect()
    };
    // The library panics on some damaged streams.
    let read = guarded(all);
    let read = read.unwrap_or_else(|| {
        let unfit = "its parts don't fit together".to_owned();
        Err(ArrowError::IpcError(unfit))
    });
    read.map_err(|error| Fault::Damaged(error.to_string()).nowhere())
}

/// A stream of rows, which have this schema.
pub fn write(schema: &SchemaRef, rows: &[RecordBatch]) -> Vec<u8> {
    let write = || -> Result<Vec<u8>, ArrowError> {
        let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
        for rows in rows {
            writer.write(rows)?;
        }
        writer.into_inner()
    };
    write().expect("memory can be written, and the rows have the schema")
}
