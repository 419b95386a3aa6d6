//! Each fault of a table has its own error, which says where it is; a group's own faults spare the others.

use std::fs;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BinaryArray, Float64Array, Int64Array, NullArray, RecordBatch, StringArray,
};
use veilcast_card::Card;
use veilcast_engine::{SeededEntries, Session};
use veilcast_paillier::SecretKey;
use veilcast_protocol::Layout;
use veilcast_tables::{Decrypted, Fault, Kind, Part, TableError, Writer, decrypt, session};

use crate::common::*;

/// Two groups, the second with one record.
fn two_groups() -> (Session, veilcast_engine::Evaluator, RecordBatch) {
    let (session, evaluator) = sides();
    let count = veilcast_tables::group_size(&session) + 1;
    let rows = requests(&session, count);
    assert_eq!(rows.num_rows(), 2);
    (session, evaluator, rows)
}

/// What reading the rows from a file, and computing on them, says.
fn refused(rows: &RecordBatch) -> TableError {
    let (_, evaluator) = sides();
    let error = scored(&evaluator, rows.clone()).unwrap_err();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    write_otherwise(&path, rows, 1);
    let read = parts(&path);
    // A reader doesn't know the model.
    if !matches!(error.fault, Fault::OtherCard { .. }) {
        let of_file = read.map(|parts| parts.len()).unwrap_err();
        let named = of_file.to_string();
        assert!(named.starts_with(&path.display().to_string()), "{named}");
        assert!(named.ends_with(&error.fault.to_string()), "{named}");
    }
    error
}

fn texts(cells: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(cells.to_vec()))
}

fn numbers(cells: &[Option<i64>]) -> ArrayRef {
    Arc::new(Int64Array::from(cells.to_vec()))
}

/// The text of a cell.
fn cell(rows: &RecordBatch, name: &str, row: usize) -> String {
    rows.column_by_name(name)
        .unwrap()
        .as_string::<i32>()
        .value(row)
        .to_owned()
}

fn messages(rows: &RecordBatch, name: &str) -> Vec<Vec<u8>> {
    let column = rows.column_by_name(name).unwrap().as_binary::<i32>();
    (0..rows.num_rows())
        .map(|row| column.value(row).to_vec())
        .collect()
}

fn bytes(cells: &[Vec<u8>]) -> ArrayRef {
    Arc::new(BinaryArray::from_iter_values(cells))
}

/// The errors of the rows of answers; none where there is an answer.
fn errors(answers: &RecordBatch) -> Vec<Option<String>> {
    let (errors, responses) = (
        answers.column_by_name("error").unwrap().as_string::<i32>(),
        answers.column_by_name("response").unwrap(),
    );
    let rows = 0..answers.num_rows();
    rows.map(|row| {
        assert_ne!(errors.is_null(row), responses.is_null(row));
        errors.is_valid(row).then(|| errors.value(row).to_owned())
    })
    .collect()
}

/// The first group's fault, and that the second is computed and decrypted in spite of it.
fn first_refused(rows: RecordBatch) -> String {
    let (session, evaluator) = sides();
    let answers = scored(&evaluator, rows).unwrap();
    let found = errors(&answers);
    assert_eq!(found[1], None);
    let decrypted = decrypt(&session, &Part::from(answers), &mut || Ok(())).unwrap();
    let error = found[0].clone().unwrap();
    assert_eq!(decrypted[0].scores, Err(error.clone()));
    let group = decrypted[0].records;
    let last = records(session.card(), veilcast_tables::group_size(&session) + 1);
    let last = in_the_clear(&evaluator, &last[last.len() - 1..]);
    assert_eq!(decrypted[1].scores, Ok(last), "group 0 has {group}");
    assert!(
        error.contains("row 0 (batch \"batch\", group 0)"),
        "{error}"
    );
    error
}

#[test]
fn another_version() {
    let (.., rows) = two_groups();
    let error = refused(&saying(&rows, &[("veilcast.version", "2")]));
    assert!(matches!(&error.fault, Fault::Version(found) if found == "2"));
    let error = refused(&saying(&rows, &[("veilcast.table", "scores")]));
    assert!(matches!(&error.fault, Fault::UnknownKind(found) if found == "scores"));
}

#[test]
fn a_missing_column() {
    let (.., rows) = two_groups();
    for name in [
        "batch",
        "group",
        "records",
        "layout",
        "key_fingerprint",
        "card_digest",
        "request",
    ] {
        let error = refused(&without(&rows, name));
        assert!(matches!(error.fault, Fault::MissingColumn(missing) if missing == name));
    }
}

#[test]
fn a_table_of_the_other_kind() {
    let (session, evaluator, rows) = two_groups();
    let answers = scored(&evaluator, rows.clone()).unwrap();
    for rows in [answers.clone(), saying(&answers, &[])] {
        let error = scored(&evaluator, rows).unwrap_err();
        let Fault::Kind { expected, found } = error.fault else {
            panic!("{error}")
        };
        assert_eq!((expected, found), (Kind::Requests, Kind::Answers));
    }
    let error = decrypt(&session, &Part::from(rows.clone()), &mut || Ok(())).unwrap_err();
    assert!(matches!(error.fault, Fault::Kind { .. }));
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(&folder.path().join("x"), false, Kind::Answers).unwrap();
    assert!(matches!(
        writer.write(&rows).unwrap_err().fault,
        Fault::Kind { .. }
    ));
    drop(writer);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing half-written"
    );
}

#[test]
fn empty_cells() {
    let (.., rows) = two_groups();
    for name in ["batch", "layout", "key_fingerprint", "card_digest"] {
        let first = cell(&rows, name, 0);
        let error = refused(&with(&rows, name, texts(&[Some(&first), None])));
        assert!(
            matches!(error.fault, Fault::Null(null) if null == name),
            "{error}"
        );
        assert_eq!(error.place.row, Some(1));
    }
    for name in ["group", "records"] {
        let error = refused(&with(&rows, name, numbers(&[Some(1), None])));
        assert!(
            matches!(error.fault, Fault::Null(null) if null == name),
            "{error}"
        );
    }
    let request = messages(&rows, "request").remove(0);
    let half: ArrayRef = Arc::new(BinaryArray::from(vec![Some(request.as_slice()), None]));
    let error = refused(&with(&rows, "request", half));
    assert!(matches!(error.fault, Fault::Null("request")));
    assert_eq!(error.place.group, Some(("batch".into(), 1)));
    let error = refused(&with(&rows, "batch", texts(&[None, None])));
    assert!(matches!(error.fault, Fault::Null("batch")));
}

#[test]
fn cells_of_other_types() {
    let (.., rows) = two_groups();
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.0, 1.0]));
    for name in [
        "batch",
        "group",
        "records",
        "layout",
        "key_fingerprint",
        "card_digest",
        "request",
    ] {
        let error = refused(&with(&rows, name, Arc::clone(&floats)));
        assert!(matches!(error.fault, Fault::ColumnType { column, .. } if column == name));
    }
    let error = refused(&with(&rows, "request", texts(&[Some("{}"), Some("{}")])));
    assert!(matches!(
        error.fault,
        Fault::ColumnType {
            column: "request",
            ..
        }
    ));
    let error = scored(
        &sides().1,
        with(&rows, "group", Arc::new(NullArray::new(2))),
    );
    assert!(matches!(
        error.unwrap_err().fault,
        Fault::ColumnType {
            column: "group",
            ..
        }
    ));
}

#[test]
fn numbers_that_arent_counts() {
    let (.., rows) = two_groups();
    for (name, number) in [("group", -1), ("group", 1 << 32), ("records", i64::MIN)] {
        let error = refused(&with(&rows, name, numbers(&[Some(0), Some(number)])));
        assert!(
            matches!(error.fault, Fault::Number(found) if found == name),
            "{error}"
        );
    }
}

#[test]
fn misspelt_digests() {
    let (.., rows) = two_groups();
    for name in ["key_fingerprint", "card_digest"] {
        let good = cell(&rows, name, 0);
        let error = refused(&with(
            &rows,
            name,
            texts(&[Some(&good), Some(&good.to_uppercase())]),
        ));
        assert!(
            matches!(error.fault, Fault::Digest(found) if found == name),
            "{error}"
        );
    }
}

#[test]
fn mixed_keys_and_mixed_cards() {
    let (.., rows) = two_groups();
    let (key, card) = (
        cell(&rows, "key_fingerprint", 0),
        cell(&rows, "card_digest", 0),
    );
    let other = "0".repeat(64);
    let mixed = with(&rows, "key_fingerprint", texts(&[Some(&key), Some(&other)]));
    let error = refused(&mixed);
    assert!(matches!(error.fault, Fault::MixedKeys { .. }), "{error}");
    assert_eq!(error.place.group, Some(("batch".into(), 1)));
    let other = format!("sha256:{other}");
    let mixed = with(&rows, "card_digest", texts(&[Some(&card), Some(&other)]));
    let error = refused(&mixed);
    assert!(matches!(error.fault, Fault::MixedCards { .. }), "{error}");
}

#[test]
fn another_model_or_another_key() {
    let (session, evaluator, rows) = two_groups();
    let (other, newer) = sides_of(model("2", MAX_RECORDS));
    let error = scored(&newer, rows.clone()).unwrap_err();
    assert!(matches!(error.fault, Fault::OtherCard { .. }), "{error}");
    let answers = Part::from(scored(&evaluator, rows).unwrap());
    let error = decrypt(&other, &answers, &mut || Ok(())).unwrap_err();
    assert!(matches!(error.fault, Fault::OtherCard { .. }), "{error}");
    let stranger = SecretKey::generate(1024, TESTS_ONLY).unwrap();
    let stranger = veilcast_tables::session(session.card().clone(), stranger).unwrap();
    let error = decrypt(&stranger, &answers, &mut || Ok(())).unwrap_err();
    assert!(matches!(error.fault, Fault::OtherKey { .. }), "{error}");
}

#[test]
fn files_that_are_cut_off_or_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("requests.parquet");
    let (session, ..) = two_groups();
    write(&path, Kind::Requests, &[requests(&session, 100)]);
    let whole = fs::read(&path).unwrap();
    for length in [0, 3, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = parts(&path).map(|parts| parts.len()).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("requests.parquet") && text.contains("cut off"),
            "{text}"
        );
    }
    // Any damage is noticed, or leaves the rows as they are: nothing panics or asks for memory without end.
    for place in (0..whole.len()).step_by(whole.len() / 80) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x55;
        fs::write(&path, &damaged).unwrap();
        let _ = parts(&path).map_err(|error| error.to_string());
    }
    let error = parts(&folder.path().join("nothing.parquet")).unwrap_err();
    assert!(error.to_string().contains("nothing.parquet"), "{error}");
    let stream =
        veilcast_tables::ipc::write(&veilcast_tables::requests(), &[requests(&session, 2)]);
    let error = veilcast_tables::ipc::read(&stream[..stream.len() / 2]).unwrap_err();
    assert!(matches!(error.fault, Fault::Damaged(_)), "{error}");
}

#[test]
fn a_file_that_is_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    write(&path, Kind::Requests, &[]);
    let error = Writer::create(&path, false, Kind::Requests).unwrap_err();
    assert!(error.to_string().contains("exists already"), "{error}");
}

#[test]
fn a_group_larger_than_the_card_allows() {
    let (.., rows) = two_groups();
    let too_many = i64::from(MAX_RECORDS) + 1;
    let error = first_refused(with(&rows, "records", numbers(&[Some(too_many), Some(1)])));
    assert!(
        error.contains("121 records; this model takes at most 120"),
        "{error}"
    );
}

#[test]
fn columns_that_say_something_else_than_the_message() {
    let (.., rows) = two_groups();
    let error = first_refused(with(&rows, "records", numbers(&[Some(7), Some(1)])));
    assert!(error.contains("\"records\" doesn't say"), "{error}");
    let error = first_refused(with(
        &rows,
        "layout",
        texts(&[Some("scalar"), Some("records")]),
    ));
    assert!(error.contains("\"layout\" doesn't say"), "{error}");
    // All of one key, and it isn't that of the requests.
    let other = "0".repeat(64);
    let all = with(
        &rows,
        "key_fingerprint",
        texts(&[Some(&other), Some(&other)]),
    );
    let answers = scored(&sides().1, all).unwrap();
    for error in errors(&answers) {
        assert!(error.unwrap().contains("\"key_fingerprint\" doesn't say"));
    }
}

#[test]
fn requests_that_are_damaged_or_something_else() {
    let (session, _, rows) = two_groups();
    let sound = messages(&rows, "request");
    let with_first = |first: Vec<u8>| with(&rows, "request", bytes(&[first, sound[1].clone()]));
    let error = first_refused(with_first(b"nonsense".to_vec()));
    assert!(
        error.contains("not a message that this model takes"),
        "{error}"
    );
    let error = first_refused(with_first(sound[0][..sound[0].len() - 1].to_vec()));
    assert!(
        error.contains("not a message that this model takes"),
        "{error}"
    );
    // Zero is no ciphertext.
    let mut zeros = sound[0].clone();
    let length = zeros.len();
    zeros[length - 256..].fill(0);
    let error = first_refused(with_first(zeros));
    assert!(error.contains("ciphertext"), "{error}");

    // Of another layout, which the column says.
    let mut scalar = Session::new(session.card().clone(), key()).unwrap();
    scalar.set_layout(Layout::SCALAR).unwrap();
    let one = records(session.card(), 1);
    let request = scalar.encrypt(&one).unwrap().to_binary().bytes;
    let other = with_first(request);
    let other = with(&other, "records", numbers(&[Some(1), Some(1)]));
    let other = with(&other, "layout", texts(&[Some("scalar"), Some("records")]));
    let error = first_refused(other);
    assert!(error.contains("of another layout"), "{error}");
}

#[test]
fn requests_from_a_pool_are_refused() {
    let (session, _, rows) = two_groups();
    let sound = messages(&rows, "request");
    let one = records(session.card(), 1);
    let mut session = Session::new(session.card().clone(), key()).unwrap();
    session.set_layout(Layout::SCALAR).unwrap();
    let count = session.entries_for(1).unwrap();
    let entries = SeededEntries::generate(&key(), count).unwrap();
    let request = session
        .encrypt_seeded(&one, entries)
        .unwrap()
        .to_binary()
        .bytes;
    let pooled = with(&rows, "request", bytes(&[request, sound[1].clone()]));
    let error = first_refused(with(&pooled, "records", numbers(&[Some(1), Some(1)])));
    assert!(
        error.contains("made with a pool, which is good only once"),
        "{error}"
    );
}

fn answered() -> (Session, RecordBatch) {
    let (session, evaluator, rows) = two_groups();
    (session, scored(&evaluator, rows).unwrap())
}

/// The first group's fault on decryption; the second is decrypted.
fn first_unread(session: &Session, answers: RecordBatch) -> String {
    let groups: Vec<Decrypted> = decrypt(session, &Part::from(answers), &mut || Ok(())).unwrap();
    assert!(groups[1].scores.is_ok());
    groups[0].scores.clone().unwrap_err()
}

#[test]
fn answers_to_other_requests() {
    let (session, answers) = answered();
    let digests = messages(&answers, "request_digest");
    assert!(digests.iter().all(|digest| digest.len() == 32));
    let swapped = bytes(&[digests[1].clone(), digests[1].clone()]);
    let error = first_unread(&session, with(&answers, "request_digest", swapped));
    assert!(error.contains("another request"), "{error}");
    let short = with(
        &answers,
        "request_digest",
        bytes(&[vec![1; 31], digests[1].clone()]),
    );
    let error = decrypt(&session, &Part::from(short), &mut || Ok(())).unwrap_err();
    assert!(
        matches!(error.fault, Fault::Digest("request_digest")),
        "{error}"
    );
}

#[test]
fn damaged_answers() {
    let (session, answers) = answered();
    let mut responses = messages(&answers, "response");
    let last = responses[0].len() - 1;
    responses[0][last] ^= 1;
    let error = first_unread(&session, with(&answers, "response", bytes(&responses)));
    assert!(
        error.contains("not a message that this model takes"),
        "{error}"
    );
    let error = first_unread(
        &session,
        with(&answers, "records", numbers(&[Some(2), Some(1)])),
    );
    assert!(error.contains("\"records\" doesn't say"), "{error}");
    let many = i64::from(MAX_RECORDS) + 1;
    let error = first_unread(
        &session,
        with(&answers, "records", numbers(&[Some(many), Some(1)])),
    );
    assert!(error.contains("at most 120"), "{error}");
}

#[test]
fn answers_without_either() {
    let (session, answers) = answered();
    let nothing: ArrayRef = Arc::new(BinaryArray::from(vec![None::<&[u8]>, None]));
    let both = with(&answers, "error", texts(&[Some("x"), None]));
    for rows in [with(&answers, "response", nothing), both] {
        let error = decrypt(&session, &Part::from(rows), &mut || Ok(())).unwrap_err();
        assert!(matches!(error.fault, Fault::NeitherOrBoth), "{error}");
        assert_eq!(error.place.row, Some(0));
    }
}

#[test]
fn a_model_that_takes_no_groups() {
    let model = model("1", MAX_RECORDS);
    let mut card: serde_json::Value = serde_json::from_slice(model.card_json()).unwrap();
    card["layouts"].as_object_mut().unwrap().remove("records");
    let card = Card::parse(card.to_string().as_bytes()).unwrap();
    let error = session(card, key()).unwrap_err();
    assert!(matches!(error.fault, Fault::Layout(_)), "{error}");
}
