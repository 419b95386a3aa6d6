//! `inspect`, of everything there is.

use insta::assert_snapshot;
use serde_json::Value;

use crate::common::Place;

#[test]
fn everything_has_its_kind() {
    let place = Place::new();
    place.write("two.csv", "age,weight,height\n1,2,3\n4,5,6\n");
    place.run("encrypt --key key.json --card model/card.json --in two.csv --out request");
    place.run("compute --model model --in request --out response");
    place.run("pubkey key.json --out public.json");
    let server = place.serve("--model model");
    let url = &server.url;
    for (target, kind) in [
        ("model", "model"),
        ("model/card.json", "card"),
        ("key.json", "secret_key"),
        ("public.json", "public_key"),
        ("request", "request"),
        ("response", "response"),
        (url, "service"),
        (&format!("{url}/v2"), "service"),
        (&format!("{url}/v2/models/risk"), "card"),
        (&format!("{url}/v2/models/risk/card"), "card"),
    ] {
        assert_eq!(
            place.json(&format!("inspect --json {target}"))["kind"],
            kind,
            "{target}"
        );
        place.run(&format!("inspect {target}"));
    }
    let request = place.json("inspect --json request");
    assert_eq!(request["ciphertexts"], 6);
    assert_eq!(request["key_bits"], 2048);
    assert_eq!(
        request["card_digest"],
        place.json("inspect --json model")["card_digest"]
    );
}

#[test]
fn a_model_is_shown() {
    let shown = Place::new().run("inspect model");
    let shown: Vec<_> = shown
        .lines()
        .filter(|line| !line.contains("sha256:"))
        .collect();
    assert_snapshot!(shown.join("\n"), @r"
    model directory
      name     risk 1
      about    Tells low from high.
      input    table of shape [3], 3 features of 4 bits
      output   2 scores of at most 9 bits, final function softmax
      labels   low, high
      layouts  scalar
      limits   at most 2 records and 1000 ciphertexts a request
      weights  6 of 4 bits, 5 not zero
    ");
}

#[test]
fn of_a_secret_key_only_public_facts_are_shown() {
    let place = Place::new();
    let key: Value = serde_json::from_str(&place.read("key.json")).unwrap();
    for shown in [
        place.run("inspect key.json"),
        place.run("inspect --json key.json"),
    ] {
        for secret in ["p", "q"] {
            assert!(!shown.contains(key[secret].as_str().unwrap()));
        }
    }
    let facts = place.json("inspect --json key.json");
    let names: Vec<_> = facts.as_object().unwrap().keys().collect();
    assert_eq!(names, ["bits", "fingerprint", "kind"]);
}

#[test]
fn other_things_are_refused() {
    let place = Place::new();
    assert_snapshot!(place.fail("inspect records.csv"), @r"
    error: records.csv isn't a file of Veilcast's, or it is damaged
      hint: give a card, a key, a request, a response, a model directory or a URL
    ");
    assert_snapshot!(place.fail("inspect missing"), @r"
    error: can't read missing
      cause: No such file or directory (os error 2)
    ");
    std::fs::create_dir(place.path("folder")).unwrap();
    assert_snapshot!(place.fail("inspect folder"), @r"
    error: folder isn't a model directory: it has no card.json
      hint: give a directory that `veilcast train` wrote
    ");
    place.write("cut.json", &place.read("model/card.json").as_bytes()[..200]);
    assert_snapshot!(place.fail("inspect cut.json"), @r"
    error: cut.json isn't a file of Veilcast's, or it is damaged
      hint: give a card, a key, a request, a response, a model directory or a URL
    ");
    place.write("old.json", r#"{"format": "veilcast-card/0"}"#);
    assert_snapshot!(place.fail("inspect old.json"), @r#"
    error: can't use the card old.json
      cause: the card's format is "veilcast-card/0"; this version reads "veilcast-card/1"
    "#);
}
