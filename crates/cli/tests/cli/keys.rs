//! `keygen` and `pubkey`, and bad key files.

use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::common::Place;

#[test]
fn a_new_key_is_its_owners_alone() {
    let place = Place::new();
    let facts = place.json("keygen --json --bits 2048 --out new.json");
    assert_eq!(facts["bits"], 2048);
    let mode = place
        .path("new.json")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let key: Value = serde_json::from_str(&place.read("new.json")).unwrap();
    assert_eq!(key["kty"], "DAJ");

    let public: Value = serde_json::from_str(&place.run("pubkey new.json")).unwrap();
    assert_eq!(public["n"], key["pub"]["n"]);
    assert!(public.get("p").is_none() && public.get("q").is_none());
    place.run("pubkey new.json --out public.json");
    assert_eq!(place.read("public.json"), place.run("pubkey public.json"));
    assert_eq!(
        place.json("inspect --json public.json")["fingerprint"],
        facts["fingerprint"]
    );
}

/// The proof that services ask for goes wherever the public key goes, and is checked on the way.
#[test]
fn a_public_key_brings_its_proof() {
    let place = Place::new();
    place.run("keygen --bits 2048 --out new.json");
    place.run("pubkey new.json --out public.json");
    let shown = place.run("inspect public.json");
    assert!(shown.contains("proof    right"), "{shown}");
    assert_eq!(place.json("inspect --json public.json")["proven"], true);

    // For another program's key it is made.
    let mut key: Value = serde_json::from_str(&place.read("new.json")).unwrap();
    let proof = key["pub"].as_object_mut().unwrap().remove("proof").unwrap();
    place.write("foreign.json", key.to_string());
    let public: Value = serde_json::from_str(&place.run("pubkey foreign.json")).unwrap();
    assert_eq!(public["proof"], proof);

    // A public key's owner alone can make it.
    place.write("bare.json", key["pub"].to_string());
    let facts = place.json("pubkey bare.json --json --out again.json");
    assert_eq!(facts["proven"], false);
    assert_eq!(place.json("inspect --json bare.json")["proven"], false);

    let mut forged: Value = serde_json::from_str(&place.read("public.json")).unwrap();
    let text = forged["proof"].as_str().unwrap();
    let other = if text.starts_with('A') { "B" } else { "A" };
    forged["proof"] = json!(format!("{other}{}", &text[1..]));
    place.write("forged.json", forged.to_string());
    let message = place.fail("inspect forged.json");
    assert!(message.contains("of the key's proof is"), "{message}");
}

#[test]
fn a_key_is_never_replaced_by_accident() {
    let place = Place::new();
    let before = place.read("key.json");
    assert_snapshot!(place.fail("keygen --bits 2048 --out key.json"), @r"
    error: key.json exists already
      hint: choose another name, or replace it with --force
    ");
    assert_eq!(place.read("key.json"), before);
    assert_eq!(place.names(), ["key.json", "model", "records.csv"]);
}

#[test]
fn force_replaces_a_key() {
    let place = Place::new();
    place.write("old.json", "old");
    place.run("keygen --bits 2048 --out old.json --force");
    assert_eq!(place.json("inspect --json old.json")["kind"], "secret_key");
}

#[test]
fn a_place_that_cant_be_written_is_found_at_once() {
    let place = Place::new();
    assert_snapshot!(place.fail("keygen --out missing/key.json"), @r"
    error: can't write missing/key.json
      cause: entity not found
    ");
    assert_snapshot!(place.fail("keygen --out model --force"), @"error: model exists and isn't a regular file");
}

#[test]
fn a_key_with_a_composite_prime_is_refused() {
    let place = Place::new();
    let mut key: Value = serde_json::from_str(&place.read("key.json")).unwrap();
    key["p"] = json!(multiple_of_three(key["p"].as_str().unwrap()));
    place.write("bad.json", key.to_string());
    assert_snapshot!(place.fail("inspect bad.json"), @r"
    error: can't use the key file bad.json
      cause: p of the key is not a prime number: the key is damaged or was made by a faulty program
    ");
    let line = "encrypt --key bad.json --card model/card.json --in records.csv --out request";
    assert!(place.fail(line).contains("is not a prime number"));
    assert!(!place.path("request").exists());
}

/// The number with another last digit, so that 3 divides it and 2 doesn't.
///
/// 1024 bits take 171 digits of base64url, 6 bits each; the last one's two lowest bits are unused
/// zeros. So the digits are 4 times the number, and as 64 ≡ 4 ≡ 1 modulo 3, their sum is as good.
fn multiple_of_three(base64: &str) -> String {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert_eq!(base64.len(), 171);
    let start = &base64[..170];
    let sum: usize = start.chars().map(|c| DIGITS.find(c).unwrap()).sum();
    let odd_endings = (4..64).step_by(8);
    let mut fitting = odd_endings.filter(|digit| (sum + digit).is_multiple_of(3));
    let digit = fitting.next().unwrap();
    format!("{start}{}", &DIGITS[digit..=digit])
}

#[test]
fn other_files_are_not_keys() {
    let place = Place::new();
    assert_snapshot!(place.fail("pubkey records.csv"), @r"
    error: can't use the key file records.csv
      cause: not a Paillier key file
      cause: expected value at line 1 column 1
    ");
    assert_snapshot!(place.fail("pubkey missing.json"), @r"
    error: can't read missing.json
      cause: No such file or directory (os error 2)
    ");
    place.run("pubkey key.json --out public.json");
    let line = "encrypt --key public.json --card model/card.json --in records.csv --out request";
    assert_snapshot!(place.fail(line), @r"
    error: public.json holds a public key, and a secret one is needed
      hint: give the file that `veilcast keygen` wrote
    ");
    place.write("noise.json", [0xff_u8; 100]);
    assert_snapshot!(place.fail("pubkey noise.json"), @"error: noise.json isn't a key file: it isn't text");
}
