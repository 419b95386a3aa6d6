//! Model directories: round trips, every corruption, and what writing may replace.

use std::fs;
use std::path::{Path, PathBuf};

use veilcast_card::{FeaturesLayout, Layouts, ScalarLayout, chain};
use veilcast_model::{
    CARD_FILE, Model, ModelError, Program, REPORT_FILE, WEIGHTS_FILE, check_destination,
};

use crate::common;

/// A saved model of patients in a directory of its own.
struct Saved {
    _root: tempfile::TempDir,
    path: PathBuf,
}

fn saved() -> Saved {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("patients");
    common::patients_model().save(&path, false).unwrap();
    Saved { _root: root, path }
}

impl Saved {
    fn edit(&self, file: &str, edit: impl FnOnce(&mut Vec<u8>)) {
        let path = self.path.join(file);
        let mut bytes = fs::read(&path).unwrap();
        edit(&mut bytes);
        fs::write(path, bytes).unwrap();
    }

    fn error(&self) -> String {
        chain(&Model::load(&self.path).unwrap_err())
    }
}

/// Replaces one text by another of any length.
fn replace(from: &str, to: &str) -> impl FnOnce(&mut Vec<u8>) {
    let (from, to) = (from.as_bytes().to_vec(), to.as_bytes().to_vec());
    move |bytes| {
        let found = bytes.windows(from.len()).position(|window| window == from);
        let start = found.expect("the text to replace is there");
        bytes.splice(start..start + from.len(), to);
    }
}

/// The same safetensors file with another header of any length.
fn rewrite_header(from: &'static str, to: &'static str) -> impl FnOnce(&mut Vec<u8>) {
    move |bytes| {
        replace(from, to)(bytes);
        let length = u64::from_le_bytes(*bytes.first_chunk().unwrap());
        let length = length + to.len() as u64 - from.len() as u64;
        bytes[..8].copy_from_slice(&length.to_le_bytes());
    }
}

#[test]
fn a_model_comes_back_as_it_was() {
    let saved = saved();
    let model = common::patients_model();
    assert_eq!(Model::load(&saved.path).unwrap(), model);
    let card = fs::read(saved.path.join(CARD_FILE)).unwrap();
    let weights = fs::read(saved.path.join(WEIGHTS_FILE)).unwrap();
    assert_eq!(model.card_json(), card);
    let embedded = Model::from_bytes(&card, &weights, None).unwrap();
    assert_eq!(embedded.report(), None);
    assert_eq!(
        embedded.affine().unwrap().integer_map(),
        model.affine().unwrap().integer_map()
    );
    fs::remove_file(saved.path.join(REPORT_FILE)).unwrap();
    assert_eq!(Model::load(&saved.path).unwrap(), embedded);
}

#[test]
fn the_same_model_has_the_same_bytes() {
    let (one, two) = (saved(), saved());
    for file in [CARD_FILE, WEIGHTS_FILE, REPORT_FILE] {
        assert_eq!(
            fs::read(one.path.join(file)).unwrap(),
            fs::read(two.path.join(file)).unwrap()
        );
    }
}

#[cfg(unix)]
#[test]
fn private_files_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let saved = saved();
    for file in [WEIGHTS_FILE, REPORT_FILE] {
        let mode = fs::metadata(saved.path.join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn each_missing_file_is_named() {
    for file in [CARD_FILE, WEIGHTS_FILE] {
        let saved = saved();
        fs::remove_file(saved.path.join(file)).unwrap();
        let error = saved.error();
        assert!(
            error.contains("can't read") && error.contains(file),
            "{error}"
        );
    }
}

#[test]
fn each_corruption_has_its_error() {
    type Edit = Box<dyn FnOnce(&mut Vec<u8>)>;
    let truncate = |length: usize| -> Edit { Box::new(move |bytes| bytes.truncate(length)) };
    let header = |length: u64| -> Edit {
        Box::new(move |bytes| bytes[..8].copy_from_slice(&length.to_le_bytes()))
    };
    let cases: Vec<(&str, Edit, &str)> = vec![
        (
            CARD_FILE,
            truncate(0),
            "card.json can't be used: the card isn't valid: ",
        ),
        (
            CARD_FILE,
            truncate(100),
            "card.json can't be used: the card isn't valid: ",
        ),
        (
            CARD_FILE,
            Box::new(|bytes| bytes.push(b'}')),
            "card.json can't be used: the card isn't valid: ",
        ),
        (
            CARD_FILE,
            Box::new(|bytes| bytes.push(b'\n')),
            "the card was edited",
        ),
        (
            CARD_FILE,
            Box::new(replace("\"yes\"", "\"aye\"")),
            "the card was edited",
        ),
        (
            CARD_FILE,
            Box::new(replace("\"certified\": true", "\"certified\": false")),
            "certified",
        ),
        (
            WEIGHTS_FILE,
            truncate(0),
            "weights.safetensors isn't a valid safetensors file: ",
        ),
        (
            WEIGHTS_FILE,
            truncate(7),
            "weights.safetensors isn't a valid safetensors file: ",
        ),
        (
            WEIGHTS_FILE,
            truncate(200),
            "weights.safetensors isn't a valid safetensors file: ",
        ),
        (
            WEIGHTS_FILE,
            Box::new(|bytes| {
                bytes.pop();
            }),
            "not fully covered",
        ),
        (
            WEIGHTS_FILE,
            Box::new(|bytes| bytes.push(0)),
            "not fully covered",
        ),
        (WEIGHTS_FILE, header(u64::MAX), "header too large"),
        (WEIGHTS_FILE, header(70_000), "header too large"),
        (WEIGHTS_FILE, header(60_000), "invalid header length"),
        (
            WEIGHTS_FILE,
            Box::new(replace("\"card\"", "\"cart\"")),
            "belongs to card (none)",
        ),
        (
            WEIGHTS_FILE,
            Box::new(replace("sha256:", "sha512:")),
            "belongs to card sha512:",
        ),
        (
            WEIGHTS_FILE,
            Box::new(replace("integer.biases", "integer.biasez")),
            "\"integer.biasez\" doesn't belong",
        ),
        (
            WEIGHTS_FILE,
            Box::new(replace("\"I32\"", "\"F32\"")),
            "\"integer.weights\" is F32 [2, 3]; expected I32 [2, 3]",
        ),
        (
            WEIGHTS_FILE,
            Box::new(rewrite_header("\"shape\":[2,3]", "\"shape\":[3,2]")),
            "is F64 [3, 2]; expected",
        ),
        (
            WEIGHTS_FILE,
            Box::new(rewrite_header("\"shape\":[2,3]", "\"shape\":[6]")),
            "expected F64",
        ),
        (
            WEIGHTS_FILE,
            Box::new(rewrite_header(
                "\"shape\":[2,3]",
                "\"shape\":[9999999999,9999999999999]",
            )),
            "overflow",
        ),
        (REPORT_FILE, truncate(10), "report.json can't be used: "),
        (
            REPORT_FILE,
            Box::new(replace("sha256:", "sha256:0")),
            "report.json can't be used: ",
        ),
        (
            REPORT_FILE,
            Box::new(replace("\"max_input\": 255", "\"max_input\": 254")),
            "its bounds differs",
        ),
    ];
    for (index, (file, edit, expected)) in cases.into_iter().enumerate() {
        let saved = saved();
        saved.edit(file, edit);
        let error = saved.error();
        assert!(
            error.contains(expected),
            "case {index}: expected {expected:?} in {error:?}"
        );
        assert!(
            error.contains(file),
            "case {index}: expected {file} in {error:?}"
        );
    }
}

#[test]
fn files_of_two_models_do_not_mix() {
    let mut blueprint = common::patients();
    blueprint.version = "2".to_owned();
    let other = blueprint
        .build(
            common::patients_model()
                .affine()
                .unwrap()
                .float_map()
                .clone(),
        )
        .unwrap();
    for (file, expected) in [
        (WEIGHTS_FILE, "different models"),
        (REPORT_FILE, "card differs"),
    ] {
        let (one, two) = (saved(), saved());
        other.save(&two.path, true).unwrap();
        fs::copy(two.path.join(file), one.path.join(file)).unwrap();
        assert!(one.error().contains(expected), "{}", one.error());
    }
}

/// The offset of a tensor's first byte in the file.
fn tensor_start(bytes: &[u8], name: &str) -> usize {
    let length = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    8 + length + header[name]["data_offsets"][0].as_u64().unwrap() as usize
}

#[test]
fn weights_beyond_the_cards_bounds_are_refused() {
    let saved = saved();
    saved.edit(WEIGHTS_FILE, |bytes| {
        let start = tensor_start(bytes, "integer.biases");
        bytes[start..start + 8].copy_from_slice(&(1_i64 << 50).to_le_bytes());
    });
    let error = saved.error();
    assert!(
        error.starts_with("weights.safetensors breaks the bounds in card.json: "),
        "{error}"
    );
    assert!(error.contains("score 0 may reach 1125899906"), "{error}");
}

#[test]
fn a_program_for_other_weights_is_refused() {
    for (name, bytes, expected) in [
        (
            "program.outputs",
            (-1_i64).to_le_bytes(),
            "output 0 of the program is not the weighted sum",
        ),
        (
            "program.outputs",
            i64::from(u32::MAX).to_le_bytes(),
            "uses register 4294967295",
        ),
        (
            "program.outputs",
            (-2_i64).to_le_bytes(),
            "names register -2",
        ),
        (
            "integer.weights",
            7_i64.to_le_bytes(),
            "of the program is not the weighted sum",
        ),
        (
            "program.3.outputs",
            (-1_i64).to_le_bytes(),
            "for 3 features per ciphertext can't be used: output 0 of the program is not the weighted sum",
        ),
    ] {
        let saved = saved();
        saved.edit(WEIGHTS_FILE, |file| {
            let start = tensor_start(file, name);
            file[start..start + 8].copy_from_slice(&bytes);
        });
        let error = saved.error();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

/// The patients' weights file with the digest of another card, whose layouts differ.
fn weights_for(layouts: Layouts) -> (Vec<u8>, Vec<u8>) {
    let mut blueprint = common::patients();
    blueprint.layouts = layouts;
    let model = blueprint.build(
        common::patients_model()
            .affine()
            .unwrap()
            .float_map()
            .clone(),
    );
    let model = model.unwrap();
    let saved = saved();
    saved.edit(
        WEIGHTS_FILE,
        replace(
            &common::patients_model().card_digest().to_string(),
            &model.card_digest().to_string(),
        ),
    );
    let weights = fs::read(saved.path.join(WEIGHTS_FILE)).unwrap();
    (model.card_json().to_vec(), weights)
}

#[test]
fn there_is_a_program_for_each_number_of_features_of_the_card() {
    let model = common::patients_model();
    for k in [2, 3] {
        let grouped = model.affine().unwrap().integer_map().grouped(k);
        assert_eq!(
            model.affine().unwrap().grouped_program(k),
            Some(&Program::compile(&grouped)),
            "{k}"
        );
    }
    for k in [0, 1, 4] {
        assert_eq!(model.affine().unwrap().grouped_program(k), None);
    }
    let layouts = |numbers: &[u32]| Layouts {
        scalar: Some(ScalarLayout {}),
        features: Some(FeaturesLayout {
            features_per_ciphertext: numbers.to_vec(),
        }),
        ..Layouts::default()
    };
    let (card, weights) = weights_for(layouts(&[3]));
    let error = Model::from_bytes(&card, &weights, None)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("\"program.2.") && error.contains("doesn't belong"),
        "{error}"
    );
    let scalar_alone = Layouts {
        features: None,
        ..layouts(&[])
    };
    let (card, weights) = weights_for(scalar_alone.clone());
    let error = Model::from_bytes(&card, &weights, None)
        .unwrap_err()
        .to_string();
    assert!(error.contains("doesn't belong"), "{error}");

    // The other way: the card offers what the weights have no program for.
    let mut blueprint = common::patients();
    blueprint.layouts = scalar_alone;
    let fewer = blueprint
        .build(model.affine().unwrap().float_map().clone())
        .unwrap();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("fewer");
    fewer.save(&path, false).unwrap();
    let mut weights = fs::read(path.join(WEIGHTS_FILE)).unwrap();
    replace(
        &fewer.card_digest().to_string(),
        &model.card_digest().to_string(),
    )(&mut weights);
    let error = Model::from_bytes(model.card_json(), &weights, None).unwrap_err();
    assert!(
        error.to_string().contains("\"program.2.steps\" is missing"),
        "{error}"
    );
}

#[test]
fn floats_that_are_not_finite_are_refused() {
    for name in ["float.weights", "float.biases"] {
        let saved = saved();
        saved.edit(WEIGHTS_FILE, |bytes| {
            let start = tensor_start(bytes, name);
            bytes[start..start + 8].copy_from_slice(&f64::NAN.to_le_bytes());
        });
        let error = saved.error();
        assert!(
            error.contains("of output 0 is not finite"),
            "{name}: {error}"
        );
    }
}

fn entries(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn nothing_is_replaced_without_force() {
    let saved = saved();
    let before = fs::read(saved.path.join(CARD_FILE)).unwrap();
    let other = common::four_pixels_model();
    let error = other.save(&saved.path, false).unwrap_err();
    assert!(matches!(error, ModelError::Exists { .. }), "{error}");
    assert!(check_destination(&saved.path, false).is_err());
    assert_eq!(fs::read(saved.path.join(CARD_FILE)).unwrap(), before);
    other.save(&saved.path, true).unwrap();
    assert_eq!(Model::load(&saved.path).unwrap(), other);
    // No leftovers next to it.
    assert_eq!(entries(saved.path.parent().unwrap()), ["patients"]);
}

#[test]
fn what_is_no_model_is_never_replaced() {
    let root = tempfile::tempdir().unwrap();
    let model = common::patients_model();
    fs::write(root.path().join("thesis.tex"), "years of work").unwrap();
    let error = model.save(root.path(), true).unwrap_err().to_string();
    assert!(error.contains("thesis.tex"), "{error}");
    let file = root.path().join("thesis.tex");
    let error = model.save(&file, true).unwrap_err();
    assert!(matches!(error, ModelError::NotADirectory { .. }), "{error}");
    assert_eq!(fs::read(&file).unwrap(), b"years of work");
    assert_eq!(entries(root.path()), ["thesis.tex"]);
}

#[test]
fn new_and_empty_directories_are_fine() {
    let root = tempfile::tempdir().unwrap();
    let model = common::patients_model();
    let empty = root.path().join("empty");
    fs::create_dir(&empty).unwrap();
    model.save(&empty, false).unwrap();
    let deep = root.path().join("a/b/c");
    model.save(&deep, false).unwrap();
    assert_eq!(Model::load(&deep).unwrap(), Model::load(&empty).unwrap());
}
