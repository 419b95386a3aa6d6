//! Tables of encrypted records and of answers, as files of Parquet and as streams of Arrow.
//!
//! - A table that is read to its end has the groups that it promised, and is read again as it was written.
//! - Its summary counts them too, or refuses the file.
//! - Memory is limited, whatever sizes a file claims.
#![no_main]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, RecordBatch, StringArray, UInt32Array};
use libfuzzer_sys::fuzz_target;
use veilcast_card::silence_guarded_panics;
use veilcast_fuzz::memory::{MIB, within};
use veilcast_fuzz::{file, seeds};
use veilcast_tables::{Kind, Part, Reader, Summary, Writer, answers, ipc, requests};

/// A part has some 32 MiB, and is held a few times over while it is decoded.
const MEMORY: usize = 256 * MIB;

fuzz_target!(init: begin(), |bytes: &[u8]| {
    let path = file::write("table", bytes);
    within(MEMORY, || as_file(&path));
    within(MEMORY, || drop(ipc::read(bytes)));
});

fn begin() {
    silence_guarded_panics();
    seeds::write(made);
}

fn as_file(path: &Path) {
    let Ok(reader) = Reader::open(path) else {
        return;
    };
    let (kind, groups) = (reader.kind(), reader.groups());
    let parts: Result<Vec<Part>, _> = reader.collect();
    let summary = Summary::of(path);
    let Ok(parts) = parts else { return };
    let rows: usize = parts.iter().map(|part| part.rows.num_rows()).sum();
    assert_eq!(rows, groups);
    assert_eq!(
        summary.expect("what was read whole has a summary").groups,
        groups
    );
    let schema = match kind {
        Kind::Requests => requests(),
        Kind::Answers => answers(),
    };
    // A table may have more columns, and other types; what is exactly the format's can be written.
    for part in parts
        .iter()
        .filter(|part| *part.rows.schema_ref() == schema)
    {
        let copy = path.with_extension("copy");
        let mut writer = Writer::create(&copy, true, kind).expect("a file can be written");
        writer
            .write(&part.rows)
            .expect("rows of this kind are written");
        writer.finish().expect("a file can be finished");
        let again: Vec<RecordBatch> = Reader::open(&copy)
            .expect("what was written is a table")
            .map(|part| part.expect("what was written is read").rows)
            .collect();
        assert_eq!(
            again.iter().map(RecordBatch::num_rows).sum::<usize>(),
            part.rows.num_rows()
        );
    }
}

/// A table of each kind, with a fault among the answers: as a file, and as a stream.
fn made() -> Vec<Vec<u8>> {
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; 2])) };
    let bytes = |cells: [Option<&[u8]>; 2]| -> ArrayRef { Arc::new(BinaryArray::from_iter(cells)) };
    let common = [
        text("ward"),
        Arc::new(UInt32Array::from(vec![0, 1])) as ArrayRef,
        Arc::new(UInt32Array::from(vec![3, 2])),
        text("records"),
        text(&"ab".repeat(32)),
        text(&format!("sha256:{}", "cd".repeat(32))),
    ];
    let request = vec![bytes([Some(b"request"), Some(b"another")])];
    let answer = vec![
        bytes([Some(&[1; 32]), Some(&[2; 32])]),
        bytes([Some(b"answer"), None]),
        Arc::new(StringArray::from(vec![None, Some("it is damaged")])) as ArrayRef,
    ];
    let kinds = [
        (Kind::Requests, requests(), request),
        (Kind::Answers, answers(), answer),
    ];
    let both = kinds.into_iter().flat_map(|(kind, schema, own)| {
        let columns = common.iter().cloned().chain(own).collect();
        let rows = RecordBatch::try_new(schema.clone(), columns).expect("columns of the schema");
        let path = file::write("made", &[]);
        let mut writer = Writer::create(&path, true, kind).expect("a file can be written");
        writer.write(&rows).expect("rows of this kind are written");
        writer.finish().expect("a file can be finished");
        [
            fs::read(&path).expect("it is there"),
            ipc::write(&schema, &[rows]),
        ]
    });
    both.collect()
}
