//! Directories of models with hidden layers: round trips, and every corruption.

use std::fs;
use std::path::PathBuf;

use veilcast_card::{Card, CardSpec, Hidden, Layouts, QuantizedRecord, RingBits, ScalarLayout};
use veilcast_card::{SlotBits, WeightBits, chain};
use veilcast_model::{CARD_FILE, FloatMap, FloatNetwork, Model, REPORT_FILE, WEIGHTS_FILE};

use crate::common;

/// Patients through four hidden numbers to two scores.
fn model() -> Model {
    let weights = |count: usize| (0..count).map(|i| (i as f64 * 0.7).sin()).collect();
    let first = FloatMap::new(3, 4, weights(12), vec![0.5, -0.25, 0.0, 1.0]).unwrap();
    let last = FloatMap::new(4, 2, weights(8), vec![1.0, -1.0]).unwrap();
    let network = FloatNetwork::new(vec![first, last]).unwrap();
    let mut blueprint = common::patients();
    blueprint.max_weight = 31;
    blueprint.build_network(network).unwrap()
}

struct Saved {
    _root: tempfile::TempDir,
    path: PathBuf,
}

fn saved(model: &Model) -> Saved {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("model");
    model.save(&path, false).unwrap();
    Saved { _root: root, path }
}

impl Saved {
    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.path.join(file)).unwrap()
    }
}

/// Replaces one text by another.
fn replace(bytes: &mut Vec<u8>, from: &str, to: &str) {
    let (from, to) = (from.as_bytes(), to.as_bytes());
    let found = bytes.windows(from.len()).position(|window| window == from);
    let start = found.expect("the text to replace is there");
    bytes.splice(start..start + from.len(), to.iter().copied());
}

/// The offset of a tensor's first byte in the file.
fn tensor_start(bytes: &[u8], name: &str) -> usize {
    let length = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    8 + length + header[name]["data_offsets"][0].as_u64().unwrap() as usize
}

/// The card with other hidden layers, and the model's weights, which name that card.
fn with_card(model: &Model, change: impl FnOnce(&mut CardSpec)) -> Result<(Card, Vec<u8>), String> {
    let mut spec: CardSpec = serde_json::from_slice(model.card_json()).unwrap();
    change(&mut spec);
    let card = Card::new(spec).map_err(|error| error.to_string())?;
    let mut weights = saved(model).read(WEIGHTS_FILE);
    replace(
        &mut weights,
        &model.card_digest().to_string(),
        &card.digest().to_string(),
    );
    Ok((card, weights))
}

/// What is wrong with the model's weights under another card.
fn error_with(model: &Model, change: impl FnOnce(&mut CardSpec)) -> String {
    let (card, weights) = with_card(model, change).unwrap();
    chain(&Model::from_bytes(card.json(), &weights, None).unwrap_err())
}

fn hidden(spec: &mut CardSpec) -> &mut Hidden {
    spec.hidden.as_mut().unwrap()
}

#[test]
fn a_model_comes_back_as_it_was_byte_by_byte() {
    let model = model();
    let one = saved(&model);
    let loaded = Model::load(&one.path).unwrap();
    assert_eq!(loaded, model);
    let two = saved(&loaded);
    for file in [CARD_FILE, WEIGHTS_FILE, REPORT_FILE] {
        assert_eq!(one.read(file), two.read(file), "{file}");
    }
    let embedded = Model::from_bytes(&one.read(CARD_FILE), &one.read(WEIGHTS_FILE), None).unwrap();
    assert_eq!(embedded.layered(), model.layered());
    assert!(embedded.affine().is_none());
    let record = QuantizedRecord::from_features(model.card(), &[40.0, 3.0, 70.0]).unwrap();
    assert_eq!(
        embedded.evaluate(&record).unwrap(),
        model.evaluate(&record).unwrap()
    );
    assert_ne!(model.evaluate(&record).unwrap(), [0, 0]);
    // The card tells sizes and the ring; weights stay with the owner.
    let card = String::from_utf8(one.read(CARD_FILE)).unwrap();
    assert!(
        card.contains("\"hidden\"") && card.contains("\"ring_bits\""),
        "{card}"
    );
    assert!(
        !format!("{:?}", model.layered()).contains("0.644"),
        "weights are private"
    );
}

#[test]
fn biases_above_64_bits_come_back() {
    let part = |inputs: usize, outputs: usize, bias: f64| {
        let weights = (0..inputs * outputs)
            .map(|i| (i as f64 * 0.7).cos())
            .collect();
        FloatMap::new(inputs, outputs, weights, vec![bias; outputs]).unwrap()
    };
    let parts = vec![part(3, 2, 1e3), part(2, 2, -1e8), part(2, 2, -1e17)];
    let mut blueprint = common::patients();
    blueprint.max_weight = 127;
    let model = blueprint
        .build_network(FloatNetwork::new(parts).unwrap())
        .unwrap();
    let integers = model.layered().unwrap().integers();
    let last = integers.parts()[2].biases();
    assert!(last.iter().any(|bias| *bias < -(1_i128 << 64)), "{last:?}");
    let loaded = Model::load(&saved(&model).path).unwrap();
    assert_eq!(loaded.layered().unwrap().integers(), integers);
}

#[test]
fn each_corruption_of_the_weights_has_its_error() {
    type Edit = Box<dyn FnOnce(&mut Vec<u8>)>;
    let put = |name: &'static str, value: Vec<u8>| -> Edit {
        Box::new(move |bytes| {
            let start = tensor_start(bytes, name);
            bytes[start..start + value.len()].copy_from_slice(&value);
        })
    };
    let rename = |from: &'static str, to: &'static str| -> Edit {
        Box::new(move |bytes| replace(bytes, from, to))
    };
    let cases: Vec<(Edit, &str)> = vec![
        (
            put("integer.0.weights", 32_i32.to_le_bytes().to_vec()),
            "a weight has more bits than card.json names",
        ),
        (
            put("integer.1.weights", i32::MIN.to_le_bytes().to_vec()),
            "a weight has more bits than card.json names",
        ),
        (
            // Within the bits, but the bounds are others.
            put("integer.1.biases", (1_u64 << 50).to_le_bytes().to_vec()),
            "aren't those that the weights give",
        ),
        (
            put(
                "integer.1.biases",
                [[0; 8], (1_u64 << 62).to_le_bytes()].concat(),
            ),
            "weights.safetensors breaks the bounds in card.json",
        ),
        (
            put("float.0.weights", f64::NAN.to_le_bytes().to_vec()),
            "of output 0 is not finite",
        ),
        (
            put("float.1.biases", f32::INFINITY.to_le_bytes().to_vec()),
            "of output 0 is not finite",
        ),
        (
            rename("\"integer.1.biases\"", "\"integer.2.biases\""),
            "tensor \"integer.2.biases\" doesn't belong to a model",
        ),
        (
            rename("\"float.0.weights\"", "\"program.outputs\""),
            "tensor \"program.outputs\" doesn't belong to a model",
        ),
        (
            rename("\"shape\":[4,3]", "\"shape\":[3,4]"),
            "[3, 4]; expected",
        ),
        (rename("\"I32\"", "\"F32\""), "\"integer.0.weights\" is F32"),
    ];
    for (index, (edit, expected)) in cases.into_iter().enumerate() {
        let saved = saved(&model());
        let mut bytes = saved.read(WEIGHTS_FILE);
        edit(&mut bytes);
        fs::write(saved.path.join(WEIGHTS_FILE), bytes).unwrap();
        let error = chain(&Model::load(&saved.path).unwrap_err());
        assert!(
            error.contains(expected),
            "case {index}: expected {expected:?} in {error:?}"
        );
        assert!(error.contains(WEIGHTS_FILE), "case {index}: {error}");
    }
}

/// A model whose first part has few weights, as a convolution's map has.
fn sparse() -> Model {
    let weight = |i: usize| if i.is_multiple_of(9) { 0.5 } else { 0.0 };
    let first = FloatMap::new(3, 40, (0..120).map(weight).collect(), vec![0.1; 40]).unwrap();
    let weights = (0..80).map(|i| (i as f64 * 0.7).sin()).collect();
    let last = FloatMap::new(40, 2, weights, vec![1.0, -1.0]).unwrap();
    let mut blueprint = common::patients();
    blueprint.max_weight = 31;
    let network = FloatNetwork::new(vec![first, last]).unwrap();
    blueprint.build_network(network).unwrap()
}

#[test]
fn weights_of_0_take_no_room() {
    let model = sparse();
    let one = saved(&model);
    let loaded = Model::load(&one.path).unwrap();
    assert_eq!(loaded, model);
    let bytes = one.read(WEIGHTS_FILE);
    assert_eq!(saved(&loaded).read(WEIGHTS_FILE), bytes);
    let parts = loaded.layered().unwrap().integers().parts();
    assert_eq!((parts[0].products(), parts[1].products()), (14, 80));
    // 14 weights with their places instead of 120, in 32 bits; the other part in 64.
    let header = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let numbers = bytes.len() - 8 - header;
    assert_eq!(numbers, 14 * 12 + 80 * 12 + 42 * 16 + 40 * 8 + 2 * 4);

    type Edit = Box<dyn FnOnce(&mut Vec<u8>)>;
    let places = |value: u32| -> Edit {
        Box::new(move |bytes| {
            let start = tensor_start(bytes, "places.0");
            bytes[start..start + 4].copy_from_slice(&value.to_le_bytes());
        })
    };
    let cases: Vec<(Edit, &str)> = vec![
        (
            places(9),
            "must list places of a matrix of 120 numbers in ascending order",
        ),
        (places(120), "must list places of a matrix of 120 numbers"),
        (
            Box::new(|bytes| {
                let start = tensor_start(bytes, "places.0") + 13 * 4;
                bytes[start..start + 4].copy_from_slice(&u32::MAX.to_le_bytes());
            }),
            "must list places of a matrix of 120 numbers",
        ),
        (
            Box::new(|bytes| replace(bytes, "\"U32\"", "\"I32\"")),
            "tensor \"places.0\" is I32",
        ),
        (
            Box::new(|bytes| replace(bytes, "\"places.0\"", "\"places.1\"")),
            "tensor \"integer.0.weights\" is I32 [14]; expected I32 [40, 3]",
        ),
    ];
    for (index, (edit, expected)) in cases.into_iter().enumerate() {
        let mut bytes = bytes.clone();
        edit(&mut bytes);
        let error = chain(&Model::from_bytes(model.card_json(), &bytes, None).unwrap_err());
        assert!(error.contains(expected), "case {index}: {error}");
    }
}

#[test]
fn a_card_of_other_layers_is_refused() {
    let model = model();
    // The card alone changes nothing that would be refused.
    let (card, weights) = with_card(&model, |_| {}).unwrap();
    Model::from_bytes(card.json(), &weights, None).unwrap();

    let ring = model.card().hidden().unwrap().ring_bits.get();
    for other in [ring - 1, ring + 1] {
        let error = error_with(&model, |spec| {
            hidden(spec).ring_bits = RingBits::new(other).unwrap();
            // Scores that fit the ring whatever it is.
            spec.bounds.slot_bits = SlotBits::new(other.min(ring)).unwrap();
            spec.bounds.largest_scores = None;
        });
        assert!(
            error.contains("the ring and the scores' bits in card.json"),
            "{error}"
        );
    }
    let error = error_with(&model, |spec| {
        hidden(spec).score_shift = 1;
        spec.bounds.slot_bits = SlotBits::new(ring - 1).unwrap();
        spec.bounds.largest_scores = None;
    });
    assert!(
        error.contains("the ring and the scores' bits in card.json"),
        "{error}"
    );
    let error = error_with(&model, |spec| {
        hidden(spec).weight_bits[1] = WeightBits::of::<4>();
    });
    assert!(
        error.contains("a weight has more bits than card.json names"),
        "{error}"
    );

    let error = error_with(&model, |spec| hidden(spec).sizes = vec![5]);
    assert!(
        error.contains("\"integer.0.weights\" is I32 [4, 3]; expected I32 [5, 3]"),
        "{error}"
    );
    let error = error_with(&model, |spec| {
        let hidden = hidden(spec);
        hidden.sizes = vec![4, 2];
        hidden.weight_bits.push(WeightBits::of::<6>());
    });
    assert!(
        error.contains("tensor \"integer.2.weights\" is missing"),
        "{error}"
    );
    let error = error_with(&model, |spec| {
        spec.hidden = None;
        spec.ways = None;
        spec.layouts.scalar = Some(ScalarLayout {});
    });
    assert!(error.contains("doesn't belong to a model"), "{error}");
    let error = error_with(&common::patients_model(), |spec| {
        let ours: CardSpec = serde_json::from_slice(model.card_json()).unwrap();
        (spec.hidden, spec.ways, spec.layouts) = (ours.hidden, ours.ways, ours.layouts);
        spec.bounds = ours.bounds;
    });
    assert!(error.contains("doesn't belong to a model"), "{error}");
    let error = error_with(&model, |spec| {
        let largest = spec.bounds.largest_scores.as_mut().unwrap();
        largest[0] = 1;
    });
    assert!(error.contains("largest"), "{error}");
}

#[test]
fn a_card_whose_fields_contradict_its_layers_is_refused() {
    let model = model();
    let ring = model.card().hidden().unwrap().ring_bits.get();
    type Change = fn(&mut CardSpec);
    let cases: Vec<(Change, &str)> = vec![
        (|spec| hidden(spec).sizes.clear(), "sizes has 0 numbers"),
        (
            |spec| hidden(spec).sizes = vec![1; 5],
            "sizes has 5 numbers",
        ),
        (
            |spec| hidden(spec).sizes[0] = 0,
            "sizes has 0; each must be",
        ),
        (|spec| hidden(spec).sizes[0] = 20_000, "sizes has 20000"),
        (
            |spec| hidden(spec).weight_bits.truncate(1),
            "weight_bits has 1 numbers for 1 layers",
        ),
        (|spec| hidden(spec).score_shift = 1, "don't fit a ring"),
        (
            |spec| hidden(spec).score_shift = u32::MAX,
            "don't fit a ring",
        ),
        (
            |spec| {
                spec.layouts = Layouts {
                    scalar: Some(ScalarLayout {}),
                    ..Layouts::default()
                }
            },
            "`layouts` must be empty",
        ),
    ];
    for (index, (change, expected)) in cases.into_iter().enumerate() {
        let error = with_card(&model, change).unwrap_err();
        assert!(
            error.contains(expected),
            "case {index}: expected {expected:?} in {error:?}"
        );
    }
    // In the file, too.
    let json = String::from_utf8(model.card_json().to_vec()).unwrap();
    for bits in ["7", "127", "-1", "\"48\""] {
        let other = json.replace(
            &format!("\"ring_bits\": {ring}"),
            &format!("\"ring_bits\": {bits}"),
        );
        assert_ne!(other, json);
        let error = Card::parse(other.as_bytes()).unwrap_err();
        assert!(
            chain(&error).contains("card isn't valid"),
            "{bits}: {error}"
        );
    }
}
