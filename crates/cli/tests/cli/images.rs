//! Pictures of digits.

use image::{GrayImage, Luma};
use insta::assert_snapshot;

use crate::common::{DIGITS, Place};

const ENCRYPT: &str = "encrypt --key key.json --out request --in picture.png --card";

/// A thick vertical stroke, dark on light, far from MNIST's size.
fn stroke() -> GrayImage {
    GrayImage::from_fn(200, 300, |x, y| {
        let inked = (90..115).contains(&x) && (40..260).contains(&y);
        Luma([if inked { 10 } else { 245 }])
    })
}

#[test]
fn a_drawing_of_any_size_is_a_digit() {
    let place = Place::new();
    stroke().save(place.path("picture.png")).unwrap();
    place.run(&format!("{ENCRYPT} {DIGITS}/card.json"));
    place.run(&format!(
        "compute --model {DIGITS} --in request --out response"
    ));
    let line = format!("decrypt --key key.json --card {DIGITS}/card.json --in response --json");
    let predictions = place.run(&line);
    let first: serde_json::Value =
        serde_json::from_str(predictions.lines().next().unwrap()).unwrap();
    assert_eq!(first["label"], "1");
}

#[test]
fn a_picture_without_a_drawing_is_refused() {
    let place = Place::new();
    GrayImage::from_pixel(50, 50, Luma([200]))
        .save(place.path("picture.png"))
        .unwrap();
    let message = place.fail(&format!("{ENCRYPT} {DIGITS}/card.json"));
    assert_snapshot!(message, @r"
    error: picture.png can't be read as a picture of a digit
      cause: it is blank: no more than specks differ by more than 0 of 255 from what is around them
    ");
}

#[test]
fn other_files_are_refused() {
    let place = Place::new();
    place.write("picture.png", b"\x89PNG\r\n\x1a\nno more");
    let message = place.fail(&format!("{ENCRYPT} {DIGITS}/card.json"));
    assert!(
        message.contains("picture.png isn't a usable PNG image"),
        "{message}"
    );
    // Labels are no images.
    place.write("picture.png", [0, 0, 8, 1, 0, 0, 0, 1, 7]);
    let message = place.fail(&format!("{ENCRYPT} {DIGITS}/card.json"));
    assert_snapshot!(message, @"error: picture.png starts with 0x00000801; an IDX file of images starts with 0x00000803");
    // A model of a table takes no picture.
    stroke().save(place.path("picture.png")).unwrap();
    assert_snapshot!(place.fail(&format!("{ENCRYPT} model/card.json")), @"error: picture.png holds an image of 300 rows and 200 columns; the model takes records of shape [3]");
}
