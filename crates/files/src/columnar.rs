//! Tables in files of columns, Parquet and Arrow: read as CSV of the same cells would be.

#[cfg(feature = "parquet")]
mod arrow;
#[cfg(feature = "parquet")]
mod cells;
#[cfg(feature = "parquet")]
mod fault;
#[cfg(feature = "parquet")]
mod parquet;

#[cfg(feature = "parquet")]
pub use self::parquet::parquet_metadata;

#[cfg(feature = "parquet")]
pub(crate) use self::built_in::{arrow, arrow_stream, parquet};
#[cfg(not(feature = "parquet"))]
pub(crate) use self::not_built_in::{arrow, arrow_stream, parquet};

#[cfg(not(feature = "parquet"))]
mod not_built_in {
    use crate::ReadError;
    use crate::content::Content;
    use crate::table::Rows;

    pub(crate) fn parquet(content: Content) -> Result<Rows, ReadError> {
        Err(lacks(content, "a Parquet file"))
    }

    pub(crate) fn arrow(content: Content) -> Result<Rows, ReadError> {
        Err(lacks(content, "an Arrow file"))
    }

    pub(crate) fn arrow_stream(content: Content) -> Result<Rows, ReadError> {
        Err(lacks(content, "a stream of Arrow"))
    }

    fn lacks(content: Content, what: &'static str) -> ReadError {
        ReadError::NotBuiltIn {
            file: content.name,
            what,
        }
    }
}

#[cfg(feature = "parquet")]
mod built_in {
    use super::fault::{UNFIT, damaged};
    use crate::ReadError;
    use crate::content::Content;
    use crate::table::Rows;
    use veilcast_card::guarded;

    /// The rows of a Parquet file.
    pub(crate) fn parquet(content: Content) -> Result<Rows, ReadError> {
        open(content, "Parquet", super::parquet::open)
    }

    /// The rows of an Arrow file.
    pub(crate) fn arrow(content: Content) -> Result<Rows, ReadError> {
        open(content, "Arrow", super::arrow::file)
    }

    /// The rows of a stream of Arrow.
    pub(crate) fn arrow_stream(content: Content) -> Result<Rows, ReadError> {
        open(content, "Arrow", super::arrow::stream)
    }

    fn open(
        content: Content,
        format: &'static str,
        open: impl FnOnce(Content) -> Result<Rows, ReadError>,
    ) -> Result<Rows, ReadError> {
        let name = content.name.clone();
        let opened = guarded(|| open(content));
        opened.unwrap_or_else(|| Err(damaged(&name, format, UNFIT)))
    }
}
