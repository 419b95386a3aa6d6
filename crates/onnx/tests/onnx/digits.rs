//! The public part of the built-in hybrid model, on MNIST's test images.

use std::io::Read as _;

use serde_json::Value;
use veilcast_onnx::Interpreter;

use crate::common::library::Library;
use crate::common::{read, repository};

/// What the card divides pixels by.
const SCALE: f64 = 0.00392156862745098;

fn json(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(repository(name)).unwrap()).unwrap()
}

fn numbers(list: &Value) -> Vec<f64> {
    let list = list.as_array().unwrap().iter();
    list.map(|number| number.as_f64().unwrap()).collect()
}

/// The first test images, as preprocessing gives them to the public part.
fn images(count: usize) -> Vec<Vec<f64>> {
    let file = std::fs::File::open(repository("data/mnist/t10k-images-idx3-ubyte.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file)
        .read_to_end(&mut bytes)
        .unwrap();
    let images = bytes[16..].chunks_exact(784).take(count);
    let scaled = images.map(|image| image.iter().map(|&pixel| f64::from(pixel) * SCALE));
    scaled.map(Iterator::collect).collect()
}

/// The integers that the card makes of features.
fn quantize(card: &Value, features: &[f64]) -> Vec<u32> {
    let field = |name: &str| card["quantization"][name].as_f64().unwrap();
    let (step, zero) = (field("step"), field("zero"));
    let most = 2_f64.powf(field("bits")) - 1.0;
    let steps = features.iter().map(|feature| (feature - zero) / step);
    steps.map(|x| x.clamp(0.0, most).round() as u32).collect()
}

fn interpreter() -> Interpreter {
    let network = read(&repository("models/digits-hybrid/public.onnx"));
    Interpreter::compile(&network, &[1, 1, 28, 28]).unwrap()
}

#[test]
fn the_first_images_become_what_the_vectors_say() {
    let card = json("models/digits-hybrid/card.json");
    assert_eq!(
        card["input"]["preprocessing"]["steps"][0]["factor"].as_f64(),
        Some(SCALE)
    );
    let vectors = json("testdata/vectors/digits-hybrid.json");
    let records = vectors["records"].as_array().unwrap();
    assert!(records.len() >= 20);
    let network = interpreter();
    for (image, record) in images(records.len()).iter().zip(records) {
        let found = network.run(image).unwrap();
        assert_eq!(found.shape, [1, 64]);
        let features = numbers(&record["features"]);
        assert_eq!(found.numbers.len(), features.len());
        for (found, expected) in found.numbers.iter().zip(features) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        let integers = quantize(&card, &found.numbers);
        let integers: Vec<f64> = integers.into_iter().map(f64::from).collect();
        assert_eq!(integers, numbers(&record["integers"]));
    }
}

#[test]
fn a_thousand_images_become_the_same_integers_as_with_the_library() {
    let card = json("models/digits-hybrid/card.json");
    let network = interpreter();
    let file = read(&repository("models/digits-hybrid/public.onnx"));
    let library = Library::compile(&file, &[1, 1, 28, 28]).unwrap();
    let images = images(1000);
    assert_eq!(images.len(), 1000);
    let mut kinds = [0; 8];
    for image in &images {
        let found = network.run(image).unwrap();
        let (shape, expected) = library.run(image).unwrap();
        assert_eq!(found.shape, shape);
        let integers = quantize(&card, &found.numbers);
        assert_eq!(integers, quantize(&card, &expected));
        for integer in integers {
            kinds[integer as usize] += 1;
        }
    }
    // Features of all sizes were seen, not only those at the ends.
    assert!(kinds.iter().all(|&count| count > 100), "{kinds:?}");
}
