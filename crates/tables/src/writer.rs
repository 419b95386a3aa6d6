//! [`Writer`]: a table into a Parquet file, which appears whole or not at all.

use std::path::Path;

use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use veilcast_files::{OutputFile, Readers};

use crate::fault::{Fault, Place, TableError};
use crate::kind::Kind;

/// About how many bytes a row group has.
const ROW_GROUP_BYTES: usize = 64 << 20;

/// Writes a table. The file has its name once it is finished; if the writer is dropped before, nothing is left.
pub struct Writer {
    name: String,
    kind: Kind,
    writer: ArrowWriter<OutputFile>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Writer({} to {})", self.kind, self.name)
    }
}

impl Writer {
    /// Begins a table.
    ///
    /// # Errors
    /// [`TableError`] if there is a file that isn't to be replaced, or none can be written there.
    pub fn create(path: &Path, overwrite: bool, kind: Kind) -> Result<Self, TableError> {
        let file = OutputFile::create(path, overwrite, Readers::Usual);
        let file = file.map_err(|error| Fault::from(error).nowhere())?;
        let name = path.display().to_string();
        let writer = ArrowWriter::try_new(file, kind.schema(), Some(properties(kind)));
        let writer = writer.map_err(|error| failed(&name, &error))?;
        Ok(Self { name, kind, writer })
    }

    /// Adds rows, as [`encrypt`](crate::encrypt) or [`score`](crate::score) returned them.
    ///
    /// # Errors
    /// [`TableError`] if they are of the other kind, or can't be written.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<(), TableError> {
        let expected = self.kind.expect(rows.schema_ref());
        expected.map_err(|fault| fault.at(place(&self.name)))?;
        let written = self.writer.write(rows);
        written.map_err(|error| failed(&self.name, &error))
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// [`TableError`] if the rest can't be written, or there is a file by now that isn't to be replaced.
    pub fn finish(self) -> Result<(), TableError> {
        let file = self.writer.into_inner();
        let file = file.map_err(|error| failed(&self.name, &error))?;
        file.finish().map_err(|error| Fault::from(error).nowhere())
    }
}

/// Ciphertexts are uniform: they don't compress, no two are the same, and their order means nothing.
fn properties(kind: Kind) -> WriterProperties {
    let properties = WriterProperties::builder()
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_compression(Compression::UNCOMPRESSED)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_created_by(concat!("veilcast ", env!("CARGO_PKG_VERSION")).to_owned());
    let messages = kind.messages().iter();
    let properties = messages.fold(properties, |properties, &column| {
        properties.set_column_dictionary_enabled(ColumnPath::from(column), false)
    });
    properties.build()
}

fn place(name: &str) -> Place {
    Place {
        file: Some(name.to_owned()),
        ..Place::default()
    }
}

fn failed(name: &str, error: &ParquetError) -> TableError {
    Fault::Write(error.to_string()).at(place(name))
}
