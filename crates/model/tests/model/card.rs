//! Cards: what is accepted, what is refused and how, and what they do with records and scores.

use serde_json::{Value, json};
use veilcast_card::{
    Card, CardDigest, Layouts, OtherCard, Prediction, QuantizedRecord, RecordError, ScoreError,
    chain,
};

use crate::common;

fn patients_json() -> Value {
    serde_json::from_slice(common::patients_model().card_json()).unwrap()
}

fn parse(card: &Value) -> Result<Card, String> {
    Card::parse(&serde_json::to_vec(card).unwrap()).map_err(|error| chain(&error))
}

/// The card with one value replaced, by JSON pointer.
fn with(pointer: &str, value: Value) -> Value {
    let mut card = patients_json();
    *card.pointer_mut(pointer).expect(pointer) = value;
    card
}

#[test]
fn a_card_is_its_exact_bytes() {
    let written = common::patients_model().card().clone();
    assert_eq!(Card::parse(written.json()).unwrap(), written);
    let compact = serde_json::to_vec(&patients_json()).unwrap();
    let other = Card::parse(&compact).unwrap();
    assert_eq!(other.json(), compact);
    assert_eq!(other.digest(), CardDigest::of(&compact));
    assert_ne!(other.digest(), written.digest());
    assert_eq!(other.output(), written.output());
}

#[test]
fn each_wrong_field_has_its_error() {
    let long = "x".repeat(65);
    let cases = [
        (
            "/format",
            json!("veilcast-card/2"),
            "format is \"veilcast-card/2\"",
        ),
        ("/name", json!(""), "the name \"\" isn't allowed"),
        ("/name", json!("Digits"), "the name \"Digits\""),
        ("/name", json!(".hidden"), "the name \".hidden\""),
        ("/name", json!("a/b"), "the name \"a/b\""),
        ("/name", json!(long), "the name"),
        ("/version", json!("1 beta"), "the version \"1 beta\""),
        ("/input/shape", json!([]), "shape []"),
        ("/input/shape", json!([0]), "shape [0]"),
        ("/input/shape", json!([3, 1]), "shape [3, 1]"),
        ("/input/shape", json!([1_000_000]), "shape [1000000]"),
        ("/input/shape", json!([4]), "3 names for 4 columns"),
        (
            "/input/features",
            json!(["a", "b", "a"]),
            "\"a\" is listed twice",
        ),
        (
            "/input/features",
            json!(["a", " ", "c"]),
            "number 1 is empty",
        ),
        (
            "/input/features",
            json!(["a", "b\n", "c"]),
            "control characters",
        ),
        (
            "/input/features",
            Value::Null,
            "a table needs one for each column",
        ),
        ("/input/kind", json!("image"), "shape [3]"),
        ("/input/kind", json!("sound"), "unknown variant `sound`"),
        (
            "/input/preprocessing/version",
            json!(4),
            "preprocessing version 4 isn't known",
        ),
        (
            "/input/preprocessing/steps",
            json!([{"op": "scale", "factor": 0.0}]),
            "step 0: the factor",
        ),
        (
            "/input/preprocessing/steps",
            json!([{"op": "whiten"}]),
            "unknown variant `whiten`",
        ),
        ("/quantization/bits", json!(0), "bits is 0"),
        ("/quantization/bits", json!(17), "bits is 17"),
        (
            "/quantization/step",
            json!([1.0, 1.0]),
            "step has 2 values for 3 features",
        ),
        ("/quantization/step", json!([1.0, 0.0, 1.0]), "step holds 0"),
        ("/quantization/step", json!(-1.0), "step holds -1"),
        (
            "/quantization/zero",
            json!([1.0]),
            "zero has 1 values for 3 features",
        ),
        ("/quantization/zero", json!("0"), "the card isn't valid"),
        ("/output/labels", json!(["no"]), "1 labels, but 2 outputs"),
        (
            "/output/labels",
            json!(["no", "no"]),
            "\"no\" is listed twice",
        ),
        ("/output/scales", json!([]), "output.scales has 0"),
        ("/output/scales/0", json!(1e308), "the scale of output 0"),
        (
            "/output/scales",
            json!([1.0, -1.0]),
            "output.scales holds -1",
        ),
        (
            "/output/activation",
            json!("relu"),
            "unknown variant `relu`",
        ),
        ("/bounds/slot_bits", json!(0), "score bits is 0"),
        ("/bounds/slot_bits", json!(63), "score bits is 63"),
        ("/bounds/certified", json!(false), "certified is false"),
        (
            "/bounds/largest_scores",
            json!([100]),
            "bounds.largest_scores: 1 numbers for 2 outputs",
        ),
        (
            "/bounds/largest_scores",
            json!([0, 100]),
            "bounds.largest_scores: one is 0; each must be at least 1 and below 2^",
        ),
        (
            "/bounds/largest_scores",
            json!([100, 1_u64 << 61]),
            "one is 2305843009213693952",
        ),
        ("/layouts", json!({}), "allows no layout"),
        ("/layouts", json!({"magic": {}}), "unknown field `magic`"),
        ("/layouts/scalar", json!({"k": 1}), "unknown field `k`"),
        (
            "/layouts",
            json!({"seeded": {}, "records": {}}),
            "only for the layouts scalar and features",
        ),
        (
            "/layouts/features",
            json!({"features_per_ciphertext": []}),
            "features_per_ciphertext is []",
        ),
        (
            "/layouts/features",
            json!({"features_per_ciphertext": [1, 2]}),
            "features_per_ciphertext is [1, 2]",
        ),
        (
            "/layouts/features",
            json!({"features_per_ciphertext": [3, 2]}),
            "features_per_ciphertext is [3, 2]",
        ),
        (
            "/layouts/features",
            json!({"features_per_ciphertext": [2, 2]}),
            "features_per_ciphertext is [2, 2]",
        ),
        (
            "/layouts/features",
            json!({"features_per_ciphertext": [2, 4]}),
            "at most the model's 3 features",
        ),
        (
            "/layouts/features",
            json!({}),
            "missing field `features_per_ciphertext`",
        ),
        ("/limits/max_records", json!(0), "limits.max_records is 0"),
        (
            "/limits/max_ciphertexts",
            json!(0),
            "limits.max_ciphertexts is 0",
        ),
        ("/limits/max_records", json!(-1), "invalid value"),
    ];
    for (pointer, value, expected) in cases {
        let error = parse(&with(pointer, value.clone())).expect_err(pointer);
        assert!(error.contains(expected), "{pointer} = {value}: {error}");
    }
    let mut card = patients_json();
    card["weights"] = json!([1]);
    assert!(
        parse(&card)
            .unwrap_err()
            .contains("unknown field `weights`")
    );
    let mut card = patients_json();
    card["input"]["fit"] = json!("mnist");
    assert!(parse(&card).unwrap_err().contains("only for a grey image"));
    assert!(Card::parse(b"").is_err());
    assert!(
        Card::parse(&vec![b' '; (16 << 20) + 1])
            .unwrap_err()
            .to_string()
            .contains("more than")
    );
    let shape = json!([u64::MAX, u64::MAX]);
    assert!(parse(&with("/input/shape", shape)).is_err());
}

#[test]
fn layouts_allow_what_they_name() {
    let layouts = |layouts: Value| parse(&with("/layouts", layouts)).unwrap().layouts().clone();
    let all = json!({
        "scalar": {}, "records": {}, "features": {"features_per_ciphertext": [2, 3]}, "seeded": {},
    });
    let written = layouts(all.clone());
    assert_eq!(serde_json::to_value(&written).unwrap(), all);
    let allowed = |layouts: &Layouts| (0..5).filter(|&k| layouts.features_allowed(k)).collect();
    let numbers: Vec<u32> = allowed(&written);
    assert_eq!(numbers, [1, 2, 3]);
    let numbers: Vec<u32> = allowed(&layouts(json!({"records": {}})));
    assert!(numbers.is_empty());
    let grouped = json!({"features": {"features_per_ciphertext": [3]}, "seeded": {}});
    let numbers: Vec<u32> = allowed(&layouts(grouped));
    assert_eq!(numbers, [3]);
}

#[test]
fn records_are_quantised_by_the_features_own_steps() {
    let model = common::patients_model();
    let quantized = common::quantize(&model, &[-100.0, 0.0, 3.0]).unwrap();
    assert_eq!(
        (quantized.values(), quantized.clipped()),
        (&[0, 0, 0][..], 0)
    );
    // 0.375/0.25 = 1.5 and 5/2 = 2.5: halves round up.
    let quantized = common::quantize(&model, &[-98.0, 0.375, 8.0]).unwrap();
    assert_eq!(
        (quantized.values(), quantized.clipped()),
        (&[2, 2, 3][..], 0)
    );
    let quantized = common::quantize(&model, &[-1e300, 1e300, 513.0]).unwrap();
    assert_eq!(
        (quantized.values(), quantized.clipped()),
        (&[0, 255, 255][..], 2)
    );
}

#[test]
fn records_that_do_not_fit_are_refused() {
    let model = common::patients_model();
    assert_eq!(
        common::quantize(&model, &[1.0, 2.0]),
        Err(RecordError::Length {
            found: 2,
            expected: 3
        })
    );
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = common::quantize(&model, &[1.0, bad, 2.0]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("feature \"dose\" (number 1, from 0)"),
            "{error}"
        );
    }
}

#[test]
fn integers_that_do_not_fit_make_no_record() {
    let model = common::patients_model();
    let card = model.card();
    for found in [0, 2, 4] {
        let error = RecordError::Length { found, expected: 3 };
        assert_eq!(QuantizedRecord::new(card, vec![0; found]), Err(error));
        assert!(QuantizedRecord::from_features(card, &vec![0.0; found]).is_err());
    }
    for found in [256, u32::MAX] {
        let (index, limit) = (1, 255);
        let error = RecordError::TooLarge {
            index,
            found,
            limit,
        };
        let integers = vec![255, found, found];
        assert_eq!(QuantizedRecord::new(card, integers), Err(error));
    }
    let record = QuantizedRecord::new(card, vec![255, 0, 255]).unwrap();
    assert_eq!((record.card(), record.clipped()), (card.digest(), 0));
    assert_eq!(record.values_for(card.digest()), Ok(&[255, 0, 255][..]));
    // No number leaves the range, however large it is.
    for number in [f64::MAX, f64::MIN, f64::INFINITY, f64::NAN] {
        let record = QuantizedRecord::from_features(card, &[number; 3]).unwrap();
        assert!(record.values().iter().all(|&value| value <= 255));
    }
}

#[test]
fn a_record_of_another_card_is_refused() {
    let (patients, pixels) = (common::patients_model(), common::four_pixels_model());
    let record = common::quantize(&pixels, &[7.0; 4]).unwrap();
    let error = OtherCard {
        found: pixels.card_digest(),
        expected: patients.card_digest(),
    };
    assert_eq!(patients.evaluate(&record), Err(error));
    assert_eq!(patients.predict(&record), Err(error));
    assert!(pixels.predict(&record).is_ok());
}

/// Where only the weights of a model have changed, records stay as they are.
#[test]
fn records_go_on_to_a_card_that_asks_for_the_same() {
    let own = Card::parse(&serde_json::to_vec(&patients_json()).unwrap()).unwrap();
    let record = QuantizedRecord::new(&own, vec![1, 2, 3]).unwrap();
    let other = |pointer: &str, value: Value| {
        Card::parse(&serde_json::to_vec(&with(pointer, value)).unwrap()).unwrap()
    };
    let newer = other("/version", json!("newer"));
    let moved = record.moved(&own, &newer).unwrap();
    assert_eq!(
        (moved.card(), moved.values()),
        (newer.digest(), record.values())
    );
    assert!(newer.predicts_as(&own));
    // It is a record of its own card's alone.
    assert_eq!(record.moved(&newer, &own), None);
    assert!(moved.moved(&newer, &own).is_some());

    let columns = patients_json()["input"]["features"].clone();
    let mut exchanged = columns.as_array().unwrap().clone();
    exchanged.swap(0, 1);
    for card in [
        other("/input/features", json!(exchanged)),
        other("/quantization/zero", json!(0.0)),
    ] {
        assert!(!card.takes_records_of(&own));
        assert_eq!(record.moved(&own, &card), None);
    }
    let mut labels = patients_json()["output"]["labels"]
        .as_array()
        .unwrap()
        .clone();
    labels.reverse();
    let reversed = other("/output/labels", json!(labels));
    assert!(reversed.takes_records_of(&own) && !reversed.predicts_as(&own));
}

#[test]
fn pixels_of_eight_bits_are_quantised_to_themselves() {
    let model = common::four_pixels_model();
    for pixel in 0..=255_u32 {
        let quantized = common::quantize(&model, &[f64::from(pixel); 4]).unwrap();
        assert_eq!(
            (quantized.values(), quantized.clipped()),
            (&[pixel; 4][..], 0)
        );
    }
}

#[test]
fn scores_that_do_not_fit_are_refused() {
    let model = common::patients_model();
    let card = model.card();
    let [first, second] = [0, 1].map(|output| card.largest_score(output) as i64);
    assert!(first.max(second) < card.slot_bits().edge() as i64);
    assert!(card.dequantize(&[first, -second]).is_ok());
    for bad in [second + 1, -second - 1, i64::MAX, i64::MIN] {
        let error = card.dequantize(&[0, bad]).unwrap_err();
        assert!(
            matches!(error, ScoreError::OutOfBounds { output: 1, .. }),
            "{error}"
        );
    }
    assert!(card.dequantize(&[first + 1, 0]).is_err());
    assert!(matches!(
        card.predict(&[0]),
        Err(ScoreError::Length {
            found: 1,
            expected: 2
        })
    ));
}

/// A card like the patients', with a final function and scales of 1.
fn card(activation: &str, labels: &[&str], outputs: usize) -> Card {
    let mut card = with("/output/activation", json!(activation));
    card["bounds"] = json!({"slot_bits": 20, "certified": true});
    card["output"]["labels"] = json!(labels);
    card["output"]["scales"] = json!(vec![1.0; outputs]);
    parse(&card).unwrap()
}

#[test]
fn predictions_by_each_activation() {
    let softmax = card("softmax", &["a", "b", "c"], 3);
    let class = |card: &Card, scores: &[i64]| match card.predict(scores).unwrap() {
        Prediction::Class(class) => class,
        Prediction::Quantities(values) => panic!("{values:?} are quantities"),
    };
    let prediction = class(&softmax, &[1, 3, 3]);
    assert_eq!((prediction.index, prediction.label.as_str()), (1, "b"));
    assert_eq!(prediction.scores, [1.0, 3.0, 3.0]);
    let probabilities = prediction.probabilities.unwrap();
    assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert!((probabilities[1] / probabilities[0] - 2_f64.exp()).abs() < 1e-9);

    // Scores far apart overflow no exponential.
    let far = class(&softmax, &[-10_000, 0, 10_000]);
    assert_eq!(far.probabilities, Some(vec![0.0, 0.0, 1.0]));

    let sigmoid = card("sigmoid", &["negative", "positive"], 1);
    for (score, index) in [(-1, 0), (0, 0), (1, 1)] {
        let prediction = class(&sigmoid, &[score]);
        let probabilities = prediction.probabilities.unwrap();
        let positive = 1.0 / (1.0 + f64::exp(-(score as f64)));
        assert_eq!(prediction.index, index, "{score}");
        assert!((probabilities[1] - positive).abs() < 1e-12);
        assert!((probabilities[0] + probabilities[1] - 1.0).abs() < 1e-12);
    }

    let several = card("sigmoid", &["a", "b"], 2);
    assert_eq!(class(&several, &[0, 0]).probabilities, Some(vec![0.5, 0.5]));

    let regression = card("none", &["dose"], 1).predict(&[-7]).unwrap();
    assert_eq!(regression, Prediction::Quantities(vec![-7.0]));

    let lone = with(
        "/output",
        json!({"labels": ["a"], "scales": [1.0], "activation": "softmax"}),
    );
    assert!(parse(&lone).unwrap_err().contains("at least two outputs"));
}
