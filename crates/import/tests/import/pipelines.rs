//! scikit-learn's pipelines from a table's cells to scores: their front becomes a card's preprocessing.

use std::fs;

use serde_json::{Value, json};
use veilcast_card::{Activation, Cell, Input, InputBits, RawRecord, WeightBits};
use veilcast_engine::Paillier;
use veilcast_import::{Import, ImportOptions};

use crate::common;

/// A pipeline's name, what its steps are called in the card, and how many features they give.
const PIPELINES: [(&str, &[&str], usize); 18] = [
    ("pipeline-columns-unused", &["standardize", "one_hot"], 3),
    ("pipeline-float-categories", &["one_hot"], 7),
    ("pipeline-float64", &["standardize", "one_hot"], 4),
    ("pipeline-imputed", &["impute", "standardize", "one_hot"], 4),
    ("pipeline-ordinal", &["standardize", "one_hot"], 5),
    ("pipeline-passed-through", &["standardize", "one_hot"], 8),
    ("pipeline-scaler-inside", &["standardize"], 3),
    ("pipeline-tensor", &["impute", "standardize"], 3),
    ("pipeline-texts", &["one_hot"], 5),
    ("pipeline-whole-categories", &["standardize", "one_hot"], 10),
    ("sklearn-linear-svc", &["standardize"], 13),
    ("sklearn-mlp-identity", &["standardize"], 13),
    ("sklearn-scaler-logistic", &["standardize"], 30),
    ("sklearn-scaler-logistic-opset21", &["standardize"], 30),
    ("sklearn-scaler-ridge-three-outputs", &["standardize"], 3),
    ("sklearn-table", &["impute", "standardize", "one_hot"], 20),
    (
        "sklearn-table-drop-first",
        &["impute", "standardize", "one_hot"],
        20,
    ),
    (
        "sklearn-table-int64-opset21",
        &["standardize", "one_hot"],
        20,
    ),
];

fn open(name: &str, options: ImportOptions) -> Result<Import, String> {
    let bytes = fs::read(common::fixture(&format!("onnx/{name}.onnx"))).unwrap();
    Import::open(&bytes, options).map_err(|error| error.to_string())
}

fn facts(name: &str) -> Value {
    let json = fs::read(common::fixture(&format!("onnx/{name}.json"))).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// The cells of the columns that the card has, of those that the file names.
fn record(input: &Input, columns: &Value, cells: &Value) -> RawRecord<'static> {
    let names: Vec<String> = match columns {
        Value::Null => input.features.clone().unwrap(),
        columns => serde_json::from_value(columns.clone()).unwrap(),
    };
    let cells = input.features.iter().flatten().map(|column| {
        let place = names.iter().position(|name| name == column).unwrap();
        let is_text = input.preprocessing.categories(column).is_some();
        match &cells[place] {
            Value::Null => Cell::Missing,
            Value::String(text) => Cell::Text(text.clone()),
            Value::Number(number) if is_text => {
                Cell::Text((number.as_f64().unwrap() as i64).to_string())
            }
            number => Cell::Number(number.as_f64().unwrap()),
        }
    });
    RawRecord::from(cells.collect::<Vec<_>>())
}

#[test]
fn scores_are_those_of_the_pipelines() {
    for (name, steps, features) in PIPELINES {
        let import = open(name, ImportOptions::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let input = import.input();
        let ops = serde_json::to_value(&input.preprocessing.steps).unwrap();
        let ops: Vec<&Value> = ops
            .as_array()
            .unwrap()
            .iter()
            .map(|step| &step["op"])
            .collect();
        assert_eq!(json!(ops), json!(steps), "{name}");
        let map = import.collapse().unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(map.inputs(), features, "{name}");

        let facts = facts(name);
        let records = facts["inputs"].as_array().unwrap();
        let expected: Vec<Vec<f64>> = serde_json::from_value(facts["scores"].clone()).unwrap();
        let largest = expected
            .iter()
            .flatten()
            .fold(0.0, |a: f64, b| a.max(b.abs()));
        for (cells, expected) in records.iter().zip(&expected) {
            let raw = record(input, &facts["columns"], cells);
            let record = input
                .preprocess(&raw)
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            let scores = map.evaluate(&record.features).unwrap();
            // Of two classes both scores come out, s and −s; the file of expectations has s.
            let scores = &scores[scores.len() - expected.len()..];
            for (found, expected) in scores.iter().zip(expected) {
                let apart = (found - expected).abs() / largest;
                assert!(apart < 1e-4, "{name}: {found} for {expected} of {cells}");
            }
        }
        assert!(!records.is_empty() && records.len() == expected.len());
    }
}

/// From cells to integers to a prediction, by the model that is made of a pipeline.
#[test]
fn models_predict_from_cells_as_the_pipelines_do() {
    for (name, ..) in PIPELINES {
        let options = ImportOptions {
            input_bits: Some(InputBits::of::<10>()),
            weight_bits: Some(WeightBits::of::<12>()),
            ..ImportOptions::default()
        };
        let import = open(name, options).unwrap();
        let facts = facts(name);
        let inputs = facts["inputs"].as_array().unwrap();
        let records: Vec<RawRecord<'_>> = inputs
            .iter()
            .map(|cells| record(import.input(), &facts["columns"], cells))
            .collect();
        let model = import.build(&records, &Paillier, &mut |_| {});
        let model = model.unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected: Vec<Vec<f64>> = serde_json::from_value(facts["scores"].clone()).unwrap();
        let largest = expected
            .iter()
            .flatten()
            .fold(0.0, |a: f64, b| a.max(b.abs()));
        for (record, expected) in records.iter().zip(&expected) {
            let quantized = common::encoder(&model).quantize(record).unwrap();
            let found = model.predict(&quantized).unwrap();
            let found = found.scores();
            // Of two classes one score is enough.
            let expected = &expected[expected.len() - found.len()..];
            // Of softmax only differences count.
            let is_softmax = model.card().output().activation == Activation::Softmax;
            let shift = if is_softmax {
                expected[0] - found[0]
            } else {
                0.0
            };
            for (found, expected) in found.iter().zip(expected) {
                let apart = (found + shift - expected).abs() / largest;
                assert!(apart < 0.02, "{name}: {found} for {expected}");
            }
        }
    }
}

/// Cells that training never saw are ignored where the pipeline ignores them, and refused elsewhere.
#[test]
fn other_categories_are_treated_as_by_the_pipeline() {
    let with = |name: &str, column: &str, text: &str| {
        let import = open(name, ImportOptions::default()).unwrap();
        let facts = facts(name);
        let mut cells = facts["inputs"][0].clone();
        let columns = facts["columns"].as_array().unwrap();
        let place = columns.iter().position(|name| name == column).unwrap();
        cells[place] = json!(text);
        let raw = record(import.input(), &facts["columns"], &cells);
        let preprocessed = import.input().preprocess(&raw);
        preprocessed
            .map(|record| record.unknown)
            .map_err(|error| error.to_string())
    };
    assert_eq!(with("sklearn-table", "purpose", "yachts"), Ok(1));
    assert_eq!(with("pipeline-passed-through", "sex", "x"), Ok(1));
    assert_eq!(with("pipeline-whole-categories", "visits", "17"), Ok(1));
    for (name, column, text) in [
        ("sklearn-table-drop-first", "purpose", "yachts"),
        ("pipeline-ordinal", "grade", "middling"),
        // It may be that 3.0 is meant.
        ("pipeline-float-categories", "x1", "3.0"),
    ] {
        let error = with(name, column, text).unwrap_err();
        assert!(error.contains(column) && error.contains(text), "{error}");
    }
}

#[test]
fn the_card_says_what_the_pipeline_does() {
    let import = open("pipeline-imputed", ImportOptions::default()).unwrap();
    let input = serde_json::to_value(import.input()).unwrap();
    assert_eq!(input["features"], json!(["age", "dose", "sex"]));
    assert_eq!(
        input["description"],
        "The file also names \"visits\", \"grade\", which it doesn't use."
    );
    let preprocessing = &input["preprocessing"];
    assert_eq!(
        preprocessing["missing"],
        json!(["", "NA", "NaN", "null", "?"])
    );
    let steps = &preprocessing["steps"];
    assert_eq!(steps[0]["values"].as_object().unwrap().len(), 2);
    let standards = &steps[1]["columns"];
    // As scikit-learn has them.
    for (column, mean, std) in [
        ("age", 55.955_625, 20.304_710),
        ("dose", 5.671_784, 2.504_341),
    ] {
        let close = |found: &Value, expected: f64| {
            (found.as_f64().unwrap() - expected).abs() < 1e-6 * expected
        };
        assert!(close(&standards[column]["mean"], mean), "{standards}");
        assert!(close(&standards[column]["std"], std), "{standards}");
    }
    assert_eq!(steps[2]["categories"], json!({"sex": ["f", "m"]}));
    assert_eq!(steps[2]["unknown"], "error");

    let columns = ["mean radius", "dose", "visits"]
        .map(str::to_owned)
        .to_vec();
    let named = ImportOptions {
        columns: Some(columns.clone()),
        ..ImportOptions::default()
    };
    let import = open("pipeline-tensor", named.clone()).unwrap();
    assert_eq!(import.input().features, Some(columns));
    let import = open("pipeline-tensor", ImportOptions::default()).unwrap();
    assert_eq!(
        import.input().features.as_ref().unwrap(),
        &["x0", "x1", "x2"]
    );
    let error = open("pipeline-texts", named).unwrap_err();
    assert!(
        error.contains("3 columns are named, but the network takes 2"),
        "{error}"
    );
}

#[test]
fn columns_are_spelt_as_the_records_file_has_them() {
    let header = [
        "duration in month",
        "credit-amount",
        "credit amount",
        "housing",
        "more",
    ];
    let options = ImportOptions {
        header: Some(header.map(str::to_owned).to_vec()),
        ..ImportOptions::default()
    };
    let import = open("sklearn-table", options).unwrap();
    let names = import.input().features.clone().unwrap();
    let has = |name: &str| names.iter().any(|found| found == name);
    assert!(has("duration in month") && has("housing"), "{names:?}");
    // Two could be meant.
    assert!(has("credit_amount"), "{names:?}");
    // Their preparation goes by the same names.
    let steps = serde_json::to_string(&import.input().preprocessing.steps).unwrap();
    assert!(steps.contains("duration in month") && !steps.contains("duration_in_month"));
}
