//! The scripts in `examples/`, as a reader runs them.
#![cfg(unix)]

use std::path::Path;

use assert_cmd::Command;

use crate::common::Place;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

/// Runs an example with files in a place of its own; gives its standard output.
fn run(name: &str, place: &Place) -> String {
    let mut script = Command::new(Path::new(EXAMPLES).join(name).join("run.sh"));
    let output = script
        .env("VEILCAST", env!("CARGO_BIN_EXE_veilcast"))
        .env("WORK", place.path("work"))
        .env("KEY_BITS", "2048")
        .env_remove("RUST_LOG")
        .assert()
        .success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

/// The area under the ROC curve in the line that begins so.
fn area(shown: &str, line: &str) -> f64 {
    let mut areas = shown.lines().filter_map(|text| {
        let (before, area) = text.split_once("area under the ROC curve ")?;
        before.trim_start().starts_with(line).then_some(area)
    });
    let area = areas.next().unwrap();
    area.split(',').next().unwrap().parse().unwrap()
}

/// The data of real patients: what is published for logistic regression is 0.81.
#[test]
fn a_hospital_gets_predictions_of_patients_whom_the_cloud_never_sees() {
    let place = Place::new();
    let shown = run("hospital", &place);
    assert!(
        shown.contains("all 1821 predictions are the same, digit for digit"),
        "{shown}"
    );
    let (encrypted, float) = (area(&shown, "predictions "), area(&shown, "collapsed map "));
    assert!(encrypted >= 0.80 && float >= 0.80, "{shown}");
    assert!((encrypted - float).abs() < 0.002, "{shown}");
    assert_eq!(
        place.read("work/owner/predictions.csv").lines().count(),
        1822
    );
}

#[test]
fn a_bank_goes_the_same_way() {
    let place = Place::new();
    let shown = run("credit", &place);
    assert!(
        shown.contains("all 200 predictions are the same, digit for digit"),
        "{shown}"
    );
    assert!(area(&shown, "predictions ") >= 0.74, "{shown}");
    let predictions = place.read("work/owner/predictions.csv");
    assert!(
        predictions.starts_with("record,label,score_bad,probability_bad,purpose,credit_amount\n"),
        "{predictions}"
    );
}
