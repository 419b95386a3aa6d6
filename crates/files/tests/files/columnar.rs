//! Parquet and Arrow: every kind of column reads as the CSV of the same cells would, and damaged files
//! are refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{panic, thread};

use arrow_array::builder::{Int32Builder, ListBuilder};
use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
    Float32Array, Float64Array, Int64Array, LargeStringArray, NullArray, RecordBatch, StringArray,
    StringViewArray, StructArray, TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::{DataType, Field};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::metadata::{
    ColumnChunkMetaDataBuilder, ParquetMetaDataReader, ParquetMetaDataWriter,
};
use parquet::file::properties::WriterProperties;
use veilcast_card::silence_guarded_panics;
use veilcast_files::table::{Decimal, Reading};
use veilcast_files::{ReadError, open_table};

use crate::common::{cells, error, file, fixture, refused_when_changed, repository};

/// A column of each kind, of three rows; the last is missing wherever it can be.
fn every_kind() -> RecordBatch {
    let texts: DictionaryArray<Int8Type> =
        [Some("b, c"), Some("a\"\n"), None].into_iter().collect();
    let decimals = Decimal128Array::from(vec![Some(1250), Some(-7), None]);
    let moments = vec![Some(1_733_641_200_500_000), Some(0), None];
    let nanoseconds = TimestampNanosecondArray::from(vec![Some(-1_000_000_000), Some(1), None]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "whole",
            Arc::new(Int64Array::from(vec![Some(-3), Some(i64::MAX), None])),
        ),
        (
            "count",
            Arc::new(UInt64Array::from(vec![Some(0), Some(u64::MAX), None])),
        ),
        (
            "short",
            Arc::new(Float32Array::from(vec![Some(0.1), Some(-2.5e-9), None])),
        ),
        (
            "long",
            Arc::new(Float64Array::from(vec![Some(0.1 + 0.2), Some(1e300), None])),
        ),
        (
            "money",
            Arc::new(decimals.with_precision_and_scale(12, 2).unwrap()),
        ),
        (
            "truth",
            Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        ),
        ("coded", Arc::new(texts)),
        (
            "text",
            Arc::new(LargeStringArray::from(vec![Some("x"), Some("NA"), None])),
        ),
        (
            "view",
            Arc::new(StringViewArray::from(vec![
                Some("y"),
                Some("a text that is longer"),
                None,
            ])),
        ),
        (
            "day",
            Arc::new(Date32Array::from(vec![Some(20_065), Some(-1), None])),
        ),
        (
            "moment",
            Arc::new(TimestampMicrosecondArray::from(moments.clone())),
        ),
        (
            "there",
            Arc::new(TimestampMicrosecondArray::from(moments).with_timezone("Europe/Paris")),
        ),
        ("nanos", Arc::new(nanoseconds.with_timezone("+05:30"))),
        ("none", Arc::new(NullArray::new(3))),
    ];
    RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )
    .unwrap()
}

/// The same as a program would write it as CSV.
const AS_CSV: &str = "\
whole,count,short,long,money,truth,coded,text,view,day,moment,there,nanos,none
-3,0,0.1,0.30000000000000004,12.50,true,\"b, c\",x,y,2024-12-08,2024-12-08T07:00:00.500,2024-12-08T07:00:00.500Z,1969-12-31T23:59:59Z,
9223372036854775807,18446744073709551615,-2.5e-9,1e300,-0.07,false,\"a\"\"\n\",NA,a text that is longer,1969-12-31,1970-01-01T00:00:00,1970-01-01T00:00:00Z,1970-01-01T00:00:00.000000001Z,
,,,,,,,,,,,,,
";

fn as_parquet(batches: &[RecordBatch], compression: Compression) -> Vec<u8> {
    let properties = WriterProperties::builder().set_compression(compression);
    let properties = properties.set_max_row_group_row_count(Some(2)).build();
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut bytes, batches[0].schema(), Some(properties)).unwrap();
    batches
        .iter()
        .for_each(|batch| writer.write(batch).unwrap());
    writer.close().unwrap();
    bytes
}

fn options(compression: Option<CompressionType>) -> IpcWriteOptions {
    IpcWriteOptions::default()
        .try_with_compression(compression)
        .unwrap()
}

fn as_arrow(batches: &[RecordBatch], compression: Option<CompressionType>) -> Vec<u8> {
    let (mut bytes, options) = (Vec::new(), options(compression));
    let mut writer =
        FileWriter::try_new_with_options(&mut bytes, &batches[0].schema(), options).unwrap();
    batches
        .iter()
        .for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap();
    drop(writer);
    bytes
}

fn as_stream(batches: &[RecordBatch], compression: Option<CompressionType>) -> Vec<u8> {
    let (mut bytes, options) = (Vec::new(), options(compression));
    let mut writer =
        StreamWriter::try_new_with_options(&mut bytes, &batches[0].schema(), options).unwrap();
    batches
        .iter()
        .for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap();
    drop(writer);
    bytes
}

#[test]
fn every_kind_of_column_reads_as_the_csv_of_its_cells() {
    let batch = every_kind();
    let batches = [batch.slice(0, 1), batch.slice(1, 2)];
    let expected = cells(file(AS_CSV).path()).unwrap();
    assert_eq!(expected.len(), 4);
    for (compression, name) in [
        (Compression::UNCOMPRESSED, "plain"),
        (Compression::SNAPPY, "Snappy"),
        (Compression::GZIP(GzipLevel::default()), "gzip"),
        (Compression::LZ4_RAW, "LZ4"),
        (Compression::ZSTD(ZstdLevel::default()), "Zstandard"),
    ] {
        let file = file(as_parquet(&batches, compression));
        assert_eq!(cells(file.path()).unwrap(), expected, "{name}");
    }
    for compression in [
        None,
        Some(CompressionType::LZ4_FRAME),
        Some(CompressionType::ZSTD),
    ] {
        for bytes in [
            as_arrow(&batches, compression),
            as_stream(&batches, compression),
        ] {
            assert_eq!(
                cells(file(bytes).path()).unwrap(),
                expected,
                "{compression:?}"
            );
        }
    }
}

#[test]
fn tables_of_python_read_as_their_csv() {
    let expected = cells(&repository("testdata/tables/base-nam.csv")).unwrap();
    assert_eq!(expected.len(), 201);
    for name in ["plain.parquet", "plain.arrow", "plain.arrows"] {
        assert_eq!(cells(&fixture(name)).unwrap(), expected, "{name}");
    }
}

/// A number that isn't one reads as the CSV says it: training and predicting count it as missing.
#[test]
fn numbers_that_are_none_keep_their_spelling() {
    let column: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN, f64::INFINITY, -0.0]));
    let batch = RecordBatch::try_from_iter([("x", column)]).unwrap();
    let file = file(as_parquet(&[batch], Compression::SNAPPY));
    let read = cells(file.path()).unwrap().concat();
    assert_eq!(read[..3], ["x", "NaN", "inf"]);
}

#[test]
fn columns_of_lists_and_the_like_are_left_alone_unless_they_are_needed() {
    let mut lists = ListBuilder::new(Int32Builder::new());
    lists.append_value([Some(1), Some(2)]);
    lists.append_null();
    let fields = Arc::new(Field::new("x", DataType::Int64, true));
    let inner: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let batch = RecordBatch::try_from_iter([
        ("age", Arc::new(Int64Array::from(vec![7, 8])) as ArrayRef),
        ("tags", Arc::new(lists.finish())),
        ("place", Arc::new(StructArray::from(vec![(fields, inner)]))),
        ("photo", Arc::new(BinaryArray::from_vec(vec![b"a", b"b"]))),
        ("sex", Arc::new(StringArray::from(vec!["f", "m"]))),
    ])
    .unwrap();
    for bytes in [
        as_parquet(std::slice::from_ref(&batch), Compression::SNAPPY),
        as_arrow(std::slice::from_ref(&batch), None),
        as_stream(std::slice::from_ref(&batch), None),
    ] {
        let file = file(bytes);
        let mut rows = open_table(file.path(), &Reading::default()).unwrap();
        assert_eq!(rows.header(), ["age", "tags", "place", "photo", "sex"]);
        let row = rows.next_row().unwrap().unwrap();
        assert_eq!((row.cell(0).unwrap(), row.cell(4).unwrap()), ("7", "f"));
        for (place, told) in [
            (
                1,
                "the column \"tags\" holds lists, not numbers or texts; leave it out",
            ),
            (2, "the column \"place\" holds records of several fields"),
            (3, "the column \"photo\" holds bytes"),
        ] {
            let error = row.cell(place).unwrap_err();
            assert!(matches!(error, ReadError::Nested { .. }), "{error:?}");
            assert!(error.to_string().contains(told), "{error}");
        }
    }
}

#[test]
fn decimal_marks_are_not_for_numbers() {
    let reading = Reading {
        decimal: Some(Decimal::Comma),
        ..Reading::default()
    };
    for name in ["plain.parquet", "plain.arrow", "plain.arrows", "plain.xlsx"] {
        let error = open_table(&fixture(name), &reading)
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("so a decimal mark can't be chosen"),
            "{name}: {error}"
        );
    }
}

#[test]
fn files_that_are_cut_off_are_refused() {
    let batch = [every_kind()];
    let parquet = as_parquet(&batch, Compression::SNAPPY);
    let (arrow, stream) = (as_arrow(&batch, None), as_stream(&batch, None));
    for (name, bytes) in [("Parquet", &parquet), ("Arrow", &arrow), ("Arrow", &stream)] {
        let told = format!("can't be read as {name}: it is damaged, or cut off");
        for end in [
            8,
            12,
            100,
            bytes.len() / 2,
            bytes.len() - 9,
            bytes.len() - 1,
        ] {
            let error = error(&bytes[..end]);
            assert!(error.contains(&told), "{end} bytes: {error}");
        }
    }
    // One that only begins as a file.
    assert!(error([&arrow[..8], &stream].concat()).contains("it is damaged, or cut off"));
    assert!(error(b"PARE\0\0\0\0").contains("is an encrypted Parquet file; write it without"));
    assert!(error(b"FEA1\0\0\0\0").contains("is a Feather file of version 1"));
    assert!(error(b"ORC\x1d\0\0").contains("is an ORC file"));
}

#[test]
fn headers_that_begin_as_other_formats_do_are_headers() {
    for title in ["PAR1", "PARENT", "ARROW1", "FEA1", "ORCID"] {
        let table = file(format!("{title},x\n1,2\n"));
        assert_eq!(cells(table.path()).unwrap()[0], [title, "x"]);
    }
}

#[test]
fn tables_without_columns_are_empty() {
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(0));
    let schema = Arc::new(arrow_schema::Schema::empty());
    let batch = [RecordBatch::try_new_with_options(schema, vec![], &options).unwrap()];
    for bytes in [
        as_arrow(&batch, None),
        as_stream(&batch, None),
        as_parquet(&batch, Compression::SNAPPY),
    ] {
        assert!(error(bytes).contains("is empty"));
    }
}

/// A Parquet file that says something else about its columns than is so.
fn with_columns(
    parquet: &[u8],
    change: impl Fn(ColumnChunkMetaDataBuilder) -> ColumnChunkMetaDataBuilder,
) -> Vec<u8> {
    let whole = file(parquet);
    let metadata = ParquetMetaDataReader::new()
        .parse_and_finish(whole.as_file())
        .unwrap();
    let footer = u32::from_le_bytes(parquet[parquet.len() - 8..][..4].try_into().unwrap());
    let mut changed = parquet[..parquet.len() - 8 - footer as usize].to_vec();
    let mut end = Vec::new();
    let mut metadata = metadata.into_builder();
    for group in metadata.take_row_groups() {
        let columns = group.columns().iter();
        let columns = columns.map(|column| change(column.clone().into_builder()).build().unwrap());
        let columns = columns.collect();
        let group = group.into_builder().set_column_metadata(columns);
        metadata = metadata.add_row_group(group.build().unwrap());
    }
    let metadata = metadata.build();
    ParquetMetaDataWriter::new(&mut end, &metadata)
        .finish()
        .unwrap();
    changed.extend(end);
    changed
}

/// What is said to be vast isn't allocated.
#[test]
fn sizes_that_are_only_said_are_refused() {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![7; 64]));
    let batch = [RecordBatch::try_from_iter([("x", column)]).unwrap()];
    let parquet = as_parquet(&batch, Compression::SNAPPY);
    let same = file(with_columns(&parquet, |column| column));
    assert_eq!(cells(same.path()).unwrap().len(), 65);
    for size in [1 << 50, i64::MAX, -1] {
        let vast = with_columns(&parquet, |column| column.set_total_compressed_size(size));
        assert!(error(vast).contains("a column isn't within the file"));
    }

    for compression in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        for bytes in [
            as_arrow(&batch, Some(compression)),
            as_stream(&batch, Some(compression)),
        ] {
            // The unpacked size of 64 numbers, before what they are packed to.
            let size = 512i64.to_le_bytes();
            let place = bytes.windows(8).rposition(|window| window == size).unwrap();
            let mut vast = bytes.clone();
            vast[place..place + 8].copy_from_slice(&(1i64 << 50).to_le_bytes());
            let error = error(vast);
            assert!(
                error.contains("says that it has 1125899906842624 bytes"),
                "{error}"
            );
        }
    }

    let arrow = as_arrow(&batch, None);
    let mut vast = arrow.clone();
    let footer = vast.len() - 10;
    vast[footer..footer + 4].copy_from_slice(&i32::MAX.to_le_bytes());
    assert!(error(vast).contains("it ends early"));
    let stream = as_stream(&batch, None);
    let mut vast = stream.clone();
    vast[4..8].copy_from_slice(&i32::MAX.to_le_bytes());
    assert!(error(vast).contains("it ends early"));
}

#[test]
fn compression_that_is_not_built_in_is_named() {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![7; 64]));
    let batch = [RecordBatch::try_from_iter([("x", column)]).unwrap()];
    let parquet = as_parquet(&batch, Compression::SNAPPY);
    let other = with_columns(&parquet, |column| column.set_compression(Compression::LZO));
    let error = error(other);
    assert!(
        error.contains("it is compressed with LZO; write it with Snappy or Zstandard"),
        "{error}"
    );
}

#[test]
fn changed_bytes_never_panic() {
    // What the libraries' panics tell is heard until they are silenced.
    static HEARD: AtomicUsize = AtomicUsize::new(0);
    let (here, usual) = (thread::current().id(), panic::take_hook());
    panic::set_hook(Box::new(move |about| {
        if thread::current().id() == here {
            HEARD.fetch_add(1, Ordering::Relaxed);
        } else {
            usual(about);
        }
    }));
    let batch = [every_kind()];
    let parquet = as_parquet(&batch, Compression::SNAPPY);
    let mut refused = vec![refused_when_changed(&parquet, 7)];
    let aloud = HEARD.load(Ordering::Relaxed);
    silence_guarded_panics();
    refused.push(refused_when_changed(&parquet, 7));
    let packed = as_parquet(&batch, Compression::ZSTD(ZstdLevel::default()));
    refused.push(refused_when_changed(&packed, 13));
    let stream = as_stream(&batch, Some(CompressionType::ZSTD));
    for bytes in [as_arrow(&batch, None), stream] {
        refused.push(refused_when_changed(&bytes, 3));
    }
    let silenced = HEARD.load(Ordering::Relaxed);
    drop(panic::take_hook());
    assert!(refused.iter().all(|&refused| refused > 100), "{refused:?}");
    assert!(aloud > 0 && silenced == aloud, "{aloud}, {silenced}");
}
