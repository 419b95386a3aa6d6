//! The built-in digit model, on all of MNIST's test images.

use veilcast_files::idx::{LabelledImages, Split};
use veilcast_model::Model;

use crate::common;
use crate::common::repository;

#[test]
fn accuracy_on_all_test_images() {
    let model = Model::load(&repository("models/digits")).unwrap();
    let test = LabelledImages::open(&repository("data/mnist"), Split::Test).unwrap();
    assert_eq!(test.len(), 10_000);
    let encoder = common::encoder(&model);
    let (mut float, mut quantized) = (0, 0);
    for (raw, &label) in test.images().records().zip(test.labels()) {
        let right = |prediction: veilcast_card::Prediction| {
            let prediction = prediction.class().unwrap();
            assert_eq!(prediction.label, prediction.index.to_string());
            usize::from(prediction.index == usize::from(label))
        };
        let record = encoder.features(&raw).unwrap();
        float += right(model.predict_float(&record.features).unwrap());
        let record = encoder.round(&record).unwrap();
        quantized += right(model.predict(&record).unwrap());
    }
    assert!(float >= 9_260, "{float} of 10,000 by the float map");
    assert!(
        quantized >= 9_260,
        "{quantized} of 10,000 by the integer map"
    );
    let report = model.report().unwrap().accuracy.unwrap();
    assert_eq!(
        (report.collapsed, report.quantized),
        (float as f64 / 1e4, quantized as f64 / 1e4)
    );
    assert_eq!(report.records, 10_000);
}

#[test]
fn the_card_says_what_a_stranger_needs() {
    let model = Model::load(&repository("models/digits")).unwrap();
    let card = model.card();
    assert_eq!(
        (card.name(), card.features(), card.outputs()),
        ("digits", 784, 10)
    );
    assert_eq!(card.input().shape, [28, 28]);
    assert_eq!(
        card.output().labels,
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
    );
    // Pixels from dark to light take all integers from 0 to the largest.
    let ramp: Vec<u32> = (0..784).map(|pixel| pixel % 256).collect();
    let raw: Vec<f64> = ramp.iter().copied().map(f64::from).collect();
    let quantized = common::quantize(&model, &raw).unwrap();
    assert_eq!(quantized.clipped(), 0);
    let max = card.quantization().max();
    let nearest = |pixel: &u32| (pixel * max * 2 + 255) / 510;
    assert_eq!(
        quantized.values(),
        ramp.iter().map(nearest).collect::<Vec<_>>()
    );
    assert_eq!(quantized.values()[255], max);
}
