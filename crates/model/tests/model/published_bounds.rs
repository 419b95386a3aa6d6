//! The bounds of single scores that a card publishes are those of the weights next to it.

use std::fs;

use veilcast_card::{CardDigest, chain};
use veilcast_model::{CARD_FILE, Model, WEIGHTS_FILE};

use crate::common;

/// The files of the model with another card, whose digest the weights name.
fn with_card(edit: impl FnOnce(&mut serde_json::Value)) -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("patients");
    common::patients_model().save(&path, false).unwrap();
    let read = |file| fs::read(path.join(file)).unwrap();
    let (card, mut weights) = (read(CARD_FILE), read(WEIGHTS_FILE));
    let mut edited: serde_json::Value = serde_json::from_slice(&card).unwrap();
    edit(&mut edited);
    let edited = serde_json::to_vec(&edited).unwrap();
    let digest = |card: &[u8]| CardDigest::of(card).to_string();
    let (old, new) = (digest(&card), digest(&edited));
    let mut places = weights.windows(old.len());
    let start = places.position(|window| window == old.as_bytes());
    let start = start.expect("the weights name their card");
    weights[start..start + new.len()].copy_from_slice(new.as_bytes());
    (edited, weights)
}

#[test]
fn published_bounds_must_be_those_of_the_weights() {
    let model = common::patients_model();
    let published = model.certificate().largest_scores().unwrap();
    assert_eq!(
        model.card().bounds().largest_scores.as_ref(),
        Some(&published)
    );
    let load = |edit: &dyn Fn(&mut serde_json::Value)| {
        let (card, weights) = with_card(|card| edit(&mut card["bounds"]));
        Model::from_bytes(&card, &weights, None).map_err(|error| chain(&error))
    };
    load(&|_| ()).unwrap();
    // As cards were written before there was such a member.
    let without = load(&|bounds| {
        bounds.as_object_mut().unwrap().remove("largest_scores");
    });
    assert_eq!(without.unwrap().certificate(), model.certificate());
    for change in [-1, 1] {
        let error = load(&|bounds| {
            bounds["largest_scores"][1] = (published[1] as i64 + change).into();
        });
        let error = error.unwrap_err();
        assert!(
            error.contains("bounds.largest_scores in card.json"),
            "{error}"
        );
        assert!(error.contains(WEIGHTS_FILE), "{error}");
    }
}
