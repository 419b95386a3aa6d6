//! The same table in every format: what is trained, predicted and measured is the same to the byte.

use std::fs;
use std::path::Path;

use crate::common::Place;

/// Tables as the library that people use for each format wrote them.
const FIXTURES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../testdata/fixtures/tables"
);
const FORMATS: [&str; 5] = [
    "plain.parquet",
    "plain.arrow",
    "plain.arrows",
    "plain.xlsx",
    "plain.ods",
];
const TRAIN: &str = "train --target bought --positive yes --name buyers";

fn place() -> Place {
    let place = Place::new();
    for name in FORMATS {
        fs::copy(Path::new(FIXTURES).join(name), place.path(name)).unwrap();
    }
    let csv = "../../tables/base-nam.csv";
    fs::copy(Path::new(FIXTURES).join(csv), place.path("plain.csv")).unwrap();
    place
}

#[test]
fn training_predicting_and_measuring_do_not_depend_on_the_format() {
    let place = place();
    place.run(&format!("{TRAIN} --table plain.csv --out model-csv"));
    let model = |folder: &str| {
        ["card.json", "weights.safetensors"]
            .map(|name| fs::read(place.path(folder).join(name)).unwrap())
    };
    for name in FORMATS {
        place.run(&format!("{TRAIN} --table {name} --out model-{name}"));
        assert!(
            model("model-csv") == model(&format!("model-{name}")),
            "{name}"
        );
    }

    let server = place.serve("--model model-plain.parquet");
    let predict = format!(
        "predict --server {} --model buyers --key key.json --ignore-columns all --keep region,bought",
        server.url
    );
    place.run(&format!("{predict} --out csv.csv plain.csv"));
    let expected = place.read("csv.csv");
    assert_eq!(expected.lines().count(), 201);
    let measured =
        place.json("evaluate --json --model model-csv --table plain.csv --target bought");
    for name in FORMATS {
        place.run(&format!("{predict} --out {name}.csv {name}"));
        assert_eq!(place.read(&format!("{name}.csv")), expected, "{name}");
        let of = |how: &str| {
            let mut found = place.json(&format!(
                "evaluate --json {how} --table {name} --target bought"
            ));
            // Which sheet of a workbook is read.
            found.as_object_mut().unwrap().remove("notes");
            found
        };
        assert_eq!(of("--model model-csv"), measured, "{name}");
        assert_eq!(
            of("--predictions csv.csv")["predictions"],
            measured["quantized"],
            "{name}"
        );
    }

    // A stream need not be a file.
    let stream = fs::read(place.path("plain.arrows")).unwrap();
    let run = place
        .veilcast()
        .args(predict.split(' '))
        .arg("-")
        .write_stdin(stream)
        .assert()
        .success();
    assert_eq!(String::from_utf8_lossy(&run.get_output().stdout), expected);
}

#[test]
fn what_cannot_be_read_says_what_it_is_and_what_to_do() {
    let place = place();
    place.run(&format!("{TRAIN} --table plain.csv --out buyers"));
    let whole = fs::read(place.path("plain.parquet")).unwrap();
    place.write("cut.parquet", &whole[..whole.len() / 2]);
    let evaluate = "evaluate --model buyers --target bought --table";
    let told = place.fail(&format!("{evaluate} cut.parquet"));
    assert!(
        told.starts_with("error: cut.parquet can't be read as Parquet: it is damaged, or cut off"),
        "{told}"
    );
    let told = place.fail(&format!("{evaluate} plain.xlsx --decimal comma"));
    assert!(
        told.contains("plain.xlsx holds numbers themselves"),
        "{told}"
    );
    place.write("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF");
    let heic = b"\0\0\0\x18ftypheic";
    place.write("photo.heic", heic);
    for (name, told) in [
        ("photo.jpg", "photo.jpg is a JPEG picture; save it as PNG"),
        (
            "photo.heic",
            "photo.heic is a HEIC or AVIF picture, or a film; save it as PNG",
        ),
    ] {
        assert!(
            place.fail(&format!("{evaluate} {name}")).contains(told),
            "{name}"
        );
    }
    // What is in another program's words stays in the message; there is no trace of a panic.
    let piped = place
        .veilcast()
        .args(["train", "--target", "x", "--out", "m", "--table", "-"])
        .write_stdin(whole)
        .assert()
        .code(1);
    let told = String::from_utf8_lossy(&piped.get_output().stderr).into_owned();
    assert!(
        told.contains("this format isn't read from standard input"),
        "{told}"
    );
}
