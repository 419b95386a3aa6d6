//! Records that are arrays of numbers, in NPY files.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use insta::{allow_duplicates, assert_snapshot};
use serde_json::Value;
use veilcast_files::idx::{LabelledImages, Split};

use crate::common::{DIGITS, HYBRID, MNIST, Place};

const FIXTURES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../testdata/fixtures/arrays"
);
/// Records, and the sides of each.
const RECORDS: usize = 60;
const SIDES: [usize; 2] = [6, 4];
const IMPORT: &str = "import windows.onnx --input array --calibration windows.npy --out windows";

/// An array as NumPy saves it.
fn npy(kind: &str, is_fortran: bool, shape: &[usize], numbers: &[u8]) -> Vec<u8> {
    let order = if is_fortran { "True" } else { "False" };
    let sides: String = shape.iter().map(|side| format!("{side}, ")).collect();
    let header = format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': ({sides}), }}\n");
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [
        b"\x93NUMPY\x01\x00",
        &length[..],
        header.as_bytes(),
        numbers,
    ]
    .concat()
}

/// 60 arrays of 6 × 4 numbers in a row.
fn numbers() -> Vec<f32> {
    let bytes = fs::read(Path::new(FIXTURES).join("windows.npy")).unwrap();
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let numbers = bytes[start..].as_chunks().0.iter();
    numbers.map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

/// The same numbers, the first side fastest.
fn by_columns(numbers: &[f32]) -> Vec<f32> {
    let [rows, columns] = SIDES;
    let places = (0..columns)
        .flat_map(|column| (0..rows).map(move |row| row * columns + column))
        .flat_map(|place| (0..RECORDS).map(move |record| record * rows * columns + place));
    places.map(|place| numbers[place]).collect()
}

fn place() -> Place {
    let place = Place::new();
    for name in ["windows.onnx", "windows.npy"] {
        fs::copy(Path::new(FIXTURES).join(name), place.path(name)).unwrap();
    }
    place
}

/// What onnxruntime computes for each record.
fn probabilities() -> Vec<Vec<f64>> {
    let json = fs::read(Path::new(FIXTURES).join("windows.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    serde_json::from_value(json["probabilities"].clone()).unwrap()
}

fn best(probabilities: &[f64]) -> usize {
    let places = 0..probabilities.len();
    let best = places.max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
    best.unwrap()
}

#[test]
fn arrays_of_every_type_and_order_are_predicted_alike() {
    let place = place();
    place.run(IMPORT);
    let card = place.json_file("windows/card.json");
    assert_eq!(card["input"]["kind"], "array");
    assert_eq!(card["input"]["shape"], serde_json::json!(SIDES));
    let server = place.serve("--model windows");
    let predict = |file: &str, out: &str| {
        place.run(&format!(
            "predict --server {} --model windows --key key.json --out {out} {file}",
            server.url
        ));
        place.read(out)
    };
    let expected = predict("windows.npy", "out.csv");
    for (row, own) in expected.lines().skip(1).zip(probabilities()) {
        let cells: Vec<&str> = row.split(',').collect();
        let found: Vec<f64> = cells[5..8]
            .iter()
            .map(|cell| cell.parse().unwrap())
            .collect();
        for (found, own) in found.iter().zip(&own) {
            assert!((found - own).abs() < 0.02, "{found} is not {own}");
        }
        if own[best(&own)] > 0.54 {
            assert_eq!(cells[1], best(&own).to_string());
        }
    }
    let (numbers, shape) = (numbers(), [RECORDS, SIDES[0], SIDES[1]]);
    let doubles = |numbers: &[f32]| -> Vec<u8> {
        let numbers = numbers.iter().map(|&x| f64::from(x));
        numbers.flat_map(f64::to_le_bytes).collect()
    };
    let swapped = numbers.iter().map(|&x| f64::from(x));
    let swapped: Vec<u8> = swapped.flat_map(f64::to_be_bytes).collect();
    let columns = by_columns(&numbers);
    let singles: Vec<u8> = columns.iter().flat_map(|x| x.to_le_bytes()).collect();
    for (kind, is_fortran, shape, bytes) in [
        ("<f8", false, &shape[..], doubles(&numbers)),
        (">f8", false, &shape, swapped),
        ("<f8", true, &shape, doubles(&columns)),
        ("<f4", true, &shape, singles),
        ("<f8", false, &[RECORDS, 24], doubles(&numbers)),
        ("<f8", false, &[RECORDS, 1, 6, 4], doubles(&numbers)),
    ] {
        place.write("other.npy", npy(kind, is_fortran, shape, &bytes));
        let out = format!("{}-{is_fortran}-{}.csv", &kind[1..], shape.len());
        let out = out.replace("f8", if kind.starts_with('>') { "b8" } else { "f8" });
        assert_eq!(predict("other.npy", &out), expected, "{kind} {shape:?}");
    }
    // Whole numbers and booleans are what they are.
    let whole: Vec<i16> = numbers.iter().map(|x| x.round() as i16).collect();
    let bytes: Vec<u8> = whole.iter().flat_map(|x| x.to_le_bytes()).collect();
    place.write("whole.npy", npy("<i2", false, &shape, &bytes));
    let floats: Vec<f32> = whole.iter().map(|&x| f32::from(x)).collect();
    place.write("floats.npy", npy("<f8", false, &shape, &doubles(&floats)));
    assert_eq!(
        predict("whole.npy", "whole.csv"),
        predict("floats.npy", "floats.csv")
    );
    let bytes: Vec<u8> = numbers.iter().map(|x| u8::from(*x > 0.0)).collect();
    place.write("booleans.npy", npy("|b1", false, &shape, &bytes));
    let floats: Vec<f32> = bytes.iter().map(|&x| f32::from(x)).collect();
    place.write("ones.npy", npy("<f8", false, &shape, &doubles(&floats)));
    assert_eq!(
        predict("booleans.npy", "booleans.csv"),
        predict("ones.npy", "ones.csv")
    );
}

#[test]
fn arrays_go_through_files_and_are_measured() {
    let place = place();
    place.run(IMPORT);
    place.run("encrypt --key key.json --card windows/card.json --in windows.npy --out request");
    place.run("compute --model windows --in request --out response");
    place.run("decrypt --key key.json --card windows/card.json --in response --out out.csv");
    let mut truth = "which\n".to_owned();
    for own in probabilities() {
        writeln!(truth, "{}", best(&own)).unwrap();
    }
    place.write("truth.csv", &truth);
    let evaluate =
        "evaluate --model windows --records windows.npy --table truth.csv --target which";
    let measured = place.json(&format!("{evaluate} --json --out clear.csv"));
    assert_eq!(measured["records"], 60);
    assert!(
        measured["accuracy"]["quantized"].as_f64().unwrap() > 0.98,
        "{measured}"
    );
    assert_eq!(place.read("clear.csv"), place.read("out.csv"));
    let encrypted = place.json(&format!(
        "{evaluate} --json --encrypted --limit 5 --key-bits 2048"
    ));
    assert_eq!(encrypted["encrypted"]["agreeing"], 5, "{encrypted}");
    place.write(
        "short.csv",
        truth
            .rsplit_once("\n")
            .unwrap()
            .0
            .rsplit_once('\n')
            .unwrap()
            .0,
    );
    assert_snapshot!(place.fail(&evaluate.replace("truth.csv", "short.csv")), @"error: windows.npy has 60 records, short.csv has 59 rows; the table must have a row for each record");
}

#[test]
fn arrays_that_can_t_be_records_have_their_errors() {
    let place = place();
    place.run(IMPORT);
    let shape = [RECORDS, SIDES[0], SIDES[1]];
    let changed = |change: f32| {
        let mut numbers = numbers();
        numbers[3 * 24 + 9] = change;
        numbers
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let fail = |kind: &str, shape: &[usize], bytes: &[u8]| {
        place.write("bad.npy", npy(kind, false, shape, bytes));
        place.fail("encrypt --key key.json --card windows/card.json --in bad.npy --out request")
    };
    let other = [RECORDS, SIDES[1], SIDES[0]];
    assert_snapshot!(fail("<f4", &other, &changed(0.0)), @"error: bad.npy holds an array of shape [60, 4, 6]; the model takes records of shape [6, 4]");
    assert_snapshot!(fail("<f4", &shape, &changed(f32::NAN)), @r"
    error: can't use bad.npy
      cause: record 3, value 9 (both from 0) is NaN; expected a finite number
    ");
    assert_snapshot!(fail("<f4", &shape, &changed(f32::NEG_INFINITY)), @r"
    error: can't use bad.npy
      cause: record 3, value 9 (both from 0) is -inf; expected a finite number
    ");
    assert_snapshot!(fail("|O", &shape, b"\x80\x04"), @r#"error: bad.npy isn't a usable NPY file: its elements are objects of Python, which could be anything; save it again as array.astype("float32")"#);
    assert_snapshot!(fail("<f2", &shape, &[0; 60 * 24 * 2]), @r#"error: bad.npy isn't a usable NPY file: its elements are '<f2'; booleans, integers, float32 and float64 are accepted; save it again as array.astype("float32")"#);
    let without_records = IMPORT.replace("--calibration windows.npy --out windows", "--out other");
    assert_snapshot!(place.fail(&without_records), @r"
    error: can't import windows.onnx
      cause: it isn't known what values the array's numbers have
      hint: give records such as the model will be given, with --calibration
    ");
}

/// Images that only say where there is ink: true is white, not 1 of 255.
#[test]
fn booleans_are_images_and_small_numbers_are_none() {
    let place = Place::new();
    let mut images = LabelledImages::open(Path::new(MNIST), Split::Test).unwrap();
    images.truncate(60);
    let bits: Vec<u8> = images
        .images()
        .pixels()
        .iter()
        .map(|&pixel| u8::from(pixel > 127))
        .collect();
    place.write("bits.npy", npy("|b1", false, &[60, 28, 28], &bits));
    let labels = images.labels().iter().map(u8::to_string);
    let labels: Vec<String> = labels.collect();
    place.write("truth.csv", format!("digit\n{}\n", labels.join("\n")));
    let accuracy = |model: &str| {
        let measured = place.json(&format!(
            "evaluate --json --model {model} --records bits.npy --table truth.csv --target digit"
        ));
        measured["accuracy"]["quantized"].as_f64().unwrap()
    };
    // Of the grey images the linear model gets 0.967 right.
    assert!(accuracy(DIGITS) >= 0.93, "{}", accuracy(DIGITS));
    assert!(accuracy(HYBRID) >= 0.98, "{}", accuracy(HYBRID));
    let ones: Vec<u8> = bits
        .iter()
        .flat_map(|&bit| f32::from(bit).to_le_bytes())
        .collect();
    for (kind, bytes) in [("|u1", &bits), ("<f4", &ones)] {
        place.write("ones.npy", npy(kind, false, &[60, 28, 28], bytes));
        let encrypt = "encrypt --key key.json --in ones.npy --out request";
        allow_duplicates!(
            assert_snapshot!(place.fail(&format!("{encrypt} --card {DIGITS}/card.json")), @r"
        error: can't use ones.npy
          cause: record 0 (from 0) has only numbers from 0 to 1 as pixels, but the model takes 0 to 255 and scales them itself; multiply by 255
        ")
        );
    }
}
