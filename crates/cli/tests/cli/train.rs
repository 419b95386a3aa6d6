//! `train`, on a few of MNIST's images.

use std::path::Path;

use insta::assert_snapshot;
use veilcast_files::idx::{LabelledImages, Split};

use crate::common::{MNIST, Place};

/// Writes the first images of MNIST as plain IDX files.
pub(crate) fn small_mnist(folder: &Path, train: usize, test: usize) {
    std::fs::create_dir(folder).unwrap();
    for (split, name, count) in [(Split::Train, "train", train), (Split::Test, "t10k", test)] {
        let mut set = LabelledImages::open(Path::new(MNIST), split).unwrap();
        set.truncate(count);
        let number = |n: usize| (n as u32).to_be_bytes();
        let mut images = vec![0, 0, 8, 3];
        images.extend([number(count), number(28), number(28)].concat());
        images.extend(set.images().pixels());
        std::fs::write(folder.join(format!("{name}-images-idx3-ubyte")), images).unwrap();
        let mut labels = vec![0, 0, 8, 1];
        labels.extend(number(count));
        labels.extend(set.labels());
        std::fs::write(folder.join(format!("{name}-labels-idx1-ubyte")), labels).unwrap();
    }
}

const TRAIN: &str = "train --data small --out trained --hidden 16 --epochs 2";

#[test]
fn a_model_is_trained_and_can_be_used() {
    let place = Place::new();
    small_mnist(&place.path("small"), 2000, 200);
    let result = place.json(&format!("{TRAIN} --json"));
    let accuracy = result["accuracy"]["quantized"].as_f64().unwrap();
    assert!((0.5..=1.0).contains(&accuracy), "{result}");
    assert_eq!(result["accuracy"]["records"], 200);
    let trials = result["search"]["trials"].as_array().unwrap();
    let chosen: Vec<_> = trials.iter().filter(|t| t["chosen"] == true).collect();
    assert_eq!(chosen.len(), 1, "{result}");
    assert_eq!(chosen[0]["slot_bits"], result["slot_bits"]);
    let facts = place.json("inspect --json trained");
    assert_eq!(facts["kind"], "model");
    assert_eq!(facts["training"]["hidden"], serde_json::json!([16]));
    let measured = place.json("evaluate --json --model trained --data small");
    assert_eq!(
        measured["accuracy"]["quantized"],
        result["accuracy"]["quantized"]
    );

    assert_snapshot!(place.fail(TRAIN), @"
    error: trained exists already
      hint: choose another place, or replace it with --force
    ");
    // What is given isn't searched for, and then nothing is.
    let fixed = format!("{TRAIN} --force --weight-bits 5 --input-bits 3");
    assert!(!place.run(&fixed).contains("quantisations by cost"));
    let facts = place.json("inspect --json trained");
    assert_eq!(
        (&facts["weight_bits"], &facts["input_bits"]),
        (&5.into(), &3.into())
    );
    let shown = place.run(&format!("{TRAIN} --force --weight-bits 5"));
    assert!(
        shown.contains("quantisations by cost, measured on 333 records")
            && shown.contains("chosen"),
        "{shown}"
    );
    // The same seed gives the same model.
    let again = place.json(&format!("{TRAIN} --json --force"));
    assert_eq!(again["card_digest"], result["card_digest"]);
}

#[test]
fn a_hybrid_model_is_trained_and_can_be_used() {
    let place = Place::new();
    small_mnist(&place.path("small"), 600, 100);
    let train = "train --data small --stem --features 12 --epochs 2 --out hybrid";
    let result = place.json(&format!("{train} --json"));
    assert_eq!(result["accuracy"]["records"], 100);
    assert!(place.path("hybrid/public.onnx").exists());
    let facts = place.json("inspect --json hybrid");
    assert_eq!(facts["training"]["stem"]["features"], 12);
    let measured = place
        .json("evaluate --json --model hybrid --data small --encrypted --key-bits 2048 --limit 20");
    assert_eq!(measured["encrypted"]["agreeing"], 20);

    // A stem is for images, and so is the number of its features.
    for misused in [
        "train --stem --table x.csv --target y --out other",
        "train --data small --features 12 --out other",
    ] {
        let mut veilcast = place.veilcast();
        veilcast.args(misused.split_whitespace()).assert().code(2);
    }
    assert_snapshot!(place.fail("train --data small --stem --features 0 --out other"), @"error: the number of features is 0; it must be 1 to 4096");
}

#[test]
fn bad_data_and_options_are_refused() {
    let place = Place::new();
    assert_snapshot!(place.fail("train --data missing --out trained"), @r"
    error: can't use the images in missing
      cause: missing has no file train-images-idx3-ubyte, nor train-images-idx3-ubyte.gz; expected MNIST's names
      hint: give a directory with MNIST's four files, such as data/mnist
    ");
    small_mnist(&place.path("small"), 20, 10);
    assert_snapshot!(place.fail(&format!("{TRAIN} --input-bits 17")), @"error: the number of input bits is 17; it must be 1 to 16");
    let images = place.path("small").join("train-images-idx3-ubyte");
    let mut bytes = std::fs::read(&images).unwrap();
    bytes.pop();
    std::fs::write(&images, &bytes).unwrap();
    assert_snapshot!(place.fail(TRAIN), @r"
    error: can't use the images in small
      cause: small/train-images-idx3-ubyte ends after 15679 bytes of content; its header announces 15680
      hint: give a directory with MNIST's four files, such as data/mnist
    ");
    bytes[3] = 4;
    std::fs::write(&images, &bytes).unwrap();
    assert_snapshot!(place.fail(TRAIN), @r"
    error: can't use the images in small
      cause: small/train-images-idx3-ubyte starts with 0x00000804; an IDX file of images starts with 0x00000803
      hint: give a directory with MNIST's four files, such as data/mnist
    ");
    assert!(!place.path("trained").exists());
}
