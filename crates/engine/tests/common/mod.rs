//! A small model and a key for tests.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "shared by several tests, which fail by unwrapping"
)]

use std::sync::LazyLock;

use veilcast_engine::{Evaluator, KeyPolicy, SeededEntries, Session};
use veilcast_model::card::{
    Activation, Card, FeaturesLayout, Input, InputKind, Layouts, Limits, PerFeature, Preprocessing,
    PreprocessingVersion, Quantization, RecordsLayout, ScalarLayout, SeededUploads,
};
use veilcast_model::{Blueprint, FloatMap, Model};
use veilcast_paillier::SecretKey;
use veilcast_protocol::Layout;

/// Keys of 1024 bits are for tests alone.
pub(crate) const TESTS_ONLY: KeyPolicy = KeyPolicy {
    allow_insecure_1024: true,
};

/// A key file of 1024 bits, made once a run.
pub(crate) static KEY: LazyLock<String> = LazyLock::new(|| {
    SecretKey::generate(1024, TESTS_ONLY)
        .unwrap()
        .to_json("test")
        .to_string()
});

pub(crate) fn key() -> SecretKey {
    SecretKey::from_json(&KEY, TESTS_ONLY).unwrap()
}

/// A model that computes the integer map with exactly these weights (their largest magnitude in
/// each row must be 2^(`weight_bits` − 1) − 1) and biases, on features of `input_bits` bits.
pub(crate) fn model(
    weights: &[Vec<i32>],
    biases: &[i64],
    input_bits: u32,
    weight_bits: u32,
) -> Model {
    let (inputs, outputs) = (weights[0].len(), weights.len());
    let flat = weights.iter().flatten().map(|&w| f64::from(w)).collect();
    let map = FloatMap::new(
        inputs,
        outputs,
        flat,
        biases.iter().map(|&b| b as f64).collect(),
    )
    .unwrap();
    let blueprint = Blueprint {
        name: "test".into(),
        version: "1".into(),
        description: "A model for tests.".into(),
        input: Input {
            kind: InputKind::Table,
            description: String::new(),
            shape: vec![inputs],
            features: Some((0..inputs).map(|i| format!("x{i}")).collect()),
            fit: None,
            preprocessing: Preprocessing {
                version: PreprocessingVersion::V1,
                steps: Vec::new(),
            },
        },
        quantization: Quantization {
            bits: input_bits,
            step: PerFeature::All(1.0),
            zero: PerFeature::All(0.0),
        },
        labels: (0..outputs.max(2)).map(|o| format!("class {o}")).collect(),
        activation: if outputs == 1 {
            Activation::Sigmoid
        } else {
            Activation::Softmax
        },
        layouts: Layouts {
            scalar: Some(ScalarLayout {}),
            records: Some(RecordsLayout {}),
            features: (inputs > 1).then(|| FeaturesLayout {
                features_per_ciphertext: (2..=inputs.min(4) as u32).collect(),
            }),
            seeded: Some(SeededUploads {}),
        },
        limits: Limits {
            max_records: 300,
            max_ciphertexts: 1000,
        },
        max_weight: (1 << (weight_bits - 1)) - 1,
    };
    let model = blueprint.build(map).unwrap();
    assert_eq!(
        model.integer_map().weights(),
        weights.concat(),
        "the weights are integers already"
    );
    assert_eq!(model.integer_map().biases(), biases);
    model
}

/// Both sides of a model under the test key, in the layout `scalar`.
pub(crate) fn sides(model: Model) -> (Session, Evaluator) {
    let card = Card::parse(model.card_json()).unwrap();
    let mut session = Session::new(card, key()).unwrap();
    session.set_layout(Layout::SCALAR).unwrap();
    (session, Evaluator::new(model, TESTS_ONLY))
}

/// Every layout, with every number of features and scores, that the session's card and key allow.
pub(crate) fn layouts(session: &mut Session) -> Vec<Layout> {
    let outputs = session.card().outputs() as u32;
    let scalars = (1..=outputs).map(|scores_per_answer| Layout::Scalar { scores_per_answer });
    let grouped = session.card().layouts().features.clone();
    let grouped = grouped.map_or(vec![], |features| features.features_per_ciphertext);
    let features = grouped.iter().flat_map(|&features_per_ciphertext| {
        (1..=outputs).map(move |scores_per_answer| Layout::Features {
            features_per_ciphertext,
            scores_per_answer,
        })
    });
    let all: Vec<Layout> = scalars.chain([Layout::Records]).chain(features).collect();
    all.into_iter()
        .filter(|&layout| session.set_layout(layout).is_ok())
        .collect()
}

/// Entries for a seeded upload of so many records.
pub(crate) fn entries(session: &Session, records: usize) -> SeededEntries {
    SeededEntries::generate(&key(), session.entries_for(records).unwrap()).unwrap()
}
