//! The search for a quantisation: what it tries, and that it chooses the cheapest that is good.

use veilcast_card::{InputBits, Layouts, PerFeature, Quantization, SlotBits};
use veilcast_engine::Paillier;
use veilcast_model::quality::auc;
use veilcast_model::search::{Goal, HeldOut, Measure, SearchError, SearchReport, search};
use veilcast_model::{Candidate, FloatMap, MAX_WEIGHT, Scheme};

/// Features from 0 to 1 in some bits.
fn inputs(bits: std::ops::RangeInclusive<u32>) -> Vec<Quantization> {
    bits.map(|bits| Quantization {
        bits: InputBits::new(bits).unwrap(),
        step: PerFeature::All(1.0 / f64::from((1_u32 << bits) - 1)),
        zero: PerFeature::All(0.0),
    })
    .collect()
}

/// The search for what is as accurate as the map in floats, less a tolerance.
fn by_accuracy(
    map: &FloatMap,
    inputs: &[Quantization],
    max_weight: Option<u32>,
    held_out: HeldOut<'_>,
    tolerance: f64,
) -> Result<SearchReport, SearchError> {
    let goal = Goal::accuracy(tolerance);
    search(map, inputs, max_weight, held_out, goal, &Paillier)
}

/// Numbers from 0 to 1 that look random.
fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f64 / (1 << 24) as f64
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// A map of 6 features to 3 scores, and records with the labels that the map itself gives.
fn case() -> (FloatMap, Vec<Vec<f64>>, Vec<usize>) {
    let weights = numbers(18, 1).iter().map(|x| 2.0 * x - 1.0).collect();
    let map = FloatMap::new(6, 3, weights, vec![0.1, -0.2, 0.3]).unwrap();
    let records: Vec<_> = numbers(6 * 500, 2).chunks(6).map(<[f64]>::to_vec).collect();
    let label = |record: &Vec<f64>| {
        let scores = map.evaluate(record).unwrap();
        let best = scores.iter().copied().fold(f64::MIN, f64::max);
        scores.iter().position(|&score| score == best).unwrap()
    };
    let labels = records.iter().map(label).collect();
    (map, records, labels)
}

#[test]
fn the_cheapest_that_is_accurate_enough_is_chosen() {
    let (map, records, labels) = case();
    let held_out = HeldOut {
        records: &records,
        labels: &labels,
    };
    for tolerance in [0.2, 0.02, 0.002] {
        let report = by_accuracy(&map, &inputs(1..=8), None, held_out, tolerance).unwrap();
        assert_eq!((report.records, report.float_accuracy), (500, Some(1.0)));
        assert!(report.trials.is_sorted_by(|a, b| a.cost <= b.cost));
        let (chosen, cheaper) = report.trials.split_last().unwrap();
        assert_eq!(report.chosen(), Some(chosen));
        assert!(report.reaches_goal() && chosen.accuracy >= Some(1.0 - tolerance));
        for trial in cheaper {
            assert!(trial.accuracy < Some(1.0 - tolerance), "{trial:?}");
        }
        // The trials say what is so.
        for trial in &report.trials {
            let quantization = &inputs(trial.input_bits.get()..=trial.input_bits.get())[0];
            let certified = |max_weight| {
                let (integers, scales) = map.quantize(quantization, max_weight).unwrap();
                let certificate = integers.certify(quantization.max(), SlotBits::MAX).unwrap();
                (integers, scales, certificate.slot_bits)
            };
            let (integers, scales, slot_bits) = certified(trial.max_weight);
            assert_eq!(trial.slot_bits, slot_bits);
            assert_eq!(trial.weight_bits.get(), trial.max_weight.ilog2() + 2);
            if trial.max_weight < MAX_WEIGHT {
                assert!(certified(trial.max_weight + 1).2 > slot_bits, "{trial:?}");
            }
            let right = records.iter().zip(&labels).filter(|&(record, &label)| {
                let max = f64::from(quantization.max());
                let features: Vec<_> = record.iter().map(|x| (x * max).round() as u32).collect();
                let scores = integers.evaluate(&features).unwrap();
                let scores: Vec<_> = scores
                    .iter()
                    .zip(&scales)
                    .map(|(&q, s)| q as f64 * s)
                    .collect();
                (0..3).all(|other| {
                    scores[label] > scores[other]
                        || label <= other && scores[label] == scores[other]
                })
            });
            assert_eq!(
                trial.accuracy,
                Some(right.count() as f64 / 500.0),
                "{trial:?}"
            );
        }
    }
}

#[test]
fn what_is_given_is_not_searched_for() {
    let (map, records, labels) = case();
    let held_out = HeldOut {
        records: &records,
        labels: &labels,
    };
    let fixed = by_accuracy(&map, &inputs(5..=5), None, held_out, 0.01).unwrap();
    assert!(fixed.trials.iter().all(|trial| trial.input_bits.get() == 5));
    let fixed = by_accuracy(&map, &inputs(1..=8), Some(31), held_out, 0.01).unwrap();
    assert!(
        fixed
            .trials
            .iter()
            .all(|trial| (trial.max_weight, trial.weight_bits.get()) == (31, 6))
    );
    // Another cost, another choice.
    struct DearInputs;
    impl Scheme for DearInputs {
        fn cost(&self, candidate: &Candidate) -> f64 {
            f64::from(1000 * candidate.input_bits.get() + candidate.weight_bits.get())
        }
        fn layouts(&self, _: usize, _: usize, _: SlotBits) -> Layouts {
            Layouts::scalar()
        }
    }
    let report = search(
        &map,
        &inputs(1..=8),
        None,
        held_out,
        Goal::accuracy(0.05),
        &DearInputs,
    )
    .unwrap();
    let usual = by_accuracy(&map, &inputs(1..=8), None, held_out, 0.05).unwrap();
    let bits = |report: &veilcast_model::search::SearchReport| report.chosen().unwrap().input_bits;
    assert!(bits(&report) < bits(&usual), "{report:?}");
}

#[test]
fn where_none_is_accurate_enough_the_most_accurate_is_taken() {
    let (map, records, mut labels) = case();
    let held_out = HeldOut {
        records: &records,
        labels: &labels,
    };
    let report = by_accuracy(&map, &inputs(1..=2), Some(1), held_out, 0.0).unwrap();
    assert!(!report.reaches_goal());
    assert_eq!(report.trials.len(), 2);
    let best = report
        .trials
        .iter()
        .filter_map(|trial| trial.accuracy)
        .fold(0.0, f64::max);
    assert_eq!(report.chosen().unwrap().accuracy, Some(best));

    labels.pop();
    let held_out = HeldOut {
        records: &records,
        labels: &labels,
    };
    let error = by_accuracy(&map, &inputs(1..=2), None, held_out, 0.0).unwrap_err();
    assert_eq!(
        error,
        SearchError::HeldOut {
            records: 500,
            labels: 499
        }
    );
    let held_out = HeldOut {
        records: &[vec![0.5; 5]],
        labels: &[0],
    };
    let error = by_accuracy(&map, &inputs(1..=2), None, held_out, 0.0).unwrap_err();
    assert!(matches!(error, SearchError::Record(_)), "{error}");
}

#[test]
fn a_single_score_is_right_by_its_sign() {
    let map = FloatMap::new(1, 1, vec![1.0], vec![-0.5]).unwrap();
    let (records, labels) = ([vec![0.0], vec![1.0], vec![0.9]], [0, 1, 1]);
    let held_out = HeldOut {
        records: &records,
        labels: &labels,
    };
    let report = by_accuracy(&map, &inputs(1..=4), None, held_out, 0.0).unwrap();
    assert_eq!(report.float_accuracy, Some(1.0));
    assert!(report.reaches_goal());
}

/// Where the order of scores matters, and probabilities do.
#[test]
fn a_ranking_and_probabilities_are_kept() {
    let (map, records, _) = case();
    let map = FloatMap::new(6, 1, map.row(0).to_vec(), vec![0.1]).unwrap();
    // Labels that the score tells well, but not always.
    let noise = numbers(records.len(), 3);
    let label = |(record, noise): (&Vec<f64>, &f64)| {
        usize::from(map.evaluate(record).unwrap()[0] + noise - 0.5 > 0.0)
    };
    let labels: Vec<_> = records.iter().zip(&noise).map(label).collect();
    let held_out = HeldOut {
        records: &records,
        labels: &labels,
    };
    let goal = |tolerance, max_change| Goal {
        measure: Measure::Auc,
        tolerance,
        max_change,
        threshold: None,
    };
    let run = |goal| search(&map, &inputs(1..=8), None, held_out, goal, &Paillier).unwrap();
    let area = run(goal(0.001, None));
    let float = area.float_auc.unwrap();
    assert!((0.6..0.99).contains(&float), "{float}");
    let (chosen, cheaper) = area.trials.split_last().unwrap();
    assert!(area.reaches_goal() && chosen.auc.unwrap() >= float - 0.001);
    assert!(
        cheaper
            .iter()
            .all(|trial| trial.auc.unwrap() < float - 0.001)
    );
    assert!(cheaper.iter().all(|trial| trial.largest_change.is_none()));

    let probable = run(goal(0.001, Some(0.01)));
    let chosen = probable.chosen().unwrap();
    assert!(probable.reaches_goal() && chosen.largest_change.unwrap() <= 0.01);
    assert!(chosen.cost > area.chosen().unwrap().cost);
    // The change is what it is called.
    let quantization = &inputs(chosen.input_bits.get()..=chosen.input_bits.get())[0];
    let (integers, scales) = map.quantize(quantization, chosen.max_weight).unwrap();
    let probability = |score: f64| 1.0 / (1.0 + (-score).exp());
    let change = |record: &Vec<f64>| {
        let max = f64::from(quantization.max());
        let features: Vec<_> = record.iter().map(|x| (x * max).round() as u32).collect();
        let score = integers.evaluate(&features).unwrap()[0] as f64 * scales[0];
        (probability(score) - probability(map.evaluate(record).unwrap()[0])).abs()
    };
    let largest = records.iter().map(change).fold(0.0, f64::max);
    assert!((largest - chosen.largest_change.unwrap()).abs() < 1e-9);
    // The closest, where none is close enough.
    let impossible = run(goal(0.0, Some(0.0)));
    assert!(!impossible.reaches_goal());
    let least = impossible.trials.iter().map(|t| t.largest_change.unwrap());
    let least = least.fold(1.0, f64::min);
    assert_eq!(impossible.chosen().unwrap().largest_change, Some(least));

    let one_class = HeldOut {
        records: &records,
        labels: &vec![1; records.len()],
    };
    let goal = goal(0.0, None);
    let error = search(&map, &inputs(1..=2), None, one_class, goal, &Paillier).unwrap_err();
    assert_eq!(error, SearchError::Auc);
}

#[test]
fn the_area_under_the_curve_counts_pairs() {
    let positive = [false, true, false, true];
    assert_eq!(auc(&[0.1, 0.2, 0.3, 0.4], &positive), Some(0.75));
    assert_eq!(auc(&[4.0, 3.0, 2.0, 1.0], &positive), Some(0.25));
    assert_eq!(auc(&[1.0; 4], &positive), Some(0.5));
    assert_eq!(auc(&[1.0, 1.0, 0.0, 2.0], &positive), Some(0.875));
    assert_eq!(auc(&[1.0, 2.0], &[true, true]), None);
    assert_eq!(auc(&[], &[]), None);
}

#[test]
fn quantities_change_by_no_more_than_asked() {
    let (map, records, _) = case();
    let held_out = HeldOut {
        records: &records,
        labels: &[],
    };
    let mut costs = Vec::new();
    for largest in [0.3, 0.03, 0.003] {
        let goal = Goal::change(largest);
        let report = search(&map, &inputs(1..=12), None, held_out, goal, &Paillier).unwrap();
        assert!(report.reaches_goal());
        assert_eq!((report.float_accuracy, report.float_auc), (None, None));
        let (chosen, cheaper) = report.trials.split_last().unwrap();
        assert!(chosen.largest_change <= Some(largest));
        assert!(
            cheaper
                .iter()
                .all(|trial| trial.largest_change > Some(largest))
        );
        // The change is that of the scores.
        let quantization = &inputs(chosen.input_bits.get()..=chosen.input_bits.get())[0];
        let (integers, scales) = map.quantize(quantization, chosen.max_weight).unwrap();
        let changes = records.iter().flat_map(|record| {
            let top = f64::from(quantization.max());
            let quantized: Vec<u32> = record.iter().map(|x| (x * top).round() as u32).collect();
            let found = integers.evaluate(&quantized).unwrap();
            let found = found.into_iter().zip(&scales).map(|(q, s)| q as f64 * s);
            let floats = map.evaluate(record).unwrap();
            let changes = found.zip(floats).map(|(a, b)| (a - b).abs());
            changes.collect::<Vec<_>>()
        });
        let found = changes.fold(0.0, f64::max);
        assert!(
            (found - chosen.largest_change.unwrap()).abs() < 1e-9,
            "{found}"
        );
        costs.push(chosen.cost);
    }
    assert!(costs.is_sorted_by(|a, b| a < b), "{costs:?}");
}
