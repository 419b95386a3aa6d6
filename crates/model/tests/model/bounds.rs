//! Quantisation and the bounds certificate, at the bounds.

use proptest::collection::vec;
use proptest::prelude::*;
use veilcast_card::{PerFeature, SlotBits, chain};
use veilcast_model::{BoundsError, DenseLayer, FloatMap, IntegerMap, Network, ShapeError};

use crate::common;

prop_compose! {
    fn maps()(inputs in 1_usize..12, outputs in 1_usize..6)(
        weights in vec(any::<i16>().prop_map(i32::from), inputs * outputs),
        biases in vec(-(1_i64 << 40)..1 << 40, outputs),
        inputs in Just(inputs),
        outputs in Just(outputs),
    ) -> IntegerMap {
        IntegerMap::new(inputs, outputs, weights, biases).unwrap()
    }
}

proptest! {
    #[test]
    fn no_record_leaves_the_certified_bounds(
        map in maps(),
        bits in 1_u32..=16,
        seed in vec(any::<u32>(), 12),
    ) {
        let max = (1 << bits) - 1;
        let certificate = map.certify(max, SlotBits::MAX).unwrap();
        let edge = certificate.slot_bits.edge() as i64;
        let random: Vec<u32> = seed.iter().take(map.inputs()).map(|x| x & max).collect();
        for (output, bound) in certificate.output_bounds.iter().enumerate() {
            let bound = i64::try_from(*bound).unwrap();
            prop_assert!(bound < edge);
            // The two records that go furthest up and furthest down.
            let row = map.row(output);
            let extreme = |up: bool| -> Vec<u32> {
                row.iter().map(|&weight| if (weight > 0) == up { max } else { 0 }).collect()
            };
            let bias = map.biases()[output];
            let mut reached = Vec::new();
            for record in [&random, &extreme(true), &extreme(false)] {
                let score = map.evaluate(record).unwrap()[output];
                prop_assert!(-bound <= score && score <= bound);
                prop_assert!(-edge < score && score < edge);
                // Every partial sum, of all features or of every second one.
                for step in [1, 2] {
                    let products = row.iter().zip(record).step_by(step);
                    let mut sum = 0;
                    for (&weight, &feature) in products {
                        sum += i64::from(weight) * i64::from(feature);
                        prop_assert!(-bound <= sum && sum <= bound);
                    }
                }
                reached.extend([score.abs(), (score - bias).abs()]);
            }
            // The bound is reached: by a score, or by its products without the bias.
            prop_assert!(reached.contains(&bound), "{bound} not in {reached:?}");
            // What seeded uploads rely on.
            let sum: i64 = row.iter().map(|w| i64::from(w.abs())).sum();
            prop_assert!(sum * i64::from(max) <= 2 * bound);
            prop_assert!(2 * bound < 1 << certificate.slot_bits.get());
        }
        // What is published lies above the bound by at most an eighth of it, in four bits.
        for (bound, published) in certificate.output_bounds.iter().zip(certificate.largest_scores().unwrap()) {
            let bits = u64::BITS - published.leading_zeros() - published.trailing_zeros();
            prop_assert!(bits <= 4 || published == certificate.slot_bits.edge() - 1);
            prop_assert!(*bound <= published && published <= bound + bound / 8 + 1);
        }
        // It is the least width.
        let widest = certificate.output_bounds.iter().max().unwrap();
        prop_assert!(certificate.slot_bits == SlotBits::MIN || *widest >= certificate.slot_bits.edge() / 2);
    }

    #[test]
    fn evaluation_agrees_with_another_order_of_sums(map in maps(), seed in vec(0..=65_535_u32, 12)) {
        let record = &seed[..map.inputs()];
        let mut expected: Vec<i128> = map.biases().iter().map(|&bias| bias.into()).collect();
        for (input, &feature) in record.iter().enumerate().rev() {
            for (output, score) in expected.iter_mut().enumerate() {
                *score += i128::from(map.row(output)[input]) * i128::from(feature);
            }
        }
        let scores: Vec<i128> = map.evaluate(record).unwrap().into_iter().map(Into::into).collect();
        prop_assert_eq!(scores, expected);
    }

    #[test]
    fn quantised_predictions_are_near_the_float_ones(
        weights in vec(-2.0..2.0_f64, 6),
        biases in vec(-5.0..5.0_f64, 2),
        raw in (-100.0..155.0_f64, 0.0..63.75_f64, 3.0..513.0_f64),
    ) {
        let map = FloatMap::new(3, 2, weights.clone(), biases).unwrap();
        let mut blueprint = common::patients();
        blueprint.max_weight = 32_767;
        let Ok(model) = blueprint.build(map) else {
            // Only weights that all but vanish against the bias can't be quantised.
            prop_assert!(weights.chunks(3).any(|row| row.iter().all(|w| w.abs() < 1e-9)));
            return Ok(());
        };
        let raw = [raw.0, raw.1, raw.2];
        let quantized = common::quantize(&model, &raw).unwrap();
        prop_assert_eq!(quantized.clipped(), 0);
        let scores = model.card().dequantize(&model.evaluate(&quantized).unwrap()).unwrap();
        let floats = model.affine().unwrap().float_map().evaluate(&raw).unwrap();
        for (output, (score, float)) in scores.iter().zip(floats).enumerate() {
            // Half a step of each feature, and half a scale per weight and for the bias.
            let steps: f64 = weights[3 * output..][..3]
                .iter()
                .zip([1.0, 0.25, 2.0])
                .map(|(weight, step)| weight.abs() * step / 2.0)
                .sum();
            let rounding = model.card().output().scales[output] * (3.0 * 255.0 + 1.0) / 2.0;
            prop_assert!((score - float).abs() <= (steps + rounding) * (1.0 + 1e-9) + 1e-9);
        }
    }
}

/// As those of a class that is never seen, which a penalty has drawn to almost 0.
#[test]
fn weights_that_vanish_beside_the_bias_count_as_none() {
    let map = FloatMap::new(
        3,
        2,
        vec![4e-35, 0.0, -1e-36, 1.0, 2.0, 3.0],
        vec![0.84, 1.0],
    );
    let model = common::patients().build(map.unwrap()).unwrap();
    let integers = model.affine().unwrap().integer_map();
    assert_eq!(integers.row(0), [0; 3]);
    let score = integers.biases()[0] as f64 * model.card().output().scales[0];
    assert!((score - 0.84).abs() < 1e-9, "{score}");
}

#[test]
fn width_steps_up_exactly_at_a_power_of_two() {
    let bits = |bias| {
        let map = IntegerMap::new(1, 1, vec![0], vec![bias]).unwrap();
        map.certify(255, SlotBits::MAX)
            .map(|certificate| certificate.slot_bits.get())
    };
    assert_eq!(bits(0), Ok(1));
    assert_eq!(bits(1), Ok(2));
    assert_eq!(bits(127), Ok(8));
    assert_eq!(bits(-127), Ok(8));
    assert_eq!(bits(128), Ok(9));
    assert_eq!(bits((1 << 61) - 1), Ok(62));
    assert_eq!(
        bits(-(1 << 61)),
        Err(BoundsError::TooWide {
            output: 0,
            bound: 1 << 61,
            needed: 63,
            limit: SlotBits::MAX
        })
    );
    assert!(bits(i64::MIN).is_err());
}

#[test]
fn signs_that_differ_do_not_add_up() {
    let certify = |weights: [i32; 2], bias| {
        let map = IntegerMap::new(2, 1, weights.to_vec(), vec![bias]).unwrap();
        let certificate = map.certify(10, SlotBits::MAX).unwrap();
        (certificate.slot_bits.get(), certificate.output_bounds[0])
    };
    assert_eq!(certify([5, 3], 0), (8, 80));
    assert_eq!(certify([5, -3], 0), (7, 50));
    assert_eq!(certify([5, -3], 13), (7, 63));
    assert_eq!(certify([5, -3], 14), (8, 64));
    // The products' sum reaches 50 before the bias takes it down.
    assert_eq!(certify([5, -3], -20), (7, 50));
    assert_eq!(certify([5, -3], -33), (7, 63));
    assert_eq!(certify([5, -3], -34), (8, 64));
}

#[test]
fn the_largest_numbers_overflow_nothing() {
    let inputs = 1 << 18;
    let map = IntegerMap::new(inputs, 1, vec![i32::MIN; inputs], vec![i64::MIN]).unwrap();
    let error = map.certify(u32::MAX, SlotBits::MAX).unwrap_err();
    let BoundsError::TooWide { bound, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(bound, (1_u128 << 49) * u128::from(u32::MAX) + (1 << 63));
    let overflow = map.evaluate(&vec![u32::MAX; inputs]);
    assert_eq!(overflow, Err(ShapeError::Overflow { output: 0 }));
}

#[test]
fn grouped_maps_have_a_row_for_each_position() {
    let map = IntegerMap::new(5, 2, (1..=10).collect(), vec![7, 8]).unwrap();
    let grouped = map.grouped(2);
    assert_eq!((grouped.inputs(), grouped.outputs()), (3, 4));
    let rows = [[1, 3, 5], [2, 4, 0], [6, 8, 10], [7, 9, 0]];
    assert_eq!(grouped.weights(), rows.as_flattened());
    assert_eq!(grouped.biases(), [0; 4]);
    let whole = map.grouped(64);
    assert_eq!((whole.inputs(), whole.outputs()), (1, 128));
    assert_eq!(whole.weights()[..6], [1, 2, 3, 4, 5, 0]);
    assert_eq!(map.grouped(1).weights(), map.weights());
}

#[test]
fn maps_whose_parts_do_not_fit_are_refused() {
    assert!(IntegerMap::new(0, 1, vec![], vec![0]).is_err());
    assert!(IntegerMap::new(1, 0, vec![], vec![]).is_err());
    assert!(IntegerMap::new(2, 2, vec![0; 3], vec![0; 2]).is_err());
    assert!(IntegerMap::new(2, 2, vec![0; 4], vec![0; 1]).is_err());
    assert!(IntegerMap::new(usize::MAX, 2, vec![], vec![0; 2]).is_err());
    let map = IntegerMap::new(2, 1, vec![1, 2], vec![3]).unwrap();
    assert!(map.evaluate(&[1]).is_err());
    assert_eq!(map.evaluate(&[10, 100]), Ok(vec![213]));
    for bad in [f64::NAN, f64::INFINITY] {
        let weight = FloatMap::new(1, 2, vec![0.0, bad], vec![0.0; 2]);
        assert_eq!(weight, Err(ShapeError::NotFinite { output: 1 }));
        let bias = FloatMap::new(1, 2, vec![0.0; 2], vec![bad, 0.0]);
        assert_eq!(bias, Err(ShapeError::NotFinite { output: 0 }));
    }
}

#[test]
fn private_numbers_are_not_printed() {
    let model = common::patients_model();
    let maps = format!(
        "{:?} {:?}",
        model.affine().unwrap().integer_map(),
        model.affine().unwrap().float_map()
    );
    assert!(!maps.contains("127") && !maps.contains("0.125"), "{maps}");
}

#[test]
fn centred_maps_shift_all_scores_alike() {
    let weights = vec![1.0, -2.0, 3.0, 4.0, 5.0, -6.0, -7.0, 8.0];
    let map = FloatMap::new(2, 4, weights, vec![1.0, 2.0, 4.0, 8.0]).unwrap();
    let centred = map.centred().unwrap();
    // The columns 1, 3, 5, −7 and −2, 4, −6, 8 have 1 and −2 in the middle, below.
    assert_eq!(
        centred.weights(),
        [0.0, 0.0, 2.0, 6.0, 4.0, -4.0, -8.0, 10.0]
    );
    assert_eq!(centred.biases(), [-1.0, 0.0, 2.0, 6.0]);
    let record = [3.0, 5.0];
    let (before, after) = (map.evaluate(&record), centred.evaluate(&record));
    let shifts = before.unwrap().into_iter().zip(after.unwrap());
    let shifts: Vec<f64> = shifts.map(|(before, after)| before - after).collect();
    assert_eq!(shifts, [1.0 * 3.0 - 2.0 * 5.0 + 2.0; 4]);
    assert_eq!(centred.centred(), Ok(centred));
    let far = FloatMap::new(1, 3, vec![f64::MAX, f64::MIN, f64::MIN], vec![0.0; 3]);
    assert!(far.unwrap().centred().is_err());
}

#[test]
fn layers_collapse_to_what_they_compute() {
    let first = DenseLayer::new(
        2,
        3,
        vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        vec![1.0, -1.0, 0.5],
    );
    let second = DenseLayer::new(3, 2, vec![1.0, 0.0, -1.0, 2.0, 1.0, 0.5], vec![10.0, 20.0]);
    let network = Network::new(vec![first.unwrap(), second.unwrap()]).unwrap();
    let map = network.collapse().unwrap();
    assert_eq!(map.weights(), [-4.0, -4.0, 7.5, 11.0]);
    assert_eq!(map.biases(), [10.5, 21.25]);
    let record = [3.0, -7.0];
    assert_eq!(map.evaluate(&record), network.evaluate(&record));
    let lone = |inputs| DenseLayer::new(inputs, 1, vec![1.0; inputs], vec![0.0]).unwrap();
    assert!(Network::new(vec![lone(2), lone(2)]).is_err());
    assert!(Network::new(vec![]).is_err());
}

#[test]
fn quantising_folds_steps_and_zeros_into_the_map() {
    let mut blueprint = common::patients();
    blueprint.quantization.step = PerFeature::Each(vec![1.0, 0.5, 2.0]);
    blueprint.quantization.zero = PerFeature::Each(vec![-10.0, 1.0, 0.0]);
    // Weights times steps are 127, 1, -2 and 0, 0, 0; the second output has its bias alone.
    let map = FloatMap::new(
        3,
        2,
        vec![127.0, 2.0, -1.0, 0.0, 0.0, 0.0],
        vec![1300.0, -5.0],
    );
    let model = blueprint.build(map.unwrap()).unwrap();
    assert_eq!(
        model.affine().unwrap().integer_map().weights(),
        [127, 1, -2, 0, 0, 0]
    );
    assert_eq!(
        model.affine().unwrap().integer_map().biases(),
        [1300 - 1270 + 2, -127]
    );
    assert_eq!(model.card().output().scales, [1.0, 5.0 / 127.0]);
    assert_eq!(model.card().slot_bits().get(), 16);
    let bounds = &model.certificate().output_bounds;
    assert_eq!(bounds, &[128 * 255 + 32, 127]);
}

#[test]
fn maps_that_cannot_be_quantised_are_refused_with_the_numbers() {
    let build = |weights: Vec<f64>, bias: f64, max_weight| {
        let mut blueprint = common::patients();
        blueprint.max_weight = max_weight;
        let map = FloatMap::new(3, 2, weights, vec![bias, 0.0]).unwrap();
        blueprint
            .build(map)
            .map(|_| ())
            .map_err(|error| chain(&error))
    };
    let fine = vec![1.0; 6];
    assert_eq!(build(fine.clone(), 0.0, 127), Ok(()));
    assert!(
        build(fine.clone(), 0.0, 0)
            .unwrap_err()
            .contains("weights up to 0 ")
    );
    assert!(
        build(fine.clone(), 0.0, 32_768)
            .unwrap_err()
            .contains("weights up to 32768 ")
    );
    assert!(
        build(fine.clone(), 1e200, 127)
            .unwrap_err()
            .contains("against a bias of 1e200")
    );
    let wide = build(fine, 5e16, 127).unwrap_err();
    assert!(
        wide.contains("score 0 may reach") && wide.contains("62"),
        "{wide}"
    );
    assert!(build(vec![f64::MAX; 6], 0.0, 127).is_err());
    assert!(build(vec![f64::MIN_POSITIVE; 6], 0.0, 127).is_err());
    let narrow = FloatMap::new(2, 2, vec![1.0; 4], vec![0.0; 2]).unwrap();
    let error = common::patients().build(narrow).unwrap_err().to_string();
    assert_eq!(
        error,
        "the map takes 2 values, but the card describes 3 features"
    );
}
