//! The built-in hybrid model: the public part in the clear at the client, the rest on ciphertexts.

use std::fs;

use insta::assert_snapshot;

use crate::common::{HYBRID, MNIST, Place};

/// A drawing of a seven, as a user has it.
const SEVEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/drawings/seven.png");

#[test]
fn files_give_what_http_gives() {
    let place = Place::new();
    let server = place.serve(&format!("--model {HYBRID}"));
    let url = &server.url;
    place.run(&format!(
        "predict --server {url} --model digits-hybrid --key key.json --out http.csv {SEVEN}"
    ));
    let predicted = place.read("http.csv");
    assert!(
        predicted.lines().nth(1).unwrap().starts_with("0,7,"),
        "{predicted}"
    );
    let card = format!("--key key.json --card {HYBRID}/card.json");
    place.run(&format!(
        "encrypt {card} --public-part {HYBRID}/public.onnx --in {SEVEN} --out request"
    ));
    place.run(&format!(
        "compute --model {HYBRID} --in request --out response"
    ));
    place.run(&format!("decrypt {card} --in response --out files.csv"));
    assert_eq!(place.read("files.csv"), predicted);
}

#[test]
fn the_public_part_must_be_the_one_that_the_card_names() {
    let place = Place::new();
    let encrypt =
        format!("encrypt --key key.json --card {HYBRID}/card.json --in {SEVEN} --out request");
    assert_snapshot!(place.fail(&encrypt), @r#"
    error: the card alone isn't enough
      cause: the model "digits-hybrid" has a public part, which the client runs: its file public.onnx is needed beside the card
      hint: give the file with --public-part: it is beside the model's card.json, or SERVER/v2/models/MODEL/public.onnx
    "#);
    let mut onnx = fs::read(format!("{HYBRID}/public.onnx")).unwrap();
    onnx[1000] ^= 1;
    place.write("other.onnx", onnx);
    let message = place.fail(&format!("{encrypt} --public-part other.onnx"));
    assert!(
        message.contains("can't use other.onnx\n  cause: the public part's SHA-256 is "),
        "{message}"
    );
    assert!(!place.path("request").exists());
}

#[test]
fn what_is_public_is_shown() {
    let place = Place::new();
    let server = place.serve(&format!("--model {HYBRID}"));
    let of_service = format!("{}/v2/models/digits-hybrid", server.url);
    let [of_directory, of_service] =
        [HYBRID, &of_service].map(|target| place.json(&format!("inspect --json {target}")));
    let part = &of_directory["public_part"];
    assert_eq!(&of_service["public_part"], part);
    assert_eq!(part["features"], 64);
    assert_eq!(part["shape"], serde_json::json!([1, 28, 28]));
    assert_eq!(part["sha256"].as_str().unwrap().len(), 64);
    let shown = place.run(&format!("inspect {HYBRID}"));
    let shown: Vec<_> = shown
        .lines()
        .filter(|line| line.starts_with("  input ") || line.starts_with("  public "))
        .collect();
    assert_snapshot!(shown.join("\n"), @r"
    input    image of shape [28, 28], 64 features of 3 bits
    public   public.onnx of 185264 bytes, run in the clear: [1, 28, 28] to 64 features
    ");
}

#[test]
fn it_is_as_good_as_promised() {
    let result = Place::new().json(&format!("evaluate --json --model {HYBRID} --data {MNIST}"));
    assert_eq!(result["records"], 10_000);
    for map in ["collapsed", "quantized", "network_when_trained"] {
        let accuracy = result["accuracy"][map].as_f64().unwrap();
        assert!((0.992..1.0).contains(&accuracy), "{map}: {accuracy}");
    }
}

#[test]
fn ciphertexts_give_the_same_scores() {
    let line = format!(
        "evaluate --json --model {HYBRID} --data {MNIST} --encrypted --limit 5 --key-bits 2048"
    );
    let encrypted = &Place::new().json(&line)["encrypted"];
    assert_eq!(
        (&encrypted["records"], &encrypted["agreeing"]),
        (&5.into(), &5.into())
    );
}
