//! The search for the rounding of a network that takes the narrowest ring and keeps the accuracy.

use super::floats::FloatNetwork;
use super::integers::IntegerNetwork;
use crate::bounds::BoundsError;
use crate::float_map::weight_bits;
use crate::search::{ByFloats, Goal, HeldOut, SearchError, SearchReport, Trial, sparse};
use rayon::prelude::*;
use veilcast_card::{Quantization, WeightBits};

/// Searches for the narrowest ring in which a network, rounded, reaches a goal.
///
/// `inputs` are the quantisations of the features to choose from. The weights are fixed by `max_weight`, or searched for too. What a
/// record costs grows with the bits of the ring and hardly depends on anything else, so that these are the trials' costs; of roundings
/// with the same ring the one with the finer weights is tried first. Those that cost more than the chosen one are never tried.
///
/// # Errors
/// [`SearchError`] if the records don't fit, or no rounding of the network can be certified.
pub(crate) fn narrowest(
    network: &FloatNetwork,
    inputs: &[Quantization],
    max_weight: Option<u32>,
    held_out: HeldOut<'_>,
    goal: Goal,
) -> Result<SearchReport, SearchError> {
    let evaluate = |record: &Vec<f64>| network.evaluate(record);
    let scores = held_out.records.par_iter().map(evaluate);
    let floats = ByFloats::of(scores.collect::<Result<_, _>>()?, held_out, goal)?;
    let weights: Vec<u32> = match max_weight {
        Some(max_weight) => vec![max_weight],
        None => WeightBits::all().map(WeightBits::max_weight).collect(),
    };
    let mut candidates = Vec::new();
    for quantization in inputs {
        for &max_weight in &weights {
            let (integers, _) = network.quantize(quantization, max_weight)?;
            // Wider weights don't fit either.
            let Ok(certified) = integers.certify(quantization.max()) else {
                break;
            };
            let bits = (certified.ring_bits, certified.scores.slot_bits);
            candidates.push((bits, quantization, max_weight));
        }
    }
    candidates.sort_by_key(|&((ring, _), _, max_weight)| (ring, std::cmp::Reverse(max_weight)));
    let mut report = floats.report();
    let mut best = 0;
    for ((ring_bits, slot_bits), quantization, max_weight) in candidates {
        let (integers, scales) = network.quantize(quantization, max_weight)?;
        let scores = scores_of(&integers, &scales, quantization, held_out)?;
        let measured = floats.compare_scores(scores, held_out.labels)?;
        let trial = Trial {
            input_bits: quantization.bits,
            weight_bits: weight_bits(max_weight),
            max_weight,
            slot_bits,
            cost: f64::from(ring_bits.get()),
            accuracy: measured.accuracy,
            auc: measured.auc,
            largest_change: measured.largest_change,
            chosen: false,
        };
        if report.add(trial, &mut best) {
            break;
        }
    }
    report.choose(best);
    match report.trials.is_empty() {
        true => Err(SearchError::Bounds(BoundsError::Ring)),
        false => Ok(report),
    }
}

/// The rounded network's scores, in floats, of each record.
fn scores_of(
    network: &IntegerNetwork,
    scales: &[f64],
    quantization: &Quantization,
    held_out: HeldOut<'_>,
) -> Result<Vec<Vec<f64>>, SearchError> {
    let (first, rest) = network.parts().split_first().expect("a network has parts");
    // Input by input, since most features of an image are 0.
    let columns: Vec<Vec<(usize, i64)>> = (0..first.inputs())
        .map(|input| {
            let rows = (0..first.outputs()).map(|output| (output, first.row(output)[input].into()));
            rows.filter(|(_, weight)| *weight != 0).collect()
        })
        .collect();
    let scores = |record: &Vec<f64>| -> Result<Vec<f64>, SearchError> {
        let mut sums = first.biases().to_vec();
        for (feature, value) in sparse(record, quantization) {
            for &(output, weight) in &columns[feature as usize] {
                sums[output] += i128::from(weight * i64::from(value));
            }
        }
        let mut values: Vec<u128> = sums.into_iter().map(|sum| sum as u128).collect();
        for part in rest {
            let squares: Vec<u128> = values.iter().map(|v| v.wrapping_mul(*v)).collect();
            values = part.evaluate(&squares)?;
        }
        let results = values.into_iter().map(|value| value as i128 as f64);
        Ok(results.zip(scales).map(|(y, scale)| y * scale).collect())
    };
    held_out.records.par_iter().map(scores).collect()
}
