//! The cells of columns as texts.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, DataType, Schema, TimeUnit};

use super::fault::{UNFIT, damaged};
use crate::ReadError;
use crate::rendered::{Rendered, csv_line};
use crate::table::Rows;
use veilcast_card::guarded;

/// How moments are written.
const MOMENT: &str = "%Y-%m-%dT%H:%M:%S%.f";
/// How moments are written that are known with their time zone: as those of UTC.
const IN_UTC: &str = "%Y-%m-%dT%H:%M:%S%.fZ";

/// The rows of batches of columns.
pub(super) fn rows(
    (name, format): (&str, &'static str),
    schema: &Schema,
    batches: impl Iterator<Item = Result<RecordBatch, ReadError>> + Send + 'static,
) -> Result<Rows, ReadError> {
    if schema.fields().is_empty() {
        return Err(ReadError::Empty {
            file: name.to_owned(),
        });
    }
    let fields = schema.fields().iter();
    let nested = fields.map(|field| nested(field.data_type())).collect();
    let titles = schema.fields().iter().map(|field| field.name().as_str());
    let header = csv_line(titles).map_err(|source| ReadError::io(name, source));
    let file = name.to_owned();
    let mut batches = batches;
    let mut next = move || {
        let batch = match batches.next()? {
            Ok(batch) => batch,
            Err(error) => return Some(Err(error)),
        };
        let lines = lines(&batch);
        Some(lines.map_err(|error| damaged(&file, format, &error.to_string())))
    };
    let at = name.to_owned();
    let chunks = std::iter::from_fn(move || {
        guarded(&mut next).unwrap_or_else(|| Some(Err(damaged(&at, format, UNFIT))))
    });
    let csv = Rendered::new(std::iter::once(header).chain(chunks));
    Rows::rendered(name, Box::new(csv), nested)
}

/// What values are called that aren't a single number or text, and so no cell of a table.
fn nested(kind: &DataType) -> Option<&'static str> {
    match kind {
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => Some("lists"),
        DataType::Struct(_) => Some("records of several fields"),
        DataType::Map(..) => Some("maps"),
        DataType::Union(..) => Some("values of different types"),
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => Some("bytes"),
        DataType::Dictionary(_, values) => nested(values),
        DataType::RunEndEncoded(_, values) => nested(values.data_type()),
        _ => None,
    }
}

/// The lines of a batch's rows. A missing value is an empty cell.
fn lines(batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let options = FormatOptions::default().with_display_error(false);
    let in_utc = options.clone().with_timestamp_format(Some(IN_UTC));
    let options = options.with_timestamp_format(Some(MOMENT));
    let columns: Vec<(ArrayRef, bool)> = batch.columns().iter().map(without_zone).collect();
    let columns = columns.iter().map(|(column, had_zone)| {
        if nested(column.data_type()).is_some() {
            return Ok(None);
        }
        let options = if *had_zone { &in_utc } else { &options };
        ArrayFormatter::try_new(column, options).map(Some)
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let mut lines = Vec::new();
    for row in 0..batch.num_rows() {
        let cells = columns.iter().map(|column| match column {
            Some(column) => column.value(row).try_to_string(),
            None => Ok(String::new()),
        });
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        lines.extend(csv_line(cells.iter().map(String::as_str))?);
    }
    Ok(lines)
}

/// A column without its time zone, and whether it had one. Moments are kept in UTC, and only their
/// display would need a list of the world's zones.
fn without_zone(column: &ArrayRef) -> (ArrayRef, bool) {
    macro_rules! of {
        ($unit:ty) => {
            Arc::new(
                column
                    .as_primitive::<$unit>()
                    .clone()
                    .with_timezone_opt(None::<Arc<str>>),
            )
        };
    }
    let DataType::Timestamp(unit, Some(_)) = column.data_type() else {
        return (column.clone(), false);
    };
    let column: ArrayRef = match unit {
        TimeUnit::Second => of!(TimestampSecondType),
        TimeUnit::Millisecond => of!(TimestampMillisecondType),
        TimeUnit::Microsecond => of!(TimestampMicrosecondType),
        TimeUnit::Nanosecond => of!(TimestampNanosecondType),
    };
    (column, true)
}
