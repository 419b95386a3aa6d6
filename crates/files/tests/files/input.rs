//! Files of records, whole and malformed.

use std::path::Path;

use veilcast_card::{Card, Cell, RawRecord, chain};
use veilcast_files::idx::Split;
use veilcast_files::{self as input, GreyImage, Options, ReadError, Record};
use veilcast_model::Model;

use crate::models;
use crate::models::{fixture, mnist, repository};

fn read(card: &Card, path: &Path) -> Result<Vec<Vec<f64>>, ReadError> {
    let records = input::open(card.input(), path, &Options::default())?;
    records.map(|record| Ok(numbers(record?))).collect()
}

/// What a record holds, if that is numbers.
fn numbers(record: Record) -> Vec<f64> {
    let number = |cell: &Cell| match cell {
        Cell::Number(number) => *number,
        other => panic!("{other:?}"),
    };
    match record.raw {
        RawRecord::Numbers(numbers) => numbers.into_owned(),
        RawRecord::Cells(cells) => cells.iter().map(number).collect(),
    }
}

/// Every case fails with its text, and the error names the file.
fn assert_errors(card: &Card, folder: &str, cases: &[(&str, &str)]) {
    for (name, expected) in cases {
        let path = fixture(folder).join(name);
        let error = chain(&read(card, &path).expect_err(name));
        assert!(
            error.contains(expected),
            "{name}: expected {expected:?} in {error:?}"
        );
        let place = error.contains(&path.display().to_string()) || error.starts_with("record ");
        assert!(place, "{name}: {error}");
    }
}

const PIXELS: [[f64; 4]; 2] = [[0.0, 10.0, 20.0, 30.0], [40.0, 50.0, 60.0, 255.0]];

#[test]
fn tables_are_read_by_column_name() {
    let model = models::patients_model();
    for name in [
        "good.csv",
        "columns-in-another-order.csv",
        "quoted-crlf-spaces.csv",
        "byte-order-mark.csv",
    ] {
        let records = read(model.card(), &fixture("csv").join(name)).expect(name);
        assert_eq!(records, [[40.0, 1.5, 70.0], [-100.0, 0.0, 3.0]], "{name}");
    }
}

#[test]
fn tables_are_read_as_spreadsheets_save_them() {
    let model = models::patients_model();
    for name in ["decimal-comma.csv", "semicolons.csv"] {
        let records = read(model.card(), &fixture("csv").join(name)).expect(name);
        assert_eq!(records, [[40.0, 1.5, 70.0]], "{name}");
    }
}

#[test]
fn each_malformed_table_has_its_error() {
    let model = models::patients_model();
    assert_errors(
        model.card(),
        "csv",
        &[
            ("missing-column.csv", "the header lacks \"dose\""),
            (
                "extra-column.csv",
                "the header has \"id\", which the model doesn't take",
            ),
            ("missing-and-extra.csv", "lacks \"age\", and has \"Age\""),
            ("repeated-column.csv", "the column \"age\" twice"),
            ("no-header.csv", "is missing: the first line is all numbers"),
            (
                "not-a-number.csv",
                "line 3, column \"dose\": \"high\" isn't a finite number",
            ),
            ("empty-cell.csv", "line 2, column \"dose\": \"\" isn't"),
            ("not-finite.csv", "line 2, column \"dose\": \"inf\" isn't"),
            (
                "not-utf8.csv",
                "column \"dose\": \"1.5\u{ff}\" isn't a finite number",
            ),
            ("short-row.csv", "line 3: the row has 2 cells, the header 3"),
            ("missing.csv", "can't read"),
        ],
    );
    let error = read(model.card(), &fixture("idx/empty"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("is empty"), "{error}");
}

#[test]
fn images_are_read_from_tables() {
    let model = models::four_pixels_model();
    for name in ["pixels-by-name.csv", "pixels-by-place.csv"] {
        assert_eq!(
            read(model.card(), &fixture("csv").join(name)).unwrap(),
            [PIXELS[0]],
            "{name}"
        );
    }
    assert_errors(
        model.card(),
        "csv",
        &[
            ("pixels-wrong-count.csv", "has 5 columns; the model takes 4"),
            (
                "pixels-out-of-range.csv",
                "record 0, value 3 (both from 0) is 256",
            ),
            ("pixels-scaled-already.csv", "multiply by 255"),
        ],
    );
}

#[test]
fn arrays_of_every_type_and_order_hold_the_same() {
    let model = models::four_pixels_model();
    for name in [
        "u8-records-features.npy",
        "u8-records-rows-columns.npy",
        "u8-records-channel-rows-columns.npy",
        "u8-fortran.npy",
        "u8-fortran-3d.npy",
        "i16.npy",
        "i64.npy",
        "f32-version-2.npy",
        "f64-big-endian.npy",
    ] {
        let path = fixture("npy").join(name);
        assert_eq!(read(model.card(), &path).expect(name), PIXELS, "{name}");
        assert_eq!(
            input::open(model.card().input(), &path, &Options::default())
                .unwrap()
                .count_in_file(),
            Some(2)
        );
    }
    for name in ["one-record.npy", "one-image.npy"] {
        assert_eq!(
            read(model.card(), &fixture("npy").join(name)).unwrap(),
            [PIXELS[0]],
            "{name}"
        );
    }
}

#[test]
fn each_malformed_array_has_its_error() {
    let model = models::four_pixels_model();
    assert_errors(
        model.card(),
        "npy",
        &[
            (
                "wrong-shape.npy",
                "an array of shape [2, 5]; the model takes records of shape [2, 2]",
            ),
            ("no-records.npy", "an array of shape [0, 4]"),
            ("scalar.npy", "an array of shape []"),
            ("short.npy", "announces 8 bytes of content, but 7 follow"),
            ("trailing.npy", "announces 8 bytes of content, but 9 follow"),
            ("complex.npy", "its elements are '<c8'"),
            ("text.npy", "its elements are '<U1'"),
            (
                "pickled-objects.npy",
                "its elements are objects of Python, which could be anything; save it again as \
                 array.astype(\"float32\")",
            ),
            ("structured.npy", "it isn't an array of plain numbers"),
            ("huge-shape.npy", "announces more numbers than are accepted"),
            (
                "overflowing-shape.npy",
                "announces more numbers than are accepted",
            ),
            (
                "deeply-nested-header.npy",
                "it isn't an array of plain numbers",
            ),
            ("announces-a-large-header.npy", "its header is too long"),
            ("version-9.npy", "its version isn't 1, 2 or 3"),
            ("header-cut.npy", "it ends within its header"),
            ("header-is-no-dict.npy", "isn't a usable NPY file"),
            ("nan.npy", "record 1, value 1 (both from 0) is NaN"),
            (
                "negative-pixel.npy",
                "record 1, value 1 (both from 0) is -5; expected a pixel",
            ),
        ],
    );
}

#[test]
fn idx_images_are_records() {
    let model = models::four_pixels_model();
    for name in ["two-images", "two-images.gz"] {
        assert_eq!(
            read(model.card(), &fixture("idx").join(name)).unwrap(),
            PIXELS,
            "{name}"
        );
    }
    assert_errors(
        model.card(),
        "idx",
        &[
            ("short", "ends after 7 bytes"),
            ("two-labels", "starts with 0x00000801"),
            ("gzip-bomb.gz", "continues after the 8 bytes"),
        ],
    );
    let error = read(models::patients_model().card(), &fixture("idx/two-images")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("images of [2, 2]; the model takes"),
        "{error}"
    );
}

#[test]
fn reading_ends_after_the_first_error() {
    let model = models::patients_model();
    let mut records = input::open(
        model.card().input(),
        &fixture("csv/short-row.csv"),
        &Options::default(),
    )
    .unwrap();
    assert!(records.next().unwrap().is_ok());
    assert!(records.next().unwrap().is_err());
    assert!(records.next().is_none());
}

fn digits() -> Model {
    Model::load(&repository("models/digits")).unwrap()
}

#[test]
fn a_picture_of_the_models_size_on_a_dark_ground_is_taken_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.png");
    let level = |x: u32, y: u32| match (x, y) {
        (3..7, 2..25) => 200 + (x + y) as u8,
        _ => (x * y % 7) as u8,
    };
    let picture = image::GrayImage::from_fn(28, 28, |x, y| image::Luma([level(x, y)]));
    picture.save(&path).unwrap();
    let expected: Vec<f64> = picture
        .pixels()
        .map(|pixel| f64::from(pixel.0[0]))
        .collect();
    let model = digits();
    assert_eq!(read(model.card(), &path).unwrap(), [expected]);
    // Dark on light, it is found, and put where MNIST has it.
    let negative = image::GrayImage::from_fn(28, 28, |x, y| image::Luma([255 - level(x, y)]));
    negative.save(&path).unwrap();
    let records = read(model.card(), &path).unwrap();
    assert_eq!(
        models::predict(&model, &records[0]).class().unwrap().label,
        "1"
    );
    assert!(records[0][14 * 28 + 14] > 200.0 && records[0][0] == 0.0);
}

#[test]
fn drawings_are_fitted_whatever_their_ground() {
    let model = digits();
    let mut fitted = Vec::new();
    for name in [
        "one-dark-on-light.png",
        "one-light-on-dark.png",
        "one-on-transparent.png",
        "one-white-on-transparent.png",
    ] {
        let records = read(model.card(), &fixture("png").join(name)).expect(name);
        let found = models::predict(&model, &records[0]);
        assert_eq!(found.class().unwrap().label, "1", "{name}");
        fitted.push(records);
    }
    assert!(fitted.iter().all(|records| *records == fitted[0]));
    // 5 × 39 pixels become 3 × 20, in the middle.
    let inked = |index: &usize| fitted[0][0][*index] > 0.0;
    let rows: Vec<usize> = (0..784).filter(inked).map(|index| index / 28).collect();
    let columns: Vec<usize> = (0..784).filter(inked).map(|index| index % 28).collect();
    assert_eq!(
        (rows.iter().min(), rows.iter().max()),
        (Some(&5), Some(&24))
    );
    assert_eq!(
        columns.iter().max().unwrap() - columns.iter().min().unwrap() + 1,
        3
    );
}

#[test]
fn each_unusable_picture_has_its_error() {
    let model = digits();
    assert_errors(
        model.card(),
        "png",
        &[
            (
                "blank.png",
                "it is blank: no more than specks differ by more than 0",
            ),
            (
                "faint.png",
                "it is blank: no more than specks differ by more than 15",
            ),
            ("single-pixel.png", "it is blank"),
            ("gradient.png", "it is blank"),
            ("checkerboard.png", "too uneven to tell"),
            ("mostly-ink.png", "too uneven to tell"),
            ("cut.png", "isn't a usable PNG image"),
            ("wrong-checksum.png", "isn't a usable PNG image"),
            ("huge-dimensions.png", "isn't a usable PNG image"),
            ("bomb.png", "isn't a usable PNG image"),
        ],
    );
    let path = fixture("png/one-dark-on-light.png");
    let four_pixels = models::four_pixels_model();
    let error = read(four_pixels.card(), &path).unwrap_err().to_string();
    assert!(
        error.contains("an image of 60 rows and 60 columns"),
        "{error}"
    );
    let error = read(models::patients_model().card(), &path)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the model takes records of shape [3]"),
        "{error}"
    );
}

/// Test images enlarged, moved and darkened as if someone had drawn them on paper are
/// recognised nearly as well as the originals.
#[test]
fn enlarged_digits_are_recognised_like_the_originals() {
    const COUNT: usize = 300;
    let model = digits();
    let test = mnist(Split::Test, COUNT);
    let class = |raw: &Vec<f64>| models::predict(&model, raw).class().unwrap().index;
    let (mut original, mut drawn) = (0, 0);
    for (pixels, &label) in test.images().iter().zip(test.labels()) {
        let raw: Vec<f64> = pixels.iter().copied().map(f64::from).collect();
        original += usize::from(class(&raw) == usize::from(label));
        let paper = image::GrayImage::from_fn(200, 160, |x, y| {
            let (column, row) = (x.wrapping_sub(50) / 5, y.wrapping_sub(10) / 5);
            let inside = column < 28 && row < 28;
            let ink = if inside {
                pixels[(row * 28 + column) as usize]
            } else {
                0
            };
            image::Luma([230 - (u32::from(ink) * 200 / 255) as u8])
        });
        let paper = GreyImage::new(200, paper.into_raw());
        let Ok(fitted) = input::fit_mnist(&paper, (28, 28)) else {
            // Strokes that are far apart.
            continue;
        };
        let raw: Vec<f64> = fitted.pixels().iter().copied().map(f64::from).collect();
        drawn += usize::from(class(&raw) == usize::from(label));
    }
    assert!(original > COUNT * 9 / 10, "{original} of {COUNT}");
    assert!(
        drawn + COUNT / 100 >= original,
        "{drawn} drawn, {original} original of {COUNT}"
    );
}

/// The first test images of MNIST, each pixel compared with 127.
#[test]
fn booleans_are_black_and_white_pixels() {
    let model = Model::load(&repository("models/digits")).unwrap();
    let images = read(model.card(), &fixture("npy/booleans.npy")).unwrap();
    assert!(
        images
            .iter()
            .flatten()
            .all(|pixel| [0.0, 255.0].contains(pixel))
    );
    let truth = mnist(Split::Test, images.len());
    let right = images.iter().zip(truth.labels()).filter(|(image, label)| {
        let prediction = models::predict(&model, image.as_slice());
        prediction.class().unwrap().index == usize::from(**label)
    });
    assert_eq!(images.len(), 60);
    // Of the grey images the linear model gets 58 right; of those taken for pixels of 0 and 1 it got 7.
    assert!(right.count() >= 56);
}
