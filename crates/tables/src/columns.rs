//! Columns as engines hand them over: of every binary, text and integer type.

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, LargeBinaryArray, LargeStringArray, RecordBatch, UInt32Array};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::DataType;

use crate::fault::Fault;

/// A number that doesn't fit is an error, not a missing one.
const STRICT: CastOptions<'static> = CastOptions {
    safe: false,
    format_options: arrow_cast::display::FormatOptions::new(),
};

/// A column of texts.
pub(crate) fn texts(rows: &RecordBatch, name: &'static str) -> Result<LargeStringArray, Fault> {
    let column = column(rows, name)?;
    let is_text = |data_type: &DataType| {
        matches!(
            data_type,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        )
    };
    let fits = match column.data_type() {
        DataType::Dictionary(_, values) => is_text(values),
        // Of a column without any text.
        DataType::Null => true,
        data_type => is_text(data_type),
    };
    if !fits {
        return Err(wrong(column, name, "texts"));
    }
    let texts = cast_with_options(column, &DataType::LargeUtf8, &STRICT);
    let texts = texts.map_err(|_| wrong(column, name, "texts"))?;
    Ok(texts.as_string::<i64>().clone())
}

/// A column of bytes.
pub(crate) fn bytes(rows: &RecordBatch, name: &'static str) -> Result<LargeBinaryArray, Fault> {
    let column = column(rows, name)?;
    let fits = matches!(
        column.data_type(),
        DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
            | DataType::Null
    );
    if !fits {
        return Err(wrong(column, name, "bytes"));
    }
    let bytes = cast_with_options(column, &DataType::LargeBinary, &STRICT);
    let bytes = bytes.map_err(|_| wrong(column, name, "bytes"))?;
    Ok(bytes.as_binary::<i64>().clone())
}

/// A column of whole numbers below 2^32.
pub(crate) fn numbers(rows: &RecordBatch, name: &'static str) -> Result<UInt32Array, Fault> {
    let column = column(rows, name)?;
    if !column.data_type().is_integer() {
        return Err(wrong(column, name, "whole numbers"));
    }
    let numbers = cast_with_options(column, &DataType::UInt32, &STRICT);
    let numbers = numbers.map_err(|_| Fault::Number(name))?;
    Ok(numbers.as_primitive::<UInt32Type>().clone())
}

fn column<'a>(rows: &'a RecordBatch, name: &'static str) -> Result<&'a ArrayRef, Fault> {
    rows.column_by_name(name).ok_or(Fault::MissingColumn(name))
}

fn wrong(column: &ArrayRef, name: &'static str, expected: &'static str) -> Fault {
    Fault::ColumnType {
        column: name,
        expected,
        found: column.data_type().to_string(),
    }
}
