//! `bench`: what it measures, stores, and what reads that again.

use insta::assert_snapshot;

use crate::common::Place;

#[test]
fn measured_costs_are_stored_and_used() {
    let place = Place::new();
    let stored = place.json("bench --key-bits 2048 --calibrate costs.json --json");
    assert_eq!(stored, place.json_file("costs.json"));
    assert_eq!(stored["key_bits"], 2048);
    let seconds = stored["seconds"].as_object().unwrap();
    for (name, value) in seconds {
        let values = value.as_array().cloned().unwrap_or(vec![value.clone()]);
        assert!(
            values.iter().all(|value| value.as_f64().unwrap() > 0.0),
            "{name}"
        );
    }
    assert_eq!(seconds["randomizers"].as_array().unwrap().len(), 8);

    // For keys of another size too.
    for bits in ["2048", "3072"] {
        let plan = |more: &str| {
            let line = format!("inspect model --key-bits {bits} --json {more}");
            place.json(&line)["plan"]["candidates"][0]["encrypt_ms"].clone()
        };
        assert_ne!(plan(""), plan("--costs costs.json"));
    }
    assert_snapshot!(place.fail("bench --key-bits 2048 --calibrate costs.json"), @r"
    error: costs.json exists already
      hint: choose another name, or replace it with --force
    ");
}

#[test]
fn costs_are_a_table_for_people() {
    let shown = Place::new().run("bench --key-bits 2048");
    let names: Vec<_> = shown
        .lines()
        .map(|line| line.split("  ").next().unwrap())
        .collect();
    assert_snapshot!(names.join("\n"), @r"
    One core of this machine, keys of 2048 bits

    operation
    client: encryption
    client: correction of a seeded ciphertext
    client: preparing a table's cell
    both: decoding of a ciphertext
    both: check of a message's ciphertexts
    service: seeded ciphertext
    service: product
    service: inversion
    1 randomiser
    2 randomisers, together
    3 randomisers, together
    4 randomisers, together
    5 randomisers, together
    6 randomisers, together
    7 randomisers, together
    8 randomisers, together
    1 decryption
    2 decryptions, together
    3 decryptions, together
    4 decryptions, together
    ");
}

#[test]
fn costs_that_can_not_be_are_refused() {
    let place = Place::new();
    place.write("text.json", "no costs");
    assert_snapshot!(place.fail("inspect model --costs text.json"), @r"
    error: can't use the costs in text.json
      cause: expected ident at line 1 column 2
      hint: give a file that `veilcast bench --calibrate` wrote
    ");
    let mut costs = place.json("bench --key-bits 2048 --json");
    costs["seconds"]["product"] = (-1.0).into();
    place.write("negative.json", costs.to_string());
    assert_snapshot!(place.fail("inspect model --costs negative.json"), @r"
    error: can't use the costs in negative.json
      cause: all times and the link's speed must be positive and below 10^12
    ");
}
