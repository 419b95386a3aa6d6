//! [`Reader`]: a table in a Parquet file, part by part.

use std::fs::File;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use veilcast_card::CardDigest;
use veilcast_card::guarded;
use veilcast_files::{ReadError, parquet_metadata};
use veilcast_protocol::KeyFingerprint;

use crate::fault::{Fault, Place, TableError};
use crate::format::COMMON;
use crate::kind::Kind;
use crate::part::Part;
use crate::rows;

/// About how many bytes a part has at most, if its rows are as large as each other.
const PART_BYTES: i64 = 32 << 20;

/// Reads a table in a Parquet file, in memory that doesn't grow with it. Its rows must be of one key and one card.
pub struct Reader {
    name: String,
    file: File,
    metadata: ArrowReaderMetadata,
    kind: Kind,
    /// Without the messages.
    is_brief: bool,
    row_group: usize,
    reading: Option<ParquetRecordBatchReader>,
    first_row: usize,
    /// What the first row says.
    seen: Option<(KeyFingerprint, CardDigest)>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({} of {})", self.kind, self.name)
    }
}

impl Reader {
    /// Opens a table.
    ///
    /// # Errors
    /// [`TableError`] if the file can't be read, or isn't a whole Parquet file, or not a table of this version.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        Self::new(path, false)
    }

    /// Opens a table, to read its rows without their messages.
    pub(crate) fn brief(path: &Path) -> Result<Self, TableError> {
        Self::new(path, true)
    }

    fn new(path: &Path, is_brief: bool) -> Result<Self, TableError> {
        let name = path.display().to_string();
        let place = Place {
            file: Some(name.clone()),
            ..Place::default()
        };
        let at = |fault: Fault| fault.at(place.clone());
        let file = File::open(path).map_err(|source| ReadError::io(&name, source));
        let file = file.map_err(|error| Fault::from(error).nowhere())?;
        // Its errors name the file.
        let metadata = guarded(|| parquet_metadata(&name, &file));
        let metadata = metadata.ok_or_else(|| at(unfit()))?;
        let metadata = metadata.map_err(|error| Fault::from(error).nowhere())?;
        let kind = Kind::of(metadata.schema()).map_err(at)?;
        Ok(Self {
            name,
            file,
            metadata,
            kind,
            is_brief,
            row_group: 0,
            reading: None,
            first_row: 0,
            seen: None,
        })
    }

    /// What the table holds.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// How many groups the table has, as it says itself.
    pub fn groups(&self) -> usize {
        let row_groups = self.metadata.metadata().row_groups().iter();
        let rows = row_groups.map(|group| usize::try_from(group.num_rows()).unwrap_or(0));
        rows.fold(0, usize::saturating_add)
    }

    /// How many row groups the file has.
    pub fn row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    fn place(&self) -> Place {
        Place {
            file: Some(self.name.clone()),
            row_group: Some(self.row_group),
            ..Place::default()
        }
    }

    /// The next rows; none at the end.
    fn advance(&mut self) -> Result<Option<RecordBatch>, Fault> {
        let damaged = |error: &dyn std::error::Error| Fault::Damaged(error.to_string());
        loop {
            if self.reading.is_none() {
                if self.row_group == self.row_groups() {
                    return Ok(None);
                }
                self.reading = Some(self.row_group_reader()?);
                self.first_row = 0;
            }
            let reading = self.reading.as_mut();
            match reading.and_then(|reading| guarded(|| reading.next()).unwrap_or(None)) {
                Some(Ok(rows)) if rows.num_rows() == 0 => {}
                Some(rows) => return rows.map(Some).map_err(|error| damaged(&error)),
                None => {
                    self.reading = None;
                    let group = self.metadata.metadata().row_group(self.row_group);
                    // A reader that ends early has met something that it can't read.
                    if usize::try_from(group.num_rows()) != Ok(self.first_row) {
                        return Err(unfit());
                    }
                    self.row_group += 1;
                }
            }
        }
    }

    fn row_group_reader(&self) -> Result<ParquetRecordBatchReader, Fault> {
        let file = self.file.try_clone();
        let file = file.map_err(|error| Fault::Damaged(error.to_string()))?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let group = self.metadata.metadata().row_group(self.row_group);
        let each = (group.total_byte_size() / group.num_rows().max(1)).max(1);
        let at_once = usize::try_from((PART_BYTES / each).max(1)).unwrap_or(1);
        let mut builder = builder
            .with_row_groups(vec![self.row_group])
            .with_batch_size(at_once.min(1 << 16));
        if self.is_brief {
            let schema = builder.parquet_schema();
            let mask = ProjectionMask::columns(schema, COMMON);
            builder = builder.with_projection(mask);
        }
        let reader = guarded(|| builder.build()).ok_or_else(unfit)?;
        reader.map_err(|error| Fault::Damaged(error.to_string()))
    }

    /// Checks that rows are of the key and the card of those before.
    fn check(&mut self, part: &Part) -> Result<(), TableError> {
        let groups = match self.kind {
            _ if self.is_brief => rows::common(part)?,
            Kind::Requests => rows::requests(part)?.groups,
            Kind::Answers => rows::answers(part)?.groups,
        };
        if let Some(first) = groups.first() {
            let (key, card) = *self.seen.get_or_insert((first.key, first.card));
            first.check_like(key, card)?;
        }
        Ok(())
    }
}

impl Iterator for Reader {
    type Item = Result<Part, TableError>;

    /// The next part of the table. After an error there are no more.
    fn next(&mut self) -> Option<Self::Item> {
        let place = self.place();
        let part = match self.advance() {
            Ok(None) => return None,
            Ok(Some(rows)) => Part {
                first_row: self.first_row,
                row_group: Some(self.row_group),
                file: Some(self.name.clone()),
                rows,
            },
            Err(fault) => {
                self.end();
                return Some(Err(fault.at(place)));
            }
        };
        self.first_row += part.rows.num_rows();
        if let Err(error) = self.check(&part) {
            self.end();
            return Some(Err(error));
        }
        Some(Ok(part))
    }
}

impl Reader {
    fn end(&mut self) {
        self.reading = None;
        self.row_group = self.row_groups();
    }
}

/// What the library panics on, or leaves out.
fn unfit() -> Fault {
    Fault::Damaged("its parts don't fit together".into())
}
