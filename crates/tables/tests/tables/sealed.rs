//! Tables for a sealed model: its client has no key, and its service never gets a record.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BinaryArray, RecordBatch, StringArray};
use veilcast_card::Way;
use veilcast_engine::{EvaluateError, Evaluator, SealedModel, seal};
use veilcast_tables::{
    Decrypted, Fault, Kind, Part, SealedRows, Summary, TableError, decrypt_sealed, encrypt_sealed,
    sealed_group_size,
};

use crate::common::*;

/// The client's side of a sealed model, and its service's.
fn sealed_sides(version: &str) -> (SealedModel, Evaluator) {
    let ways = vec![Way::Direct, Way::Sealed];
    let model = seal(model(version, MAX_RECORDS), &key(), ways).unwrap();
    let file = model.sealed_file().unwrap();
    let client = SealedModel::open(model.card().clone(), file, TESTS_ONLY).unwrap();
    let evaluator = Evaluator::new(model, TESTS_ONLY);
    (client, evaluator.with_sealing_key(key().into()).unwrap())
}

fn prepared(client: &SealedModel, count: usize) -> SealedRows {
    let records = records(client.card(), count);
    encrypt_sealed(client, &records, "batch", 0, &mut || Ok(())).unwrap()
}

fn read(
    client: &SealedModel,
    answers: &RecordBatch,
    made: &SealedRows,
) -> Result<Vec<Decrypted>, TableError> {
    let part = Part::from(answers.clone());
    decrypt_sealed(client.card(), &part, &made.openings, &mut || Ok(()))
}

#[test]
fn scores_through_files_are_those_in_the_clear() {
    let (client, evaluator) = sealed_sides("1");
    let size = sealed_group_size(&client);
    assert!(
        size <= MAX_RECORDS as usize && size.is_multiple_of(client.records_per_group()),
        "{size}"
    );
    let count = 3 * size + 2;
    let made = prepared(&client, count);
    assert_eq!((made.rows.num_rows(), made.openings.len()), (4, 4));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("requests.parquet");
    write(&path, Kind::Requests, std::slice::from_ref(&made.rows));
    let summary = Summary::of(&path).unwrap();
    assert_eq!((summary.groups, summary.records), (4, count));
    // Computed twice, the answers are to the same requests.
    for _ in 0..2 {
        let read_back = parts(&path).unwrap();
        let [part] = read_back.as_slice() else {
            panic!("{} parts", read_back.len())
        };
        let answers = scored(&evaluator, part.rows.clone()).unwrap();
        let groups = read(&client, &answers, &made).unwrap();
        let scores: Vec<Vec<i64>> = groups.into_iter().flat_map(|g| g.scores.unwrap()).collect();
        let expected = in_the_clear(&evaluator, &records(client.card(), count));
        assert_eq!(scores, expected);
    }
    // No group's message or opening is another's.
    let again = prepared(&client, count);
    assert_ne!(again.rows.column(6), made.rows.column(6));
    assert!(
        again
            .openings
            .iter()
            .zip(&made.openings)
            .all(|(one, two)| one != two)
    );
    let none = prepared(&client, 0);
    assert_eq!(none.rows.num_rows(), 0);
    assert_eq!(scored(&evaluator, none.rows).unwrap().num_rows(), 0);
}

#[test]
fn one_groups_fault_spares_the_others() {
    let (client, evaluator) = sealed_sides("1");
    let count = 3 * sealed_group_size(&client);
    let made = prepared(&client, count);
    let messages = made.rows.column(6).as_binary::<i32>();
    let mut cells: Vec<Vec<u8>> = messages.iter().map(|cell| cell.unwrap().to_vec()).collect();
    // A last ciphertext of zero, which has all factors of n.
    let end = cells[1].len();
    cells[1][end - 256..].fill(0);
    let column: ArrayRef = Arc::new(BinaryArray::from_iter_values(cells));
    let answers = scored(&evaluator, with(&made.rows, "request", column)).unwrap();
    let groups = read(&client, &answers, &made).unwrap();
    let sound: Vec<bool> = groups.iter().map(|group| group.scores.is_ok()).collect();
    assert_eq!(sound, [true, false, true]);
    let text = groups[1].scores.as_ref().unwrap_err();
    assert!(text.contains("row 1 (batch \"batch\", group 1)"), "{text}");
    assert_eq!(groups[1].records, sealed_group_size(&client));

    // Openings in another order open nothing.
    let answers = scored(&evaluator, made.rows.clone()).unwrap();
    let mut swapped = prepared(&client, count);
    swapped.rows = made.rows.clone();
    let groups = read(&client, &answers, &swapped).unwrap();
    for group in groups {
        let text = group.scores.unwrap_err();
        assert!(text.contains("does not belong to the request"), "{text}");
    }
    let mut broken = prepared(&client, count);
    broken.openings[0].truncate(3);
    broken.openings[1].clear();
    for group in &read(&client, &answers, &broken).unwrap()[..2] {
        let text = group.scores.as_ref().unwrap_err();
        assert!(text.contains("what opens it isn't there"), "{text}");
    }
    broken.openings.pop();
    let error = read(&client, &answers, &broken).unwrap_err();
    assert!(matches!(error.fault, Fault::Opening), "{error}");
}

#[test]
fn what_is_refused() {
    let (client, evaluator) = sealed_sides("1");
    let made = prepared(&client, 2);
    let refused =
        |evaluator: &Evaluator, rows: &RecordBatch| scored(evaluator, rows.clone()).unwrap_err();
    // Without the key, or by another model.
    let model = evaluator.model().clone();
    let error = refused(&Evaluator::new(model, TESTS_ONLY), &made.rows);
    let fault = Fault::Evaluate(EvaluateError::NoSealingKey);
    assert_eq!(error.fault.to_string(), fault.to_string());
    let (other, of_other) = sealed_sides("2");
    let error = refused(&of_other, &made.rows);
    assert!(matches!(error.fault, Fault::OtherCard { .. }), "{error}");
    let answers = scored(&evaluator, made.rows.clone()).unwrap();
    let error = read(&other, &answers, &made).unwrap_err();
    assert!(matches!(error.fault, Fault::OtherCard { .. }), "{error}");
    // A row that says that it is sealed, in a model that isn't.
    let (session, plain) = sides();
    let rows = requests(&session, 2);
    let says: ArrayRef = Arc::new(StringArray::from(vec!["sealed"]));
    let error = refused(&plain, &with(&rows, "layout", Arc::clone(&says)));
    assert!(matches!(error.fault, Fault::OtherForm(_)), "{error}");
    // Rows of another form among sealed ones, or under another key.
    let two = prepared(&client, sealed_group_size(&client) + 1).rows;
    let says: ArrayRef = Arc::new(StringArray::from(vec!["sealed", "records"]));
    let error = refused(&evaluator, &with(&two, "layout", says));
    assert!(error.to_string().contains("row 1"), "{error}");
    let other_key: ArrayRef = Arc::new(StringArray::from(vec!["0".repeat(64)]));
    let error = refused(&evaluator, &with(&made.rows, "key_fingerprint", other_key));
    assert!(matches!(error.fault, Fault::OtherKey { .. }), "{error}");
}

#[test]
fn a_pause_ends_each_function() {
    let (client, evaluator) = sealed_sides("1");
    let made = prepared(&client, 2);
    let answers = scored(&evaluator, made.rows.clone()).unwrap();
    let stopped = || Err(veilcast_engine::Stopped);
    let records = records(client.card(), 2);
    let one = encrypt_sealed(&client, &records, "batch", 0, &mut { stopped }).unwrap_err();
    let part = Part::from(answers);
    let two = decrypt_sealed(client.card(), &part, &made.openings, &mut { stopped }).unwrap_err();
    let requests = Part::from(made.rows);
    let three = veilcast_tables::score(&evaluator, &requests, &mut { stopped }).unwrap_err();
    for error in [one, two, three] {
        assert!(matches!(error.fault, Fault::Stopped(_)), "{error}");
    }
}
