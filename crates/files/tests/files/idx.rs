//! IDX files, whole and malformed.

use std::fs;

use veilcast_files::idx::{Images, LabelledImages, Split};

use crate::models;
use crate::models::fixture;

#[test]
fn plain_and_gzipped_files_hold_the_same_images() {
    let plain = Images::open(&fixture("idx/two-images")).unwrap();
    assert_eq!((plain.len(), plain.rows(), plain.columns()), (2, 2, 2));
    let records: Vec<Vec<f64>> = plain.records().collect();
    assert_eq!(
        records,
        [[0.0, 10.0, 20.0, 30.0], [40.0, 50.0, 60.0, 255.0]]
    );
    assert_eq!(Images::open(&fixture("idx/two-images.gz")).unwrap(), plain);
    let bytes = fs::read(fixture("idx/two-images.gz")).unwrap();
    assert_eq!(Images::from_bytes("images", &bytes).unwrap(), plain);
}

#[test]
fn each_malformed_file_has_its_error() {
    let cases = [
        (
            "wrong-magic",
            "starts with 0x00000802; an IDX file of images starts with 0x00000803",
        ),
        ("labels-magic", "starts with 0x00000801"),
        ("header-cut", "is too short for the header"),
        ("empty", "is too short for the header"),
        (
            "short",
            "ends after 7 bytes of content; its header announces 8",
        ),
        ("trailing", "continues after the 8 bytes"),
        ("no-images", "announces 0 items"),
        ("no-columns", "announces 2 items of 2 × 0"),
        ("huge-dimensions", "announces 4294967295 items"),
        ("announces-a-gigabyte", "ends after 8 bytes of content"),
        ("gzip-cut.gz", "can't read"),
        ("gzip-bomb.gz", "continues after the 8 bytes"),
        ("gzip-trailing-garbage.gz", "can't read"),
        ("missing", "can't read"),
    ];
    for (name, expected) in cases {
        let path = fixture("idx").join(name);
        let error = Images::open(&path).expect_err(name).to_string();
        assert!(error.contains(expected), "{name}: {error}");
        assert!(
            error.contains(&path.display().to_string()),
            "{name}: {error}"
        );
    }
}

#[test]
fn labels_must_be_as_many_as_images() {
    let read = |name: &str| fs::read(fixture("idx").join(name)).unwrap();
    let images = read("two-images");
    let set = LabelledImages::from_bytes(("i", &images), ("l", &read("two-labels"))).unwrap();
    assert_eq!(set.labels(), [3, 7]);
    let more = LabelledImages::from_bytes(("i", &images), ("l", &read("three-labels")));
    assert_eq!(
        more.unwrap_err().to_string(),
        "i has 2 images, but l has 3 labels"
    );
    let swapped = LabelledImages::from_bytes(("i", &images), ("l", &images));
    assert!(
        swapped
            .unwrap_err()
            .to_string()
            .starts_with("l starts with 0x00000803")
    );
}

#[test]
fn a_data_set_is_found_by_its_usual_names() {
    let directory = tempfile::tempdir().unwrap();
    let put = |from: &str, to: &str| {
        fs::copy(fixture("idx").join(from), directory.path().join(to)).unwrap();
    };
    let missing = LabelledImages::open(directory.path(), Split::Train)
        .unwrap_err()
        .to_string();
    assert!(
        missing.contains("no file train-images-idx3-ubyte"),
        "{missing}"
    );
    put("two-images.gz", "train-images-idx3-ubyte.gz");
    put("two-labels", "train-labels.idx1-ubyte");
    let mut set = LabelledImages::open(directory.path(), Split::Train).unwrap();
    assert_eq!(set.len(), 2);
    set.truncate(1);
    assert_eq!(
        (set.len(), set.images().len(), set.labels()),
        (1, 1, &[3][..])
    );
    assert!(LabelledImages::open(directory.path(), Split::Test).is_err());
}

#[test]
fn the_last_images_can_be_split_off() {
    let all = LabelledImages::open(&models::repository("data/mnist"), Split::Test).unwrap();
    let mut first = all.clone();
    for count in [0, all.len(), usize::MAX] {
        assert_eq!(first.split_last(count), None);
    }
    let last = first.split_last(100).unwrap();
    assert_eq!((first.len(), last.len()), (9_900, 100));
    assert_eq!([first.labels(), last.labels()].concat(), all.labels());
    let pixels = [first.images().pixels(), last.images().pixels()].concat();
    assert_eq!(pixels, all.images().pixels());
    first.truncate(1);
    assert_eq!(first.split_last(1), None);
}
