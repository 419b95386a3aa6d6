//! Sealed models: what their cards name, and their directories.

use std::fs;

use serde_json::{Value, json};
use veilcast_card::{Card, Sealed, Way, chain};
use veilcast_model::{Model, SEALED_FILE};

use crate::common;

fn patients_json() -> Value {
    serde_json::from_slice(common::patients_model().card_json()).unwrap()
}

fn parse(card: &Value) -> Result<Card, String> {
    Card::parse(&serde_json::to_vec(card).unwrap()).map_err(|error| chain(&error))
}

/// A card that offers a sealed model and names what it needs, as far as a card can tell.
fn sealed_json() -> Value {
    let mut card = patients_json();
    card["ways"] = json!(["direct", "sealed"]);
    card["sealed"] = json!({
        "modulus": format!("c1{}", "ab".repeat(255)),
        "proof": "00".repeat(8 * 256),
        "sha256": "12".repeat(32),
    });
    card
}

#[test]
fn sealed_models_are_described_whole() {
    let card = parse(&sealed_json()).unwrap();
    assert_eq!(card.ways(), [Way::Direct, Way::Sealed]);
    let sealed = card.sealed().unwrap();
    assert_eq!((sealed.key_bits(), sealed.modulus().len()), (2048, 256));
    assert_eq!(sealed.proof(), [0; 8 * 256]);
    assert_eq!(sealed.file_bytes(3), 4 * 512);
    assert_eq!(parse(&patients_json()).unwrap().ways(), Way::DEFAULT);

    let modulus = "sealed.modulus must be 2048, 3072 or 4096 bits";
    let proof = "sealed.proof must be eight numbers";
    for (pointer, bad, words) in [
        ("/sealed/modulus", json!("c1".repeat(255)), modulus),
        ("/sealed/modulus", json!("41".repeat(256)), modulus),
        ("/sealed/modulus", json!("C1".repeat(256)), modulus),
        ("/sealed/modulus", json!(""), modulus),
        ("/sealed/proof", json!("00".repeat(255)), proof),
        ("/sealed/proof", json!("zz".repeat(8 * 256)), proof),
        ("/sealed/sha256", json!("12"), "sealed.sha256 must be 64"),
        (
            "/ways",
            json!(["direct"]),
            "`ways` doesn't offer a sealed model",
        ),
        (
            "/ways",
            json!(["sealed", "sealed"]),
            "`ways` must name each way",
        ),
        ("/ways", json!(["hidden"]), "unknown variant `hidden`"),
        ("/sealed", Value::Null, "there is no `sealed`"),
    ] {
        let mut card = sealed_json();
        *card.pointer_mut(pointer).unwrap() = bad;
        let error = parse(&card).unwrap_err();
        assert!(error.contains(words), "{pointer}: {error}");
    }
    let mut unknown = sealed_json();
    unknown["sealed"]["more"] = json!(1);
    assert!(
        parse(&unknown)
            .unwrap_err()
            .contains("unknown field `more`")
    );
}

/// The model of patients with encrypted weights, or what passes for them where nobody computes with them.
fn sealed_model() -> Model {
    let file = vec![7; 4 * 512];
    let mut modulus = vec![0xab; 256];
    modulus[0] = 0xc1;
    let sealed = Sealed::of(&file, &modulus, &vec![0; 8 * 256]);
    let ways = vec![Way::Direct, Way::Sealed];
    common::patients_model().sealed(sealed, file, ways).unwrap()
}

#[test]
fn a_sealed_model_comes_back_as_it_was() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("patients");
    common::patients_model().save(&path, false).unwrap();
    let edit = |edit: fn(&mut Vec<u8>)| {
        let mut bytes = fs::read(path.join(SEALED_FILE)).unwrap();
        edit(&mut bytes);
        fs::write(path.join(SEALED_FILE), bytes).unwrap();
    };
    let refusal = || chain(&Model::load(&path).unwrap_err());
    let model = sealed_model();
    assert_ne!(model.card_digest(), common::patients_model().card_digest());
    model.save(&path, true).unwrap();
    assert_eq!(Model::load(&path).unwrap(), model);
    assert_eq!(
        fs::read(path.join(SEALED_FILE)).unwrap(),
        model.sealed_file().unwrap()
    );

    edit(|bytes| bytes[9] ^= 1);
    let error = refusal();
    assert!(
        error.contains("sealed.bin isn't the one that card.json names"),
        "{error}"
    );
    edit(|bytes| bytes.truncate(100));
    let error = refusal();
    assert!(
        error.contains("have 100 bytes, but the card requires 2048"),
        "{error}"
    );
    fs::remove_file(path.join(SEALED_FILE)).unwrap();
    let error = refusal();
    assert!(error.contains("sealed.bin is missing"), "{error}");

    // A model that isn't sealed has no such file, and takes the place of one that is.
    common::patients_model().save(&path, true).unwrap();
    fs::write(path.join(SEALED_FILE), [7; 4 * 512]).unwrap();
    let error = refusal();
    assert!(error.contains("names no sealed weights"), "{error}");
    sealed_model().save(&path, true).unwrap();
    common::patients_model().save(&path, true).unwrap();
    assert_eq!(Model::load(&path).unwrap(), common::patients_model());
}
