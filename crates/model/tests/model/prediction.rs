//! From integer scores to predictions: the vectors that every client can use.

use std::fs;

use serde_json::{Value, json};
use veilcast_card::{Activation, Card, CardError, Prediction, ScoreError, Task};
use veilcast_model::{Blueprint, BoundsCertificate, FloatMap};

use crate::common;

fn vectors() -> Value {
    read("prediction.json")
}

fn read(name: &str) -> Value {
    serde_json::from_slice(&fs::read(common::vector(name)).unwrap()).unwrap()
}

/// A list of the vectors of bounds, and that it isn't short.
fn bounds_vectors(name: &str) -> Vec<Value> {
    let list = read("score-bounds.json")[name].as_array().unwrap().clone();
    assert!(list.len() > 5);
    list
}

/// A card with this many outputs, and with these bounds.
fn bounded(outputs: usize, bounds: &Value) -> Result<Card, CardError> {
    let mut card: Value = serde_json::from_slice(common::patients_model().card_json()).unwrap();
    let labels: Vec<String> = (0..outputs)
        .map(|output| format!("label {output}"))
        .collect();
    card["output"] = json!({
        "labels": labels, "scales": vec![0.5; outputs], "activation": "none"
    });
    card["bounds"] = bounds.clone();
    Card::parse(&serde_json::to_vec(&card).unwrap())
}

/// The patients' card with another output.
fn card_of(output: &Value, slot_bits: &Value) -> Result<Card, CardError> {
    let mut card: Value = serde_json::from_slice(common::patients_model().card_json()).unwrap();
    card["output"] = output.clone();
    card["bounds"] = json!({"slot_bits": slot_bits, "certified": true});
    Card::parse(&serde_json::to_vec(&card).unwrap())
}

#[test]
fn predictions_are_those_of_the_vectors() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 10);
    for case in cases {
        let card = card_of(&case["output"], &case["slot_bits"]).unwrap();
        assert_eq!(json!(card.task()), case["task"], "{}", case["name"]);
        for record in case["records"].as_array().unwrap() {
            let integers: Vec<i64> = serde_json::from_value(record["integers"].clone()).unwrap();
            let found = card.predict(&integers).unwrap();
            let about = format!("{}: {integers:?}", case["name"]);
            let found = match found {
                Prediction::Class(found) => found,
                Prediction::Quantities(values) => {
                    let expected = record["values"].clone();
                    let expected: Vec<f64> = serde_json::from_value(expected).unwrap();
                    let tolerance = match card.output().activation {
                        Activation::Exp => 1e-12,
                        _ => 0.0,
                    };
                    assert_eq!(values.len(), expected.len(), "{about}");
                    for (value, expected) in values.iter().zip(&expected) {
                        let apart = (value - expected).abs();
                        assert!(apart <= tolerance * expected.abs(), "{about}: {value}");
                    }
                    continue;
                }
            };
            assert_eq!(json!(found.scores), record["scores"], "{about}");
            assert_eq!(json!(found.index), record["index"], "{about}");
            assert_eq!(json!(found.label), record["label"], "{about}");
            let in_doubt = record["in_doubt"].as_bool().unwrap_or(false);
            assert_eq!(found.in_doubt, in_doubt, "{about}");
            let expected: Option<Vec<f64>> =
                serde_json::from_value(record["probabilities"].clone()).unwrap();
            match (&expected, &found.probabilities) {
                (None, None) => {}
                (Some(expected), Some(found)) => {
                    assert_eq!(expected.len(), found.len(), "{about}");
                    let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
                    assert!(expected.iter().zip(found).all(close), "{about}");
                }
                _ => panic!("{about}: {expected:?}, but {:?}", found.probabilities),
            }
        }
    }
}

#[test]
fn no_card_has_an_output_that_the_vectors_refuse() {
    let vectors = vectors();
    let refused = vectors["refused"].as_array().unwrap();
    assert!(refused.len() >= 25);
    for case in refused {
        let card = card_of(&case["output"], &json!(20));
        assert!(card.is_err(), "{}", case["name"]);
    }
}

/// A card whose task contradicts its other fields is refused for that, with an error that says what
/// they imply.
#[test]
fn a_task_that_contradicts_the_other_fields_is_refused() {
    let refusal = |task: &str, activation: &str, labels: &[&str], outputs: usize| {
        let output = json!({
            "labels": labels, "scales": vec![1.0; outputs], "activation": activation, "task": task
        });
        card_of(&output, &json!(20)).unwrap_err()
    };
    for (task, activation, labels, outputs, implied) in [
        (
            Task::Quantities,
            "softmax",
            ["a", "b"].as_slice(),
            2,
            Task::Classes,
        ),
        (
            Task::Classes,
            "sigmoid",
            &["no", "yes"],
            1,
            Task::Probability,
        ),
        (Task::Classes, "none", &["price"], 1, Task::Quantities),
    ] {
        let error = refusal(&task.to_string(), activation, labels, outputs);
        assert!(
            matches!(error, CardError::Task { found, expected } if (found, expected) == (task, implied)),
            "{error}"
        );
        let told = error.to_string();
        assert!(
            told.starts_with(&format!("output.task is {task}, ")),
            "{told}"
        );
        assert!(told.contains(&format!("are those of {implied};")), "{told}");
    }
    let error = refusal("probability", "none", &["a", "b"], 2);
    assert!(
        matches!(error, CardError::SeveralProbabilities { outputs: 2 }),
        "{error}"
    );
}

/// Old cards keep their bytes: only a card whose other fields don't imply its task has one.
#[test]
fn a_card_says_its_task_only_where_nothing_else_does() {
    let build = |outputs: usize, change: &dyn Fn(&mut Blueprint)| {
        let mut blueprint = common::patients();
        blueprint.activation = Activation::None;
        blueprint.labels = (0..outputs).map(|output| output.to_string()).collect();
        change(&mut blueprint);
        let weights = vec![0.5; 3 * outputs];
        let map = FloatMap::new(3, outputs, weights, vec![1.0; outputs]).unwrap();
        blueprint.build(map).map(|model| model.card().clone())
    };
    let with = |task| move |blueprint: &mut Blueprint| blueprint.task = task;
    let quantities = build(2, &with(Some(Task::Quantities))).unwrap();
    assert_eq!(quantities.output().task, Some(Task::Quantities));
    assert_eq!(quantities.output().units, None);
    assert_eq!(quantities.task(), Task::Quantities);
    let again = Card::parse(quantities.json()).unwrap();
    assert_eq!((&again, again.digest()), (&quantities, quantities.digest()));
    assert_eq!(again.predict(&[1, 0]).unwrap().class(), None);

    for (outputs, task) in [(1, Task::Quantities), (2, Task::Classes)] {
        let (said, unsaid) = (
            build(outputs, &with(Some(task))),
            build(outputs, &with(None)),
        );
        let (said, unsaid) = (said.unwrap(), unsaid.unwrap());
        assert_eq!(said.json(), unsaid.json());
        assert_eq!((said.task(), said.output().task), (task, None));
    }
    let with_units = |blueprint: &mut Blueprint| {
        blueprint.units = Some(vec!["kg".to_owned(), "cm".to_owned()]);
        blueprint.task = Some(Task::Quantities);
    };
    assert_eq!(build(2, &with_units).unwrap().output().task, None);
    assert!(build(2, &with(Some(Task::Probability))).is_err());
}

#[test]
fn units_and_thresholds_come_from_the_blueprint() {
    let blueprint = |change: &dyn Fn(&mut Blueprint)| {
        let mut blueprint = common::patients();
        change(&mut blueprint);
        let map = FloatMap::new(3, 1, vec![0.5, -1.0, 0.25], vec![1.0]).unwrap();
        blueprint.build(map).unwrap().card().clone()
    };
    let dose = blueprint(&|blueprint| {
        blueprint.activation = Activation::None;
        blueprint.labels = vec!["dose".to_owned()];
        blueprint.units = Some(vec!["mg".to_owned()]);
    });
    assert_eq!(dose.output().units, Some(vec!["mg".to_owned()]));
    assert_eq!(Card::parse(dose.json()).unwrap(), dose);
    let risk = blueprint(&|blueprint| {
        blueprint.activation = Activation::Sigmoid;
        blueprint.threshold = Some(0.2);
    });
    assert_eq!(risk.output().threshold, Some(0.2));
    assert_eq!(risk.output().scored_labels(), ["yes"]);
    let text = |card: &Card| String::from_utf8(card.json().to_vec()).unwrap();
    assert!(text(&dose).contains("\"units\"") && !text(&dose).contains("\"threshold\""));
    assert!(text(&risk).contains("\"threshold\"") && !text(&risk).contains("\"units\""));
}

#[test]
fn cards_bound_single_scores_as_the_vectors_say() {
    for case in bounds_vectors("cards") {
        let outputs = case["outputs"].as_u64().unwrap() as usize;
        let card = bounded(outputs, &case["bounds"]);
        assert_eq!(json!(card.is_ok()), case["valid"], "{}", case["name"]);
        let Ok(card) = card else { continue };
        let found: Vec<u64> = (0..outputs)
            .map(|output| card.largest_score(output))
            .collect();
        match card.bounds().largest_scores.clone() {
            Some(largest) => assert_eq!(found, largest),
            None => assert_eq!(found, vec![127; outputs]),
        }
    }
}

#[test]
fn scores_beyond_the_bounds_of_their_output_are_refused() {
    for case in bounds_vectors("scores") {
        let texts: Vec<String> = serde_json::from_value(case["integers"].clone()).unwrap();
        let integers: Vec<i64> = texts.iter().map(|text| text.parse().unwrap()).collect();
        let card = bounded(integers.len(), &case["bounds"]).unwrap();
        let (name, found) = (&case["name"], card.predict(&integers));
        let Some(first) = case["beyond"].as_u64().map(|first| first as usize) else {
            assert!(found.is_ok(), "{name}: {found:?}");
            continue;
        };
        let expected = ScoreError::OutOfBounds {
            output: first,
            score: integers[first],
            bound: card.largest_score(first),
        };
        assert_eq!(found, Err(expected.clone()), "{name}");
        let told = expected.to_string();
        for part in [
            format!("score {first} "),
            texts[first].clone(),
            format!("±{}", card.largest_score(first)),
        ] {
            assert!(told.contains(&part), "{told}");
        }
    }
}

#[test]
fn bounds_are_published_as_the_vectors_say() {
    for case in bounds_vectors("published") {
        let certificate = BoundsCertificate {
            slot_bits: serde_json::from_value(case["slot_bits"].clone()).unwrap(),
            max_input: 255,
            output_bounds: serde_json::from_value(case["output_bounds"].clone()).unwrap(),
        };
        assert_eq!(json!(certificate.largest_scores()), case["largest_scores"]);
    }
}
