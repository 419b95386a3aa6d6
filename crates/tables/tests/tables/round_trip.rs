//! Records become a table of requests, that a table of answers, and that the scores in the clear.

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::DataType;
use parquet::file::reader::FileReader as _;
use parquet::file::serialized_reader::SerializedFileReader;
use veilcast_engine::{Session, Stopped};
use veilcast_tables::{
    Decrypted, Fault, Kind, Part, Reader, Summary, answers, decrypt, encrypt, group_size, ipc,
    requests as schema,
};

use crate::common::*;

fn decrypted(session: &Session, parts: Vec<Part>) -> Vec<Decrypted> {
    let parts = parts
        .iter()
        .map(|part| decrypt(session, part, &mut || Ok(())).unwrap());
    parts.flatten().collect()
}

/// The scores of all records in order, after a check of what the groups are called.
fn scores(groups: Vec<Decrypted>, size: usize, count: usize) -> Vec<Vec<i64>> {
    let mut scores = Vec::new();
    for (number, group) in groups.into_iter().enumerate() {
        assert_eq!(
            (group.batch.as_str(), group.group),
            ("batch", number as u32)
        );
        assert_eq!(group.records, size.min(count - number * size));
        scores.extend(group.scores.unwrap());
    }
    assert_eq!(scores.len(), count);
    scores
}

#[test]
fn scores_through_files_are_those_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (session, evaluator) = sides();
    let size = group_size(&session);
    let count = 5 * size + 3;
    let records = records(session.card(), count);
    write(
        &path("requests.parquet"),
        Kind::Requests,
        &[requests(&session, count)],
    );
    let read = parts(&path("requests.parquet")).unwrap();
    let reader = Reader::open(&path("requests.parquet")).unwrap();
    assert_eq!(reader.schema().metadata(), schema().metadata());
    let answered: Vec<RecordBatch> = read
        .into_iter()
        .map(|part| scored(&evaluator, part.rows).unwrap())
        .collect();
    write(&path("answers.parquet"), Kind::Answers, &answered);
    let answered = parts(&path("answers.parquet")).unwrap();
    let found = scores(decrypted(&session, answered), size, count);
    assert_eq!(found, in_the_clear(&evaluator, &records));

    for (name, kind) in [
        ("requests.parquet", Kind::Requests),
        ("answers.parquet", Kind::Answers),
    ] {
        let summary = Summary::of(&path(name)).unwrap();
        assert_eq!(summary.kind, kind);
        assert_eq!(
            (summary.batches, summary.groups, summary.records),
            (1, 6, count)
        );
        assert_eq!(summary.card, Some(session.card().digest()));
        assert_eq!(summary.bytes, std::fs::metadata(path(name)).unwrap().len());
    }
    // Messages neither compressed nor counted.
    let file = std::fs::File::open(path("requests.parquet")).unwrap();
    let file = SerializedFileReader::new(file).unwrap();
    for column in file.metadata().row_group(0).columns() {
        assert!(column.statistics().is_none());
        assert_eq!(
            column.compression(),
            parquet::basic::Compression::UNCOMPRESSED
        );
    }
}

#[test]
fn groups_go_on_where_another_call_ended() {
    let (session, evaluator) = sides();
    let size = group_size(&session);
    let records = records(session.card(), 2 * size + 1);
    let mut rows = Vec::new();
    for (index, some) in records.chunks(size).enumerate() {
        let made = encrypt(&session, some, "batch", index as u32, &mut || Ok(()));
        rows.push(scored(&evaluator, made.unwrap()).unwrap());
    }
    let parts = rows.into_iter().map(Part::from).collect();
    let found = scores(decrypted(&session, parts), size, records.len());
    assert_eq!(found, in_the_clear(&evaluator, &records));
    let beyond = encrypt(&session, &records, "batch", u32::MAX - 1, &mut || Ok(()));
    assert!(matches!(beyond.unwrap_err().fault, Fault::TooManyGroups));
}

/// A card may allow fewer records in a request than would share ciphertexts.
#[test]
fn groups_are_never_larger_than_the_card_allows() {
    let (session, evaluator) = sides_of(model("1", 2));
    assert_eq!(group_size(&session), 2);
    assert!(session.records_per_group() > 2);
    let records = records(session.card(), 5);
    let rows = encrypt(&session, &records, "batch", 0, &mut || Ok(())).unwrap();
    let sizes = rows.column_by_name("records").unwrap();
    assert_eq!(sizes.as_primitive::<UInt32Type>().values(), &[2, 2, 1]);
    let parts = vec![Part::from(scored(&evaluator, rows).unwrap())];
    let found = scores(decrypted(&session, parts), 2, 5);
    assert_eq!(found, in_the_clear(&evaluator, &records));
}

#[test]
fn row_groups_are_read_one_after_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("requests.parquet");
    let (session, evaluator) = sides();
    let size = group_size(&session);
    let count = 7 * size;
    write_otherwise(&path, &requests(&session, count), 3);
    let read = parts(&path).unwrap();
    let places: Vec<_> = read
        .iter()
        .map(|part| (part.row_group, part.rows.num_rows()))
        .collect();
    assert_eq!(places, [(Some(0), 3), (Some(1), 3), (Some(2), 1)]);
    assert_eq!(Summary::of(&path).unwrap().row_groups, 3);
    let answered = read
        .into_iter()
        .map(|part| Part::from(scored(&evaluator, part.rows).unwrap()));
    let found = scores(decrypted(&session, answered.collect()), size, count);
    assert_eq!(
        found,
        in_the_clear(&evaluator, &records(session.card(), count))
    );
}

/// Engines hand the same bytes over in any of these types, and drop the metadata.
#[test]
fn all_types_of_columns_are_read() {
    let (session, evaluator) = sides();
    let size = group_size(&session);
    let count = 2 * size;
    let clear = in_the_clear(&evaluator, &records(session.card(), count));
    let made = requests(&session, count);
    let width = made
        .column_by_name("request")
        .unwrap()
        .as_binary::<i32>()
        .value(0)
        .len() as i32;
    let texts = [
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
    ];
    let numbers = [
        DataType::UInt32,
        DataType::Int32,
        DataType::Int64,
        DataType::UInt64,
    ];
    let typed = |rows: &RecordBatch, message: &str, binary: &DataType, way: usize| {
        let change = |rows: RecordBatch, name: &str, data_type: &DataType| {
            let column: ArrayRef = cast(rows.column_by_name(name).unwrap(), data_type).unwrap();
            assert_eq!(column.data_type(), data_type);
            with(&rows, name, column)
        };
        let mut rows = saying(rows, &[]);
        for name in ["batch", "layout", "key_fingerprint", "card_digest"] {
            rows = change(rows, name, &texts[way]);
        }
        for name in ["group", "records"] {
            rows = change(rows, name, &numbers[way]);
        }
        change(rows, message, binary)
    };
    let binaries = |width: i32| {
        [
            DataType::Binary,
            DataType::LargeBinary,
            DataType::BinaryView,
            DataType::FixedSizeBinary(width),
        ]
    };
    for (way, binary) in binaries(width).iter().enumerate() {
        let answered = scored(&evaluator, typed(&made, "request", binary, way)).unwrap();
        assert_eq!(answered.schema(), answers());
        let response = answered
            .column_by_name("response")
            .unwrap()
            .as_binary::<i32>();
        let binary = &binaries(response.value(0).len() as i32)[way];
        let answered = typed(&answered, "response", binary, way);
        // Through a stream, as other languages send it.
        let stream = ipc::write(&answered.schema(), &[answered]);
        let parts = ipc::read(&stream)
            .unwrap()
            .into_iter()
            .map(Part::from)
            .collect();
        assert_eq!(
            scores(decrypted(&session, parts), size, count),
            clear,
            "{binary}"
        );
    }
}

#[test]
fn a_pause_ends_each_function() {
    let (session, evaluator) = sides();
    let records = records(session.card(), 3);
    let stop: veilcast_engine::Pause<'_> = &mut || Err(Stopped);
    let error = encrypt(&session, &records, "batch", 0, stop).unwrap_err();
    assert!(matches!(error.fault, Fault::Stopped(_)));
    let rows = requests(&session, 3);
    let error = veilcast_tables::score(&evaluator, &Part::from(rows.clone()), stop).unwrap_err();
    assert!(matches!(error.fault, Fault::Stopped(_)));
    let answered = Part::from(scored(&evaluator, rows).unwrap());
    let error = decrypt(&session, &answered, stop).unwrap_err();
    assert!(matches!(error.fault, Fault::Stopped(_)));
}

#[test]
fn tables_without_rows_are_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.parquet");
    let (session, evaluator) = sides();
    write(&path, Kind::Requests, &[]);
    assert!(parts(&path).unwrap().is_empty());
    assert_eq!(Summary::of(&path).unwrap().groups, 0);
    let none = encrypt(&session, &[], "batch", 0, &mut || Ok(())).unwrap();
    let answered = scored(&evaluator, none).unwrap();
    assert_eq!(answered.num_rows(), 0);
    assert!(decrypted(&session, vec![Part::from(answered)]).is_empty());
}
