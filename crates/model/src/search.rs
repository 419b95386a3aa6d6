//! The search for the cheapest quantisation that keeps the accuracy.
//!
//! 1. For each quantisation of the inputs, and each slot width S, the largest weights whose scores
//!    are certified to fit S are found by halving.
//! 2. These candidates are tried on held-out records in order of cost. The first that
//!    reaches the goal is chosen: it is as good as the map in floats, within a tolerance, and
//!    changes no probability much. If none does, the best is chosen.
//!
//! Candidates that cost more than the chosen one are never tried.

mod error;
mod goal;
mod measure;
mod report;

pub use self::error::SearchError;
pub use self::goal::{Goal, HeldOut, Measure};
pub use self::report::{SearchReport, Trial};

pub(crate) use self::measure::{ByFloats, Sparse, sparse};
use crate::float_map::weight_bits;
use crate::scheme::{Candidate, Scheme};
use crate::{BoundsCertificate, FloatMap, IntegerMap, MAX_WEIGHT};
use veilcast_card::{InputBits, Quantization, SlotBits};

/// Searches for the cheapest quantisation that reaches a goal.
///
/// `inputs` are the quantisations of the features to choose from, at least one, each with a
/// different number of bits. The weights are fixed by `max_weight`, or searched for too.
///
/// # Errors
/// [`SearchError`] if the records don't fit, or no quantisation of the map can be certified.
pub fn search(
    map: &FloatMap,
    inputs: &[Quantization],
    max_weight: Option<u32>,
    held_out: HeldOut<'_>,
    goal: Goal,
    scheme: &dyn Scheme,
) -> Result<SearchReport, SearchError> {
    let scores = held_out.records.iter().map(|record| map.evaluate(record));
    let floats = ByFloats::of(scores.collect::<Result<_, _>>()?, held_out, goal)?;
    let mut candidates = Vec::new();
    for quantization in inputs {
        let found = candidates_of(map, quantization, max_weight)?;
        candidates.extend(
            found
                .into_iter()
                .map(|c| (scheme.cost(&c), quantization, c)),
        );
    }
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut report = floats.report();
    let mut quantized: Vec<(InputBits, Vec<Sparse>)> = Vec::new();
    let mut best = 0;
    for (cost, quantization, candidate) in candidates {
        let bits = quantization.bits;
        if !quantized.iter().any(|(known, _)| *known == bits) {
            let records = held_out.records.iter();
            let records = records.map(|record| sparse(record, quantization));
            quantized.push((bits, records.collect()));
        }
        let inputs = quantized.iter().find(|(known, _)| *known == bits);
        let inputs = inputs.map_or(&[][..], |(_, records)| records);
        let (integers, scales) = map.quantize(quantization, candidate.max_weight)?;
        let measured = floats.compare(&integers, &scales, inputs, held_out.labels)?;
        let trial = Trial {
            input_bits: candidate.input_bits,
            weight_bits: candidate.weight_bits,
            max_weight: candidate.max_weight,
            slot_bits: candidate.slot_bits,
            cost,
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
    Ok(report)
}

/// For each slot width the largest weights that fit it, or only the given weights.
fn candidates_of(
    map: &FloatMap,
    quantization: &Quantization,
    max_weight: Option<u32>,
) -> Result<Vec<Candidate>, SearchError> {
    let certify = |max_weight| -> Result<(IntegerMap, BoundsCertificate), SearchError> {
        let (integers, _) = map.quantize(quantization, max_weight)?;
        let certificate = integers.certify(quantization.max(), SlotBits::MAX)?;
        Ok((integers, certificate))
    };
    let candidate = |max_weight| -> Result<Candidate, SearchError> {
        let (integers, certificate) = certify(max_weight)?;
        let weights = integers.weights().iter();
        Ok(Candidate {
            features: map.inputs(),
            outputs: map.outputs(),
            nonzero_weights: weights.filter(|&&weight| weight != 0).count(),
            input_bits: quantization.bits,
            max_weight,
            weight_bits: weight_bits(max_weight),
            slot_bits: certificate.slot_bits,
        })
    };
    if let Some(max_weight) = max_weight {
        return Ok(vec![candidate(max_weight)?]);
    }
    let mut found = vec![candidate(1)?];
    let narrowest = found[0].slot_bits;
    for slot_bits in SlotBits::all().filter(|&bits| bits >= narrowest) {
        let fits = |weight| certify(weight).is_ok_and(|(_, found)| found.slot_bits <= slot_bits);
        let last = found.last().map_or(1, |candidate| candidate.max_weight);
        let (mut fitting, mut unfit) = (last, MAX_WEIGHT + 1);
        while unfit - fitting > 1 {
            let middle = fitting.midpoint(unfit);
            match fits(middle) {
                true => fitting = middle,
                false => unfit = middle,
            }
        }
        if fitting > last {
            // The first one was of this width, and smaller.
            found.retain(|candidate| candidate.slot_bits < slot_bits);
            found.push(candidate(fitting)?);
        }
        if fitting == MAX_WEIGHT {
            break;
        }
    }
    Ok(found)
}
