//! The test vectors that every client shares: what drawings and photos of digits become.

use std::fs;
use std::path::{Path, PathBuf};

use image::RgbaImage;
use serde::Deserialize;
use veilcast_card::RawRecord;
use veilcast_files::{self as input, DrawingError, GreyImage, Options, ReadError};
use veilcast_model::Model;

use crate::models;

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

#[derive(Deserialize)]
struct Photos {
    photos: Vec<Photo>,
}

#[derive(Deserialize)]
struct Photo {
    file: String,
    fitted: Option<Vec<String>>,
    error: Option<String>,
}

/// The pixels that the digit model gets from a picture.
fn read_saved(picture: &RgbaImage) -> Result<Vec<u8>, DrawingError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drawing.png");
    picture.save(&path).unwrap();
    read_png(&path)
}

/// The pixels that the digit model gets from a PNG file.
fn read_png(path: &Path) -> Result<Vec<u8>, DrawingError> {
    let model = Model::load(&models::repository("models/digits")).unwrap();
    let records = input::open(model.card().input(), path, &Options::default());
    match records.and_then(|mut records| records.next().unwrap()) {
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
    let json = fs::read(models::vector("drawing.json")).unwrap();
    let vectors: Vectors = serde_json::from_slice(&json).unwrap();
    assert!(vectors.cases.len() > 25);
    for case in vectors.cases {
        let (name, width) = (case.name, case.width);
        let result = match (case.grey, case.rgba) {
            (Some(rows), None) => {
                let picture = GreyImage::new(width as usize, bytes(&rows));
                let fitted = input::fit_mnist(&picture, (28, 28));
                fitted.map(|fitted| fitted.pixels().to_vec())
            }
            (None, Some(rows)) => {
                read_saved(&RgbaImage::from_raw(width, height(&rows), bytes(&rows)).unwrap())
            }
            _ => panic!("{name}: either grey or rgba"),
        };
        check(&name, result, case.fitted.as_deref(), case.error.as_deref());
    }
}

#[track_caller]
fn check(
    name: &str,
    result: Result<Vec<u8>, DrawingError>,
    fitted: Option<&[String]>,
    error: Option<&str>,
) {
    match (result, fitted, error) {
        (Ok(found), Some(expected), None) => assert_eq!(found, bytes(expected), "{name}"),
        (Err(DrawingError::Blank { .. }), None, Some("blank")) => {}
        (Err(DrawingError::Several), None, Some("several")) => {}
        (Err(DrawingError::Ground), None, Some("ground")) => {}
        (other, _, expected) => panic!("{name}: {other:?} instead of {expected:?}"),
    }
}

fn photos() -> Vec<Photo> {
    let json = fs::read(models::vector("photos.json")).unwrap();
    let Photos { photos } = serde_json::from_slice(&json).unwrap();
    assert!(photos.len() > 25);
    photos
}

fn path_of(photo: &Photo) -> PathBuf {
    models::repository("testdata/fixtures/photos").join(&photo.file)
}

#[test]
fn photos_become_what_the_vectors_say() {
    for photo in photos() {
        let result = read_png(&path_of(&photo));
        let (fitted, error) = (photo.fitted.as_deref(), photo.error.as_deref());
        check(&photo.file, result, fitted, error);
    }
}

/// Uneven light, shadows, noise, blur, ruled paper, chalk, strokes at the edge, JPEG, dark ink in the
/// model's own size: what the model recognises in them was read wrongly or refused before.
#[test]
fn digits_are_recognised_in_photos() {
    let model = Model::load(&models::repository("models/digits-hybrid")).unwrap();
    let encoder = veilcast_onnx::encoder(model.card().clone(), model.public_part()).unwrap();
    let mut wrong = Vec::new();
    for photo in photos().iter().filter(|photo| photo.error.is_none()) {
        let mut records =
            input::open(model.card().input(), &path_of(photo), &Options::default()).unwrap();
        let record = encoder
            .quantize(&records.next().unwrap().unwrap().raw)
            .unwrap();
        let prediction = model.predict(&record).unwrap();
        let name = photo.file.split('/').next_back().unwrap();
        if !name.starts_with(&prediction.class().unwrap().label) {
            wrong.push(photo.file.clone());
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_digit_of_mnist_is_as_it_was() {
    let pixels = |x: i64, y: i64| {
        let distance = (x - 9).pow(2) + (y - 9).pow(2) - 36;
        if distance.abs() < 12 { 250 } else { 0 }
    };
    let picture: Vec<u8> = (0..28 * 28).map(|i| pixels(i % 28, i / 28)).collect();
    let picture = GreyImage::new(28, picture);
    assert_eq!(input::fit_mnist(&picture, (28, 28)).unwrap(), picture);
}

/// Noise, blots and lines of any size and shape become 28 × 28 pixels or an error.
#[test]
fn any_picture_is_fitted_or_refused() {
    let mut state = 1_u32;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let (mut fitted, mut refused) = (0, 0);
    for kind in 0..150 {
        let longest = [1, 7, 40, 300][kind % 4];
        let (width, height) = (1 + random(longest), 1 + random(longest));
        let (left, top, side) = (random(width), random(height), 1 + random(longest));
        let noise = [1, 20, 256][kind % 3];
        let pixel = |i: usize| {
            let (x, y) = (i % width, i / width);
            let inside = x.wrapping_sub(left) < side && y.wrapping_sub(top) < side;
            let blot = if inside { 20 } else { 200 };
            (blot + random(noise) + 50 * usize::from(y % 9 == 0)) as u8
        };
        let picture = GreyImage::new(width, (0..width * height).map(pixel).collect());
        match input::fit_mnist(&picture, (28, 28)) {
            Ok(image) => {
                assert_eq!((image.width(), image.height()), (28, 28));
                fitted += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(fitted > 10 && refused > 10, "{fitted} and {refused}");
}
