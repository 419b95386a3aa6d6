//! Tables in files of columns, Parquet and Arrow: read as CSV of the same cells would be.

use crate::ReadError;
use crate::content::Content;
use crate::table::Rows;

#[cfg(not(feature = "parquet"))]
const LACKS: &str = "this program was built without what reads it: save the table as CSV";

/// The rows of a Parquet file.
#[cfg(not(feature = "parquet"))]
pub(crate) fn parquet(content: Content) -> Result<Rows, ReadError> {
    Err(ReadError::OtherFormat {
        file: content.name,
        what: "a Parquet file",
        advice: LACKS,
    })
}

/// The rows of an Arrow file.
#[cfg(not(feature = "parquet"))]
pub(crate) fn arrow(content: Content) -> Result<Rows, ReadError> {
    Err(ReadError::OtherFormat {
        file: content.name,
        what: "an Arrow file",
        advice: LACKS,
    })
}

#[cfg(feature = "parquet")]
pub(crate) use self::built_in::{arrow, parquet};

#[cfg(feature = "parquet")]
mod built_in {
    use std::io;

    use arrow_array::RecordBatch;
    use arrow_cast::display::{ArrayFormatter, FormatOptions};
    use arrow_ipc::reader::FileReader;
    use arrow_schema::{ArrowError, Schema};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::{Content, ReadError, Rows};
    use crate::rendered::{Rendered, csv_line};

    /// The rows of a Parquet file.
    pub(crate) fn parquet(content: Content) -> Result<Rows, ReadError> {
        const FORMAT: &str = "Parquet";
        let name = content.name.clone();
        let (file, _) = content.file()?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file.into_inner());
        let reader = reader.map_err(|error| damaged(&name, FORMAT, error.to_string()))?;
        let schema = reader.schema().clone();
        let batches = reader.build();
        let batches = batches.map_err(|error| damaged(&name, FORMAT, error.to_string()))?;
        rows(&name, &schema, batches)
    }

    /// The rows of an Arrow file.
    pub(crate) fn arrow(content: Content) -> Result<Rows, ReadError> {
        let name = content.name.clone();
        let (file, _) = content.file()?;
        let reader = FileReader::try_new(file, None);
        let reader = reader.map_err(|error| damaged(&name, "Arrow", error.to_string()))?;
        let schema = reader.schema();
        rows(&name, &schema, reader)
    }

    fn rows(
        name: &str,
        schema: &Schema,
        batches: impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + 'static,
    ) -> Result<Rows, ReadError> {
        let titles = schema.fields().iter().map(|field| field.name().as_str());
        let header = csv_line(titles).map_err(|source| ReadError::io(name, source))?;
        let chunks = batches.map(|batch| csv(&batch.map_err(io::Error::other)?));
        let csv = Rendered::new(std::iter::once(Ok(header)).chain(chunks));
        Rows::rendered(name, Box::new(csv))
    }

    /// The lines of a batch's rows. A missing value is an empty cell.
    fn csv(batch: &RecordBatch) -> io::Result<Vec<u8>> {
        let options = FormatOptions::default();
        let columns = batch.columns().iter();
        let columns = columns.map(|column| ArrayFormatter::try_new(column, &options));
        let columns = columns.collect::<Result<Vec<_>, _>>();
        let columns = columns.map_err(io::Error::other)?;
        let mut lines = Vec::new();
        for row in 0..batch.num_rows() {
            let cells = columns
                .iter()
                .map(|column| column.value(row).try_to_string());
            let cells = cells.collect::<Result<Vec<_>, _>>();
            let cells = cells.map_err(io::Error::other)?;
            lines.extend(csv_line(cells.iter().map(String::as_str))?);
        }
        Ok(lines)
    }

    fn damaged(file: &str, format: &'static str, problem: String) -> ReadError {
        ReadError::Columnar {
            file: file.to_owned(),
            format,
            problem,
        }
    }
}
