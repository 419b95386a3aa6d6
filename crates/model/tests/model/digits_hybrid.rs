//! The built-in hybrid model: on all of MNIST's test images, and the vectors that every client can
//! use.

use std::fs;

use serde::{Deserialize, Serialize};
use veilcast_card::{Prediction, QuantizedRecord, RawRecord};
use veilcast_files::idx::Split;
use veilcast_model::Model;

use crate::common;
use crate::common::{mnist, repository, vector};

/// What the first test images become.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Vectors {
    format: String,
    about: String,
    records: Vec<Vector>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Vector {
    features: Vec<f64>,
    integers: Vec<u32>,
    scores: Vec<i64>,
    label: String,
}

fn model() -> Model {
    Model::load(&repository("models/digits-hybrid")).unwrap()
}

#[test]
fn accuracy_on_all_test_images() {
    let (model, test) = (model(), mnist(Split::Test, 10_000));
    let encoder = common::encoder(&model);
    let (mut float, mut quantized) = (0, 0);
    for (raw, &label) in test.images().records().zip(test.labels()) {
        let right = |prediction: Prediction| {
            usize::from(prediction.class().unwrap().index == usize::from(label))
        };
        let record = encoder.features(&raw).unwrap();
        float += right(model.predict_float(&record.features).unwrap());
        let record = encoder.round(&record).unwrap();
        assert_eq!(record.clipped(), 0);
        quantized += right(model.predict(&record).unwrap());
    }
    assert!(float >= 9_920, "{float} of 10,000 by the float map");
    assert!(quantized >= 9_920, "{quantized} of 10,000 by the integers");
    // Sums of floats may come out a little different on another processor.
    let report = model.report().unwrap().accuracy.unwrap();
    let near = |share: f64, count: usize| (share - count as f64 / 1e4).abs() < 4e-4;
    assert!(near(report.collapsed, float), "{report:?} {float}");
    assert!(near(report.quantized, quantized), "{report:?} {quantized}");
}

#[test]
fn the_card_says_what_is_public_and_what_is_private() {
    let model = model();
    let card = model.card();
    assert_eq!(
        (card.name(), card.raw_features(), card.outputs()),
        ("digits-hybrid", 784, 10)
    );
    assert!(card.features() <= 64 && card.quantization().bits.get() <= 6);
    let part = card.public_part().unwrap();
    assert_eq!(
        (part.shape.as_slice(), part.features),
        (&[1, 28, 28][..], 64)
    );
    assert!(part.bytes < 300_000);
    for said in [
        "this part is public",
        "Private are the weights",
        "training images",
    ] {
        assert!(part.description.contains(said), "{}", part.description);
    }
}

/// With `VEILCAST_WRITE_VECTORS=1` the file is written again.
#[test]
fn the_first_images_become_what_the_vectors_say() {
    let (model, images) = (model(), mnist(Split::Test, 20));
    let encoder = common::encoder(&model);
    let found = images.images().records().map(|raw| {
        let record = encoder.features(RawRecord::from(raw)).unwrap();
        let quantized = encoder.round(&record).unwrap();
        let scores = model.evaluate(&quantized).unwrap();
        let prediction = model.card().predict(&scores).unwrap();
        Vector {
            label: prediction.class().unwrap().label.clone(),
            features: record.features,
            integers: quantized.values().to_vec(),
            scores,
        }
    });
    let found: Vec<Vector> = found.collect();
    let path = vector("digits-hybrid.json");
    if std::env::var_os("VEILCAST_WRITE_VECTORS").is_some() {
        let vectors = Vectors {
            format: "veilcast-hybrid-vectors/1".to_owned(),
            about: "MNIST's first test images by the model digits-hybrid: the features that its public part \
                    gives, within 1e-5; the integers, where no feature is that close to the middle between \
                    two; the integer scores of these integers, exactly."
                .to_owned(),
            records: found,
        };
        fs::write(&path, serde_json::to_string(&vectors).unwrap() + "\n").unwrap();
        return;
    }
    let vectors: Vectors = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(vectors.records.len(), found.len());
    for (expected, found) in vectors.records.iter().zip(&found) {
        for (expected, found) in expected.features.iter().zip(&found.features) {
            assert!((expected - found).abs() < 1e-5, "{expected} {found}");
        }
        assert_eq!(expected.label, found.label);
        let integers = QuantizedRecord::new(model.card(), expected.integers.clone()).unwrap();
        assert_eq!(model.evaluate(&integers).unwrap(), expected.scores);
    }
}
