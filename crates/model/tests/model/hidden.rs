//! Networks whose hidden layers square: exact evaluation, proven bounds, and the search for the narrowest ring.

use num_bigint::BigInt;
use num_traits::Signed as _;
use proptest::collection::vec;
use proptest::prelude::*;
use veilcast_card::{InputBits, PerFeature, Quantization, QuantizedRecord, WeightBits};
use veilcast_model::search::{Goal, HeldOut};
use veilcast_model::{
    Blueprint, BoundsError, BuildError, FloatMap, FloatNetwork, IntegerNetwork, Model,
    QuantizationSearch, QuantizeError, RingMap, ShapeError,
};

use crate::common;

/// A model of this many numbers with bits, whose step is 1, so that integer weights are those of the network if each row's largest
/// is `max_weight`.
fn blueprint(features: usize, outputs: usize, input_bits: u32, max_weight: u32) -> Blueprint {
    let mut blueprint = common::patients();
    blueprint.input.shape = vec![features];
    blueprint.input.features = Some((0..features).map(|i| format!("x{i}")).collect());
    blueprint.quantization = Quantization {
        bits: InputBits::new(input_bits).unwrap(),
        step: PerFeature::All(1.0),
        zero: PerFeature::All(0.0),
    };
    blueprint.labels = (0..outputs.max(2)).map(|i| i.to_string()).collect();
    if outputs == 1 {
        blueprint.activation = veilcast_card::Activation::Sigmoid;
    }
    blueprint.max_weight = max_weight;
    blueprint
}

/// A network over big integers, without a ring.
pub(crate) fn exactly(network: &IntegerNetwork, record: &[u32]) -> Vec<BigInt> {
    let mut values: Vec<BigInt> = record.iter().map(|&x| x.into()).collect();
    for (index, part) in network.parts().iter().enumerate() {
        if index > 0 {
            values = values.iter().map(|value| value * value).collect();
        }
        let output = |output: usize| {
            let row = part.row(output).iter().zip(&values);
            let terms = row.filter(|(weight, _)| **weight != 0);
            let bias = BigInt::from(part.biases()[output]);
            terms.fold(bias, |sum, (weight, value)| sum + value * *weight)
        };
        values = (0..part.outputs()).map(output).collect();
    }
    values
}

prop_compose! {
    /// Widths from the features to the scores, and floats for as many weights and biases as they need.
    fn networks()(widths in vec(1_usize..5, 3..=5))(
        numbers in vec(-1.0_f64..1.0, widths.windows(2).map(|w| (w[0] + 1) * w[1]).sum::<usize>()),
        widths in Just(widths),
    ) -> FloatNetwork {
        let mut numbers = numbers.into_iter();
        let parts = widths.windows(2).map(|pair| {
            let mut take = |count: usize| numbers.by_ref().take(count).collect::<Vec<_>>();
            let weights = take(pair[0] * pair[1]);
            FloatMap::new(pair[0], pair[1], weights, take(pair[1])).unwrap()
        });
        FloatNetwork::new(parts.collect()).unwrap()
    }
}

fn built(network: &FloatNetwork, input_bits: u32, max_weight: u32) -> Result<Model, BuildError> {
    let (features, outputs) = (network.inputs(), network.outputs());
    blueprint(features, outputs, input_bits, max_weight).build_network(network.clone())
}

proptest! {
    #[test]
    fn scores_are_exact_and_within_the_bounds(
        network in networks(),
        input_bits in 1_u32..=8,
        max_weight in 1_u32..=40,
        seed in vec(any::<u32>(), 64),
    ) {
        let model = match built(&network, input_bits, max_weight) {
            Ok(model) => model,
            // Four layers may need more than any ring has; or a bias may be far above its weights.
            Err(BuildError::Bounds(BoundsError::Ring)) => return Ok(()),
            Err(BuildError::Quantize(QuantizeError::Range { .. })) => return Ok(()),
            Err(error) => panic!("{error}"),
        };
        let hidden = model.card().hidden().unwrap();
        let integers = model.layered().unwrap().integers();
        let edge = BigInt::from(1_u8) << (hidden.ring_bits.get() - 1);
        let max = model.card().quantization().max();
        let features = network.inputs();
        // Random records, and all whose features are each 0 or as large as they can be.
        let random = seed.chunks(features).take(8).filter(|chunk| chunk.len() == features);
        let mut records: Vec<Vec<u32>> = random.map(|c| c.iter().map(|x| x & max).collect()).collect();
        for corner in 0..1_u32 << features {
            records.push((0..features).map(|i| if corner >> i & 1 == 1 { max } else { 0 }).collect());
        }
        for record in records {
            let expected = exactly(integers, &record);
            for result in &expected {
                prop_assert!(result.abs() < edge, "{result} leaves the ring of {}", hidden.ring_bits);
            }
            let results = integers.evaluate(&record).unwrap();
            prop_assert_eq!(results.iter().map(|&r| BigInt::from(r)).collect::<Vec<_>>(), expected.clone());
            let as_floats: Vec<f64> = record.iter().map(|&x| x.into()).collect();
            let quantized = QuantizedRecord::from_features(model.card(), &as_floats).unwrap();
            let scores = model.evaluate(&quantized).unwrap();
            // Big integers are shifted towards −∞, too.
            let shifted: Vec<BigInt> = expected.iter().map(|r| r >> hidden.score_shift).collect();
            prop_assert_eq!(scores.iter().map(|&s| BigInt::from(s)).collect::<Vec<_>>(), shifted);
            for (score, bound) in scores.iter().zip(&model.certificate().output_bounds) {
                prop_assert!(score.unsigned_abs() <= *bound);
            }
        }
    }

    #[test]
    fn one_layer_s_bound_is_reached_where_every_number_can_be_extreme_at_once(
        row in vec(0_i32..=15, 1..4),
        bias in 0_u8..100,
        factor in prop_oneof![Just(-7_i32), Just(7)],
        input_bits in 1_u32..=8,
    ) {
        // One hidden number that only grows with the features: its square is largest where they are.
        let mut weights: Vec<f64> = row.iter().map(|&w| w.into()).collect();
        weights.push(15.0);
        let features = weights.len();
        let first = FloatMap::new(features, 1, weights, vec![bias.into()]).unwrap();
        let last = FloatMap::new(1, 1, vec![factor.into()], vec![0.0]).unwrap();
        let model = built(&FloatNetwork::new(vec![first, last]).unwrap(), input_bits, 15).unwrap();
        let max = model.card().quantization().max();
        let sum: u64 = row.iter().map(|&w| w as u64).sum::<u64>() + 15;
        let most = u64::from(bias) + sum * u64::from(max);
        prop_assert_eq!(&model.certificate().output_bounds, &[15 * most * most]);
        let results = model.layered().unwrap().integers().evaluate(&vec![max; features]).unwrap();
        let signed = i128::from(15 * most * most) * i128::from(factor.signum());
        prop_assert_eq!(results, [signed]);
    }

    #[test]
    fn the_rounded_network_comes_close_to_the_one_in_floats(
        network in networks(),
        seed in vec(0_u32..256, 16),
    ) {
        prop_assume!(network.sizes().len() == 1);
        // Wide weights: what is left is rounding alone.
        let Ok(model) = built(&network, 8, 16_383) else { return Ok(()) };
        let features: Vec<f64> = seed.iter().take(network.inputs()).map(|&x| x.into()).collect();
        let quantized = QuantizedRecord::from_features(model.card(), &features).unwrap();
        let found = model.card().dequantize(&model.evaluate(&quantized).unwrap()).unwrap();
        let expected = network.evaluate(&features).unwrap();
        // What the score is made of, without signs: rounding errors are relative to that.
        let first = &network.parts()[0];
        let reach = |row: &[f64], bias: f64, values: &[f64]| {
            let largest = row.iter().fold(0.0_f64, |top, w| top.max(w.abs()));
            row.iter().zip(values).map(|(w, x)| (w.abs() + largest) * x).sum::<f64>() + bias.abs() + largest
        };
        let squares: Vec<f64> = (0..first.outputs())
            .map(|h| reach(first.row(h), first.biases()[h], &features).powi(2))
            .collect();
        let last = &network.parts()[1];
        for (output, (found, expected)) in found.iter().zip(expected).enumerate() {
            let size = reach(last.row(output), last.biases()[output], &squares);
            prop_assert!((found - expected).abs() <= 1e-3 * size, "{found} is not {expected}");
        }
    }
}

/// A part of integers, all of them exact in floats.
fn part(inputs: usize, outputs: usize, weights: &[i32], biases: &[i64]) -> FloatMap {
    let weights = weights.iter().map(|&w| w.into()).collect();
    let biases = biases.iter().map(|&b| b as f64).collect();
    FloatMap::new(inputs, outputs, weights, biases).unwrap()
}

#[test]
fn a_network_that_was_computed_by_hand() {
    // h = (3·x − 2·y + 1, −x + 3·y − 2); y = 3·h₀² − 2·h₁² + 5.
    let first = part(2, 2, &[3, -2, -1, 3], &[1, -2]);
    let last = part(2, 1, &[3, -2], &[5]);
    let network = FloatNetwork::new(vec![first, last]).unwrap();
    assert_eq!(
        (network.inputs(), network.outputs(), network.sizes()),
        (2, 1, vec![2])
    );
    // 3·(3 − 4 + 1)² − 2·(−1 + 6 − 2)² + 5.
    assert_eq!(network.evaluate(&[1.0, 2.0]).unwrap(), [-13.0]);
    let model = built(&network, 4, 3).unwrap();
    let integers = model.layered().unwrap().integers();
    assert_eq!(integers.parts()[0].weights(), [3, -2, -1, 3]);
    assert_eq!(integers.parts()[1].weights(), [3, -2]);
    assert_eq!(integers.evaluate(&[1, 2]).unwrap(), [-13]);
    // h₀ lies in −29 … 46 and h₁ in −17 … 43, each with 0, so the result in 5 − 2·43² … 5 + 3·46².
    assert_eq!(model.certificate().output_bounds, [5 + 3 * 46 * 46]);
    let hidden = model.card().hidden().unwrap();
    // 6353 takes 13 bits and a sign.
    assert_eq!((hidden.ring_bits.get(), hidden.score_shift), (14, 0));
    assert_eq!(hidden.sizes, [2]);
    assert_eq!(hidden.weight_bits, [WeightBits::of::<3>(); 2]);
    assert_eq!(model.card().ways(), veilcast_card::Way::DEFAULT);
}

#[test]
fn a_square_that_never_is_zero_has_a_lower_end() {
    // h lies in 10 … 13, so that h² is at least 100, and 7·h² − 700 isn't negative.
    let network = FloatNetwork::new(vec![part(1, 1, &[1], &[10]), part(1, 1, &[7], &[-700])]);
    let network = network.unwrap();
    let model = blueprint(1, 1, 2, 7).build_network(network).unwrap();
    // The first part's weight is 7, too: h is 7 times as large, and its square 49 times.
    let largest = 7 * (91_u64.pow(2) - 70_u64.pow(2));
    assert_eq!(model.certificate().output_bounds, [largest]);
    let results = [0, 1, 3].map(|x| model.layered().unwrap().integers().evaluate(&[x]).unwrap()[0]);
    assert_eq!(results, [0, 7 * (77 * 77 - 70 * 70), i128::from(largest)]);
}

/// Two hidden layers whose results take more than 64 bits.
fn wide() -> FloatNetwork {
    let first: Vec<i32> = (0..32).map(|i| (i * 37 + 11) % 255 - 127).collect();
    let second: Vec<i32> = (0..32).map(|i| (i * 53 + 7) % 255 - 127).collect();
    let last: Vec<i32> = (0..8).map(|i| (i * 91 + 5) % 255 - 127).collect();
    FloatNetwork::new(vec![
        part(4, 8, &first, &[5, -6, 7, 8, -9, 10, 11, -12]),
        part(8, 4, &second, &[1, 2, -3, 4]),
        part(4, 2, &last, &[100, -100]),
    ])
    .unwrap()
}

#[test]
fn two_hidden_layers_have_a_ring_above_64_bits_and_shifted_scores() {
    let model = built(&wide(), 8, 127).unwrap();
    let hidden = model.card().hidden().unwrap();
    let ring = hidden.ring_bits.get();
    assert!(ring > 64, "{ring}");
    assert_eq!(
        (hidden.score_shift, hidden.sizes.as_slice()),
        (ring - 48, &[8, 4][..])
    );
    assert!(model.card().slot_bits().get() <= 48);
    let integers = model.layered().unwrap().integers();
    let (mut wide, mut negative) = (0, 0);
    for seed in 0..50_u32 {
        let record: Vec<u32> = (0..4).map(|i| (seed * 71 + i * 97) % 256).collect();
        let results = integers.evaluate(&record).unwrap();
        let expected = exactly(integers, &record);
        let floats: Vec<f64> = record.iter().map(|&x| x.into()).collect();
        let quantized = QuantizedRecord::from_features(model.card(), &floats).unwrap();
        let scores = model.evaluate(&quantized).unwrap();
        let values = model.card().dequantize(&scores).unwrap();
        let by_floats = model.evaluate_float(&floats).unwrap();
        for index in 0..2 {
            let result = results[index];
            assert_eq!(BigInt::from(result), expected[index]);
            // Rounded down, negative results too.
            assert_eq!(
                i128::from(scores[index]),
                result.div_euclid(1 << hidden.score_shift)
            );
            wide += usize::from(result.unsigned_abs() > u128::from(u64::MAX));
            negative += usize::from(result < 0);
            // A score of 1 is worth what its results are worth.
            let apart = (values[index] - by_floats[index]).abs();
            assert!(apart <= 0.02 * by_floats.iter().fold(0.0, |top: f64, y| top.max(y.abs())));
        }
    }
    assert!(
        wide > 0 && negative > 0,
        "{wide} are wide, {negative} are negative"
    );
}

#[test]
fn what_no_ring_holds_is_refused() {
    let square = || part(1, 1, &[1], &[0]);
    let deep = |layers: usize| FloatNetwork::new(vec![square(); layers + 1]).unwrap();
    // 16 bits of input, 15 of weights: squared four times that is far above 126 bits.
    let error = built(&deep(4), 16, 32_767).unwrap_err();
    assert!(
        matches!(error, BuildError::Bounds(BoundsError::Ring)),
        "{error}"
    );
    assert!(error.to_string().contains("ring"), "{error}");
    built(&deep(4), 1, 1).unwrap();
    // More layers than a card may name.
    let error = built(&deep(5), 1, 1).unwrap_err();
    assert!(error.to_string().contains("sizes has 5 numbers"), "{error}");
    let error = built(&deep(1), 4, 40_000).unwrap_err();
    assert!(
        matches!(error, BuildError::Quantize(QuantizeError::MaxWeight { .. })),
        "{error}"
    );
}

#[test]
fn parts_that_do_not_fit_each_other_are_refused() {
    let one = part(2, 3, &[1; 6], &[0; 3]);
    let other = part(2, 1, &[1; 2], &[0]);
    let error = FloatNetwork::new(vec![one.clone(), other.clone()]).unwrap_err();
    assert_eq!(
        error,
        ShapeError::Input {
            found: 3,
            expected: 2
        }
    );
    assert!(matches!(
        FloatNetwork::new(vec![one.clone()]),
        Err(ShapeError::Size { .. })
    ));
    assert!(matches!(
        FloatNetwork::new(vec![]),
        Err(ShapeError::Size { .. })
    ));
    let ring = |inputs, outputs| {
        RingMap::new(inputs, outputs, vec![1; inputs * outputs], vec![0; outputs])
    };
    let parts = vec![ring(2, 3).unwrap(), ring(2, 1).unwrap()];
    assert!(matches!(
        IntegerNetwork::new(parts),
        Err(ShapeError::Input { .. })
    ));
    assert!(matches!(
        RingMap::new(2, 1, vec![1; 3], vec![0]),
        Err(ShapeError::Map { .. })
    ));
    let network = FloatNetwork::new(vec![other.clone(), part(1, 1, &[1], &[0])]).unwrap();
    assert!(matches!(
        network.evaluate(&[1.0]),
        Err(ShapeError::Input { .. })
    ));
    // A record of other features than the card's.
    let error = blueprint(3, 1, 4, 3).build_network(network).unwrap_err();
    assert!(
        matches!(
            error,
            BuildError::Features {
                inputs: 2,
                features: 3
            }
        ),
        "{error}"
    );
}

/// Whether x² + y² is more than a bound: no affine map can tell.
fn discs() -> (FloatNetwork, Vec<Vec<f64>>, Vec<usize>) {
    let first = FloatMap::new(2, 2, vec![1.0, 0.0, 0.0, 1.0], vec![-0.5, -0.5]).unwrap();
    let last = FloatMap::new(2, 1, vec![1.0, 1.0], vec![-0.1]).unwrap();
    let network = FloatNetwork::new(vec![first, last]).unwrap();
    let at = |i: usize| ((i * 37) % 101) as f64 / 101.0;
    let records: Vec<Vec<f64>> = (0..300).map(|i| vec![at(i), at(i * i + 3)]).collect();
    let label = |r: &Vec<f64>| usize::from(network.evaluate(r).unwrap()[0] > 0.0);
    let labels = records.iter().map(label).collect();
    (network, records, labels)
}

#[test]
fn the_search_finds_the_narrowest_ring_that_keeps_the_accuracy() {
    let (network, records, labels) = discs();
    let from_0_to_1 = |bits| Quantization::over_all(bits, [0.0, 1.0]);
    let finished = |tolerance: f64| {
        let search = QuantizationSearch {
            map: &network,
            input_bits: InputBits::MIN..=InputBits::of::<8>(),
            max_weight: None,
            held_out: HeldOut {
                records: &records,
                labels: &labels,
            },
            goal: Goal::accuracy(tolerance),
        };
        let blueprint = blueprint(2, 1, 8, 127);
        blueprint
            .finish_network(network.clone(), &from_0_to_1, Some(&search))
            .unwrap()
    };
    let (rough, fine) = (finished(0.1), finished(0.0));
    for (model, least) in [(&rough, 0.9), (&fine, 1.0)] {
        let search = model.report().unwrap().search.as_ref().unwrap();
        assert!(search.reaches_goal());
        let chosen = search.chosen().unwrap();
        let ring = model.card().hidden().unwrap().ring_bits.get();
        assert_eq!(chosen.cost, f64::from(ring));
        assert_eq!(chosen.input_bits, model.card().quantization().bits);
        assert!(chosen.accuracy.unwrap() >= least);
        // Every narrower ring was tried, and isn't good enough.
        for trial in search.trials.iter().filter(|trial| !trial.chosen) {
            assert!(
                trial.cost <= chosen.cost && trial.accuracy.unwrap() < least,
                "{trial:?}"
            );
        }
        // What the search measured is what the model does.
        let right = records.iter().zip(&labels).filter(|(record, label)| {
            let quantized = QuantizedRecord::from_features(model.card(), record).unwrap();
            model.predict(&quantized).unwrap().class().unwrap().index == **label
        });
        let accuracy = right.count() as f64 / records.len() as f64;
        assert!((accuracy - chosen.accuracy.unwrap()).abs() < 1e-12);
    }
    let ring = |model: &Model| model.card().hidden().unwrap().ring_bits;
    assert!(ring(&rough) < ring(&fine));
}

#[test]
fn weights_that_are_given_are_kept() {
    let (network, records, labels) = discs();
    let from_0_to_1 = |bits| Quantization::over_all(bits, [0.0, 1.0]);
    let bits = InputBits::of::<5>();
    let search = QuantizationSearch {
        map: &network,
        input_bits: bits..=bits,
        max_weight: Some(7),
        held_out: HeldOut {
            records: &records,
            labels: &labels,
        },
        goal: Goal::accuracy(0.05),
    };
    let model =
        blueprint(2, 1, 8, 127).finish_network(network.clone(), &from_0_to_1, Some(&search));
    let model = model.unwrap();
    let trials = &model.report().unwrap().search.as_ref().unwrap().trials;
    assert_eq!(trials.len(), 1);
    assert_eq!((trials[0].max_weight, trials[0].input_bits), (7, bits));
    let parts = model.layered().unwrap().integers().parts();
    let largest = |part: &RingMap| part.weights().iter().map(|w| w.abs()).max();
    assert!(parts.iter().all(|part| largest(part) == Some(7)));
}

#[test]
fn balanced_networks_keep_what_many_small_squares_add_up_to() {
    let quantization = blueprint(2, 1, 4, 15).quantization;
    // 3375·a² + 50·b², squared: with weights up to 15, a² would leave nothing of b².
    let rows = |row: usize| if row == 0 { [1.0, 0.0] } else { [0.0, 1.0] };
    let first = FloatMap::new(2, 51, (0..51).flat_map(rows).collect(), vec![0.0; 51]).unwrap();
    let mut weights = vec![1.0; 51];
    weights[0] = 3375.0;
    let second = FloatMap::new(51, 1, weights, vec![0.0]).unwrap();
    let last = FloatMap::new(1, 1, vec![1.0], vec![0.0]).unwrap();
    let network = FloatNetwork::new(vec![first.clone(), second.clone(), last]).unwrap();
    let found = |network: &FloatNetwork| {
        let (integers, scales) = network.quantize(&quantization, 15).unwrap();
        integers.evaluate(&[0, 7]).unwrap()[0] as f64 * scales[0]
    };
    let expected = network.evaluate(&[0.0, 7.0]).unwrap()[0];
    let balanced = network.balanced(&quantization);
    assert!((found(&balanced) / expected - 1.0).abs() < 1e-9);
    assert_eq!(found(&network), 0.0);
    // What is computed in floats stays the same, and is what a model keeps.
    assert_eq!(balanced.parts(), network.parts());
    let model = built(&balanced, 4, 15).unwrap();
    assert_eq!(model.layered().unwrap().floats(), &network);
    // A single hidden layer stays as it is.
    let single = FloatNetwork::new(vec![first, second]).unwrap();
    assert_eq!(single.balanced(&quantization), single);
}
