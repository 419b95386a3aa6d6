//! CryptoNets' network: exact, and recognises MNIST's test images.

use num_bigint::BigInt;
use veilcast_files::idx::{LabelledImages, Split};
use veilcast_model::{FloatNetwork, Model};

use crate::common;
use crate::common::repository;
use crate::hidden::exactly;

fn model() -> Model {
    Model::load(&repository("models/digits-cryptonets")).unwrap()
}

#[test]
fn accuracy_on_all_test_images() {
    let model = model();
    let hidden = model.card().hidden().unwrap();
    assert_eq!(hidden.sizes, [845, 100]);
    assert!(hidden.ring_bits.get() < 64, "{}", hidden.ring_bits);
    let test = LabelledImages::open(&repository("data/mnist"), Split::Test).unwrap();
    let encoder = common::encoder(&model);
    let mut right = 0;
    for (index, (raw, &label)) in test.images().records().zip(test.labels()).enumerate() {
        let record = encoder.quantize(&raw).unwrap();
        let scores = model.evaluate(&record).unwrap();
        if index % 1000 == 0 {
            let expected = exactly(model.layered().unwrap().integers(), record.values());
            let expected = expected
                .into_iter()
                .map(|result| result >> hidden.score_shift);
            assert!(scores.iter().map(|&s| BigInt::from(s)).eq(expected));
        }
        let prediction = model.card().predict(&scores).unwrap();
        right += usize::from(prediction.class().unwrap().index == usize::from(label));
    }
    assert_eq!(right, 9_904);
}

/// A convolution multiplies each pixel by few weights.
#[test]
fn weights_of_0_are_left_out() {
    let model = model();
    let parts = model.layered().unwrap().integers().parts();
    assert!(parts[0].products() < 845 * 25, "{}", parts[0].products());
    assert_eq!(parts[1].products(), 845 * 100);
}

#[test]
fn its_hidden_numbers_are_balanced() {
    let model = model();
    let (layered, quantization) = (model.layered().unwrap(), model.card().quantization());
    let max_weight = model.report().unwrap().max_weight;
    let rounded = |network: &FloatNetwork| network.quantize(quantization, max_weight).unwrap().0;
    let floats = layered.floats();
    assert_eq!(&rounded(&floats.balanced(quantization)), layered.integers());
    assert_ne!(&rounded(floats), layered.integers());
}
