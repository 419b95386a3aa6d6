//! The test vectors that every client shares: what pictures of drawings become.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

#[path = "../../model/tests/common/mod.rs"]
mod common;

use std::fs;

use image::RgbaImage;
use serde::Deserialize;
use veilcast_card::RawRecord;
use veilcast_files::{self as input, DrawingError, GreyImage, Options, ReadError};
use veilcast_model::Model;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

/// Pixels are in hexadecimal, one text per row.
#[derive(Deserialize)]
struct Case {
    name: String,
    width: u32,
    grey: Option<Vec<String>>,
    rgba: Option<Vec<String>>,
    fitted: Option<Vec<String>>,
    error: Option<String>,
}

fn bytes(rows: &[String]) -> Vec<u8> {
    let digits = rows.concat();
    let pairs = (0..digits.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

fn height(rows: &[String]) -> u32 {
    rows.len().try_into().unwrap()
}

/// The pixels that the digit model gets from a PNG file.
fn read_png(picture: &RgbaImage) -> Result<Vec<u8>, DrawingError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drawing.png");
    picture.save(&path).unwrap();
    let model = Model::load(&common::repository("models/digits")).unwrap();
    let mut records = input::open(model.card().input(), &path, &Options::default()).unwrap();
    match records.next().unwrap() {
        Ok(record) => match record.raw {
            RawRecord::Numbers(numbers) => Ok(numbers.iter().map(|&level| level as u8).collect()),
            other => panic!("{other:?}"),
        },
        Err(ReadError::Drawing { source, .. }) => Err(source),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn drawings_become_what_the_vectors_say() {
    let json = fs::read(common::vector("drawing.json")).unwrap();
    let vectors: Vectors = serde_json::from_slice(&json).unwrap();
    assert!(vectors.cases.len() > 15);
    for case in vectors.cases {
        let (name, width) = (case.name, case.width);
        let result = match (case.grey, case.rgba) {
            (Some(rows), None) => {
                let picture = GreyImage::new(width as usize, bytes(&rows));
                let fitted = input::fit_mnist(&picture, (28, 28));
                fitted.map(|fitted| fitted.pixels().to_vec())
            }
            (None, Some(rows)) => {
                read_png(&RgbaImage::from_raw(width, height(&rows), bytes(&rows)).unwrap())
            }
            _ => panic!("{name}: either grey or rgba"),
        };
        match (result, case.fitted, case.error.as_deref()) {
            (Ok(fitted), Some(expected), None) => assert_eq!(fitted, bytes(&expected), "{name}"),
            (Err(DrawingError::Blank { .. }), None, Some("blank")) => {}
            (Err(DrawingError::Ground), None, Some("ground")) => {}
            (other, _, expected) => panic!("{name}: {other:?} instead of {expected:?}"),
        }
    }
}
