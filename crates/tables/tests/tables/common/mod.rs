//! A small model, a key, records, and tables of them.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use veilcast_card::{
    Activation, Card, Input, InputBits, InputKind, Layouts, Limits, PerFeature, Preprocessing,
    Quantization, QuantizedRecord, RecordsLayout, ScalarLayout, SeededUploads, WeightBits,
};
use veilcast_engine::{Evaluator, KeyPolicy, Session};
use veilcast_model::{Blueprint, FloatMap, Model};
use veilcast_paillier::SecretKey;
use veilcast_tables::{Kind, Part, Reader, TableError, Writer, encrypt, score, session};

/// Keys of 1024 bits are only for tests.
pub(crate) const TESTS_ONLY: KeyPolicy = KeyPolicy {
    allow_insecure_1024: true,
};

const KEY: &str = include_str!("../../../../paillier/tests/fixtures/keys/insecure-1024.json");

/// The most records of a request.
pub(crate) const MAX_RECORDS: u32 = 120;

pub(crate) fn key() -> SecretKey {
    SecretKey::from_json(KEY, TESTS_ONLY).unwrap()
}

/// A model of three features and two outputs, of this version.
pub(crate) fn model(version: &str, max_records: u32) -> Model {
    let weights = vec![100.0, -127.0, 3.0, 127.0, 55.0, -90.0];
    let map = FloatMap::new(3, 2, weights, vec![5000.0, -77.0]).unwrap();
    let blueprint = Blueprint {
        name: "test".into(),
        version: version.into(),
        description: "A model for tests.".into(),
        input: Input {
            kind: InputKind::Table,
            description: String::new(),
            shape: vec![3],
            features: Some(vec!["a".into(), "b".into(), "c".into()]),
            fit: None,
            about: Default::default(),
            preprocessing: Preprocessing::new(Vec::new()),
        },
        public_part: None,
        quantization: Quantization {
            bits: InputBits::new(8).unwrap(),
            step: PerFeature::All(1.0),
            zero: PerFeature::All(0.0),
        },
        labels: vec!["no".into(), "yes".into()],
        activation: Activation::Softmax,
        units: None,
        threshold: None,
        task: None,
        layouts: Layouts {
            scalar: Some(ScalarLayout {}),
            records: Some(RecordsLayout {}),
            features: None,
            seeded: Some(SeededUploads {}),
        },
        ways: None,
        limits: Limits {
            max_records,
            max_ciphertexts: 2000,
        },
        max_weight: WeightBits::new(8).unwrap().max_weight(),
    };
    blueprint.build(map).unwrap()
}

/// Both sides of the model.
pub(crate) fn sides() -> (Session, Evaluator) {
    sides_of(model("1", MAX_RECORDS))
}

pub(crate) fn sides_of(model: Model) -> (Session, Evaluator) {
    let card = Card::parse(model.card_json()).unwrap();
    (
        session(card, key()).unwrap(),
        Evaluator::new(model, TESTS_ONLY),
    )
}

pub(crate) fn records(card: &Card, count: usize) -> Vec<QuantizedRecord> {
    let record = |index: usize| {
        let values = [index, 7 * index + 1, 255 - index % 256].map(|v| (v % 256) as u32);
        QuantizedRecord::new(card, values.to_vec()).unwrap()
    };
    (0..count).map(record).collect()
}

/// What the model says about records in the clear.
pub(crate) fn in_the_clear(evaluator: &Evaluator, records: &[QuantizedRecord]) -> Vec<Vec<i64>> {
    let scores = records
        .iter()
        .map(|record| evaluator.model().evaluate(record));
    scores.collect::<Result<_, _>>().unwrap()
}

/// A table of requests for this many records.
pub(crate) fn requests(session: &Session, count: usize) -> RecordBatch {
    let records = records(session.card(), count);
    encrypt(session, &records, "batch", 0, &mut || Ok(())).unwrap()
}

pub(crate) fn scored(evaluator: &Evaluator, rows: RecordBatch) -> Result<RecordBatch, TableError> {
    score(evaluator, &Part::from(rows), &mut || Ok(()))
}

/// Writes a table as this crate does.
pub(crate) fn write(path: &Path, kind: Kind, rows: &[RecordBatch]) {
    let mut writer = Writer::create(path, false, kind).unwrap();
    for rows in rows {
        writer.write(rows).unwrap();
    }
    writer.finish().unwrap();
}

/// Writes a table as another program might: in row groups of few rows.
pub(crate) fn write_otherwise(path: &Path, rows: &RecordBatch, rows_per_group: usize) {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(rows_per_group))
        .build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties)).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
}

pub(crate) fn parts(path: &Path) -> Result<Vec<Part>, TableError> {
    Reader::open(path)?.collect()
}

/// The rows with another column in place of one, or with one more; the metadata stays.
pub(crate) fn with(rows: &RecordBatch, name: &str, column: ArrayRef) -> RecordBatch {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (field, old) in rows.schema().fields().iter().zip(rows.columns()) {
        let is_it = field.name() == name;
        let data_type = if is_it {
            column.data_type()
        } else {
            old.data_type()
        };
        fields.push(Field::new(field.name(), data_type.clone(), true));
        columns.push(if is_it {
            Arc::clone(&column)
        } else {
            Arc::clone(old)
        });
    }
    let schema = Schema::new_with_metadata(fields, rows.schema().metadata().clone());
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

/// The rows without a column.
pub(crate) fn without(rows: &RecordBatch, name: &str) -> RecordBatch {
    let schema = rows.schema();
    let kept = (0..schema.fields().len()).filter(|&index| schema.field(index).name() != name);
    rows.project(&kept.collect::<Vec<_>>()).unwrap()
}

/// The rows with other metadata.
pub(crate) fn saying(rows: &RecordBatch, metadata: &[(&str, &str)]) -> RecordBatch {
    let metadata = metadata
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let schema = rows
        .schema()
        .as_ref()
        .clone()
        .with_metadata(metadata.collect::<std::collections::HashMap<_, _>>());
    RecordBatch::try_new(Arc::new(schema), rows.columns().to_vec()).unwrap()
}
