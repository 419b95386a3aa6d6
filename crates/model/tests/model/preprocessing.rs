//! The test vectors that every client shares: what tables become, and what no card may have.

use std::fs;

use serde::Deserialize;
use serde_json::Value;
use veilcast_card::{Preprocessing, Quantization, Tree};
use veilcast_files::{self as input, ReadError};
use veilcast_model::{Blueprint, BuildError, FloatMap, Model};

use crate::common;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    columns: Vec<String>,
    preprocessing: Preprocessing,
    quantization: Quantization,
    csv: String,
    #[serde(default)]
    records: Vec<Expected>,
    error: Option<ExpectedError>,
}

#[derive(Deserialize)]
struct Refused {
    name: String,
    columns: Vec<String>,
    preprocessing: Value,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Expected {
    features: Vec<f64>,
    quantized: Vec<u32>,
    imputed: usize,
    clipped: usize,
    clipped_by_quantization: usize,
    unknown: usize,
}

#[derive(Debug, Deserialize, PartialEq)]
struct ExpectedError {
    kind: String,
    line: u64,
    column: Option<String>,
}

fn vectors() -> Vectors {
    let json = fs::read(common::vector("preprocessing.json")).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// A model of these columns with weights of 1.
fn model(
    columns: &[String],
    preprocessing: &Preprocessing,
    quantization: &Quantization,
) -> Result<Model, BuildError> {
    let mut blueprint: Blueprint = common::patients();
    blueprint.input.shape = vec![columns.len()];
    blueprint.input.features = Some(columns.to_vec());
    blueprint.input.preprocessing = preprocessing.clone();
    blueprint.quantization = quantization.clone();
    blueprint.layouts.features = None;
    let features = columns.iter().map(|name| {
        preprocessing
            .categories(name)
            .map_or(1, |(list, _)| list.len())
    });
    let leaves = preprocessing.trees();
    let leaves = leaves.map(|trees| trees.iter().map(Tree::features).sum::<usize>());
    // Refused trees may name any leaf.
    let features = leaves.unwrap_or(features.sum::<usize>()).clamp(1, 1000);
    let map = FloatMap::new(features, 2, vec![1.0; 2 * features], vec![0.0; 2]).unwrap();
    blueprint.build(map)
}

/// The records of a table, or its first error.
fn read(model: &Model, csv: &str) -> Result<Vec<Expected>, ReadError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), csv).unwrap();
    let card = model.card();
    let records = input::open(card.input(), file.path(), &input::Options::default())?;
    let records = records.map(|record| {
        let raw = record?.raw;
        let preprocessed = card.input().preprocess(&raw).unwrap();
        let quantized = common::quantize(model, &raw).unwrap();
        assert_eq!(quantized.imputed(), preprocessed.imputed);
        assert_eq!(quantized.unknown(), preprocessed.unknown);
        Ok(Expected {
            features: preprocessed.features,
            quantized: quantized.values().to_vec(),
            imputed: quantized.imputed(),
            clipped: preprocessed.clipped,
            clipped_by_quantization: quantized.clipped() - preprocessed.clipped,
            unknown: quantized.unknown(),
        })
    });
    records.collect()
}

/// An error in the vectors' terms.
fn told(error: &ReadError) -> ExpectedError {
    let of = |kind: &str, line: u64, column: Option<&str>| ExpectedError {
        kind: kind.to_owned(),
        line,
        column: column.map(str::to_owned),
    };
    match error {
        ReadError::Header { problem, .. } => {
            let kind = if problem.ends_with("twice") {
                "duplicate_column"
            } else {
                "missing_column"
            };
            of(kind, 1, problem.split('"').nth(1))
        }
        ReadError::RowLength { line, .. } => of("row_length", *line, None),
        ReadError::NotANumber { line, column, .. } => of("not_a_number", *line, Some(column)),
        ReadError::MissingCell { line, column, .. } => of("missing_value", *line, Some(column)),
        ReadError::UnknownCategory { line, column, .. } => {
            of("unknown_category", *line, Some(column))
        }
        other => panic!("{other}"),
    }
}

#[test]
fn tables_become_the_features_and_integers_of_the_vectors() {
    let cases = vectors().cases;
    assert!(cases.len() >= 35);
    for case in cases {
        let model =
            model(&case.columns, &case.preprocessing, &case.quantization).expect(&case.name);
        match (read(&model, &case.csv), case.error) {
            (Ok(found), None) => assert_eq!(found, case.records, "{}", case.name),
            (Err(found), Some(mut expected)) => {
                // A number that is too large is one that isn't finite, in the same words.
                if expected.kind == "not_finite" {
                    expected.kind = "not_a_number".to_owned();
                }
                assert_eq!(told(&found), expected, "{}: {found}", case.name);
            }
            (found, expected) => panic!("{}: {found:?}, expected {expected:?}", case.name),
        }
    }
}

#[test]
fn no_card_has_preprocessing_that_the_vectors_refuse() {
    let quantization: Quantization =
        serde_json::from_value(serde_json::json!({"bits": 4, "step": 1, "zero": 0})).unwrap();
    let refused = vectors().refused;
    assert!(refused.len() >= 21);
    for case in refused {
        if let Ok(preprocessing) = serde_json::from_value::<Preprocessing>(case.preprocessing) {
            let error = model(&case.columns, &preprocessing, &quantization).expect_err(&case.name);
            assert!(
                error.to_string().starts_with("preprocessing step "),
                "{}: {error}",
                case.name
            );
        }
    }
}

/// The first version has no columns: what it says is as it was.
#[test]
fn the_first_version_is_still_read() {
    let text = r#"{"version":1,"steps":[{"op":"scale","factor":0.5}]}"#;
    let preprocessing: Preprocessing = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&preprocessing).unwrap(), text);
    let cases = [
        (
            r#"{"version":1,"steps":[{"op":"clip","ranges":{"x":[0,1]}}]}"#,
            "version 1 of preprocessing has scale alone",
        ),
        (
            r#"{"version":1,"missing":["NA"],"steps":[]}"#,
            "belongs to version 2",
        ),
        (
            r#"{"version":2,"missing":["NA "],"steps":[]}"#,
            "begins or ends with spaces",
        ),
        (
            r#"{"version":2,"missing":["NA", "NA"],"steps":[]}"#,
            "is listed twice",
        ),
    ];
    let quantization: Quantization =
        serde_json::from_value(serde_json::json!({"bits": 4, "step": 1, "zero": 0})).unwrap();
    for (text, expected) in cases {
        let preprocessing = serde_json::from_str(text).unwrap();
        let error = model(&["x".to_owned()], &preprocessing, &quantization)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
