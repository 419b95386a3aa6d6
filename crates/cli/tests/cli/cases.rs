//! Files that users bring, from public reports: the real program imports each, or says why not and what
//! to do. What the imported models compute is compared in the tests of the crate that imports.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::Place;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/fixtures/onnx/cases")
}

/// What the program does with a file.
enum Outcome {
    /// A model of this many inputs and scores, with this final function.
    Imported(u64, u64, &'static str),
    /// An error with these words.
    Refused(&'static [&'static str]),
}

use Outcome::{Imported, Refused};

const CASES: [(&str, &[&str], Outcome); 20] = [
    (
        "linear-regressor-12-coefficients-for-2-inputs",
        &[],
        Refused(&["is of length 12, but must be of 6"]),
    ),
    (
        "batch-of-3-mixed",
        &[],
        Refused(&["exported for a batch of 3", "free side for the batch"]),
    ),
    (
        "fixed4-reshape-const",
        &["--input", "array"],
        Imported(12, 10, "none"),
    ),
    (
        "fixed4-reshape-minus1",
        &["--input", "array"],
        Imported(12, 10, "none"),
    ),
    (
        "int-then-float-columns",
        &[],
        Refused(&["declare all columns as floats", "FloatTensorType"]),
    ),
    (
        "all-int64",
        &[],
        Refused(&["whole numbers, and a record holds 0."]),
    ),
    ("ovr-multilabel", &[], Imported(8, 3, "sigmoid")),
    ("skl-sgdlog3", &[], Imported(13, 3, "normalized_sigmoid")),
    ("skl-mnb", &[], Imported(13, 3, "softmax")),
    (
        "skl-mnb",
        &["--output", "output_label"],
        Imported(13, 3, "none"),
    ),
    ("skl-svclinear2", &[], Imported(30, 1, "none")),
    ("skl-svrlinear", &[], Imported(10, 1, "none")),
    ("skl-poisson", &[], Imported(10, 1, "exp")),
    ("skl-calib1", &[], Imported(30, 1, "sigmoid")),
    (
        "skl-ovo",
        &[],
        Refused(&["it isn't affine: the first node that isn't is"]),
    ),
    (
        "skl-power",
        &[],
        Refused(&["it isn't affine: the first node that isn't is"]),
    ),
    ("binary-one-row-multiclass1", &[], Imported(2, 1, "sigmoid")),
    ("mlnet", &[], Imported(5, 1, "sigmoid")),
    ("mlnet3", &[], Imported(5, 1, "sigmoid")),
    (
        "only-softmax",
        &[],
        Refused(&["nothing but Softmax of its input"]),
    ),
];

/// The records that come with a file, as CSV.
fn records(name: &str) -> Option<String> {
    let json = fs::read(cases().join(name).with_extension("json")).ok()?;
    let json: Value = serde_json::from_slice(&json).unwrap();
    let columns: Vec<String> = serde_json::from_value(json["columns"].clone()).ok()?;
    let rows: Vec<Vec<f64>> = serde_json::from_value(json["inputs"].clone()).ok()?;
    let mut csv = format!("{}\n", columns.join(","));
    for row in rows {
        let cells: Vec<String> = row.iter().map(f64::to_string).collect();
        writeln!(csv, "{}", cells.join(",")).unwrap();
    }
    Some(csv)
}

#[test]
fn files_from_reports_are_imported_or_refused_with_advice() {
    let place = Place::new();
    let npy = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata/fixtures/npy/twelve-columns.npy");
    fs::copy(npy, place.path("arrays.npy")).unwrap();
    let mut problems = Vec::new();
    for (name, options, outcome) in CASES {
        fs::copy(
            cases().join(name).with_extension("onnx"),
            place.path("model.onnx"),
        )
        .unwrap();
        let calibration = match (records(name), options) {
            (_, ["--input", "array"]) => "arrays.npy",
            (Some(csv), _) => {
                place.write("calibration.csv", csv);
                "calibration.csv"
            }
            (None, _) => {
                place.write(
                    "calibration.csv",
                    match name {
                        "only-softmax" => "a,b,c,d,e,f\n1,2,3,4,5,6\n2,1,0,4,1,3\n",
                        _ => "a,b\n0.35,0.82\n0.1,0.9\n0.7,0.2\n",
                    },
                );
                "calibration.csv"
            }
        };
        let table: &[&str] = if calibration == "arrays.npy" {
            &[]
        } else {
            &["--input", "table"]
        };
        let run = place
            .veilcast()
            .args([
                "import",
                "model.onnx",
                "--out",
                "model-dir",
                "--force",
                "--calibration",
                calibration,
            ])
            .args(options.iter().chain(table))
            .assert();
        let output = run.get_output();
        let told = String::from_utf8_lossy(&output.stderr);
        let found = output.status.success().then(|| {
            let card = place.json_file("model-dir/card.json");
            let outputs = card["output"]["labels"].as_array().map_or(0, Vec::len) as u64;
            let facts = place.json("inspect --json model-dir");
            (
                facts["features"].as_u64(),
                outputs,
                card["output"]["activation"].clone(),
            )
        });
        match (&outcome, found) {
            (Imported(inputs, scores, activation), Some((features, outputs, function))) => {
                let scored = if outputs == 2 && *scores == 1 {
                    1
                } else {
                    outputs
                };
                if (features, scored, function.as_str())
                    != (Some(*inputs), *scores, Some(*activation))
                {
                    problems.push(format!(
                        "{name}: {features:?} inputs, {outputs} labels, {function}"
                    ));
                }
            }
            (Refused(words), None) => {
                let lacks = words.iter().find(|word| !told.contains(**word));
                problems.extend(lacks.map(|word| format!("{name}: no {word:?} in {told}")));
            }
            (Imported(..), None) => problems.push(format!("{name}: {told}")),
            (Refused(_), Some(_)) => problems.push(format!("{name} is imported")),
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
