//! The search for the quantisation that costs least and keeps the accuracy.
//!
//! 1. For each quantisation of the inputs, and each slot width S, the largest weights whose scores
//!    are certified to fit S are found by halving.
//! 2. These candidates are tried on held-out records in the order of their cost. The first that is
//!    as accurate as the map in floats, less a tolerance, is chosen; if none is, the most accurate.
//!
//! Dearer candidates than the chosen one are never tried.

use serde::{Deserialize, Serialize};

use crate::bounds::BoundsError;
use crate::card::{MAX_SLOT_BITS, Quantization, argmax};
use crate::float_map::{QuantizeError, weight_bits};
use crate::{BoundsCertificate, FloatMap, IntegerMap, MAX_WEIGHT, ShapeError};

/// A quantisation as its cost depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// Number of features.
    pub features: usize,
    /// Number of outputs.
    pub outputs: usize,
    /// Number of integer weights that aren't 0.
    pub nonzero_weights: usize,
    /// Bits of an integer feature.
    pub input_bits: u32,
    /// Largest magnitude of an integer weight.
    pub max_weight: u32,
    /// Bits of an integer weight, sign included.
    pub weight_bits: u32,
    /// S: bits of a score.
    pub slot_bits: u32,
}

/// Records kept from training, preprocessed but not quantised.
#[derive(Clone, Copy, Debug)]
pub struct HeldOut<'a> {
    /// The features of each record.
    pub records: &'a [Vec<f64>],
    /// The class of each record: the output whose score shall be the largest; for a single output
    /// 1 where it shall be positive, 0 elsewhere.
    pub labels: &'a [usize],
}

/// What a search tried, and what it chose. Private.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchReport {
    /// Number of held-out records.
    pub records: usize,
    /// The share of them that the map in floats predicts rightly.
    pub float_accuracy: f64,
    /// How much smaller the chosen quantisation's share may be.
    pub tolerance: f64,
    /// What was tried, in the order of its cost.
    pub trials: Vec<Trial>,
}

/// A quantisation that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Bits of an integer feature.
    pub input_bits: u32,
    /// Bits of an integer weight, sign included.
    pub weight_bits: u32,
    /// Largest magnitude of an integer weight.
    pub max_weight: u32,
    /// S: bits of a score.
    pub slot_bits: u32,
    /// Its cost, in the unit of whoever asked.
    pub cost: f64,
    /// The share of held-out records that it predicts rightly.
    pub accuracy: f64,
    /// Whether it is the one chosen.
    pub chosen: bool,
}

/// No quantisation can be searched for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// Nothing to measure with.
    #[error(
        "there are {records} held-out records with {labels} labels; a label for each is needed, \
         and at least one record"
    )]
    HeldOut {
        /// Number of records.
        records: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A record doesn't fit the map.
    #[error("a held-out record doesn't fit: {0}")]
    Record(#[from] ShapeError),
    /// The map can't be rounded to integers.
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
    /// The scores would be too wide.
    #[error(transparent)]
    Bounds(#[from] BoundsError),
}

/// Looks for the cheapest quantisation that keeps the accuracy.
///
/// `inputs` are the quantisations of the features to choose from, at least one, each with another
/// number of bits. The weights are fixed by `max_weight`, or searched for too. `cost` may have any
/// unit. An accuracy that is smaller than the float map's by `tolerance` (a share, 0 to 1) is good
/// enough.
///
/// # Errors
/// [`SearchError`] if the records don't fit, or no quantisation of the map can be certified.
pub fn search(
    map: &FloatMap,
    inputs: &[Quantization],
    max_weight: Option<u32>,
    held_out: HeldOut<'_>,
    tolerance: f64,
    cost: &dyn Fn(&Candidate) -> f64,
) -> Result<SearchReport, SearchError> {
    let (records, labels) = (held_out.records.len(), held_out.labels.len());
    if records == 0 || records != labels {
        return Err(SearchError::HeldOut { records, labels });
    }
    let float_right = right_by_floats(map, held_out)?;
    let mut candidates = Vec::new();
    for quantization in inputs {
        let found = candidates_of(map, quantization, max_weight)?;
        candidates.extend(found.into_iter().map(|c| (cost(&c), quantization, c)));
    }
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0));
    // A whole number of records may be lost; rounding takes none away.
    let lost = (tolerance * records as f64 + 1e-9).max(0.0) as usize;
    let mut quantized: Vec<(u32, Vec<Sparse>)> = Vec::new();
    let mut trials = Vec::new();
    let mut best = (0, 0);
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
        let right = right_by_integers(&integers, &scales, inputs, held_out.labels);
        if right > best.0 {
            best = (right, trials.len());
        }
        trials.push(Trial {
            input_bits: candidate.input_bits,
            weight_bits: candidate.weight_bits,
            max_weight: candidate.max_weight,
            slot_bits: candidate.slot_bits,
            cost,
            accuracy: right as f64 / records as f64,
            chosen: false,
        });
        if right + lost >= float_right {
            best = (right, trials.len() - 1);
            break;
        }
    }
    if let Some(trial) = trials.get_mut(best.1) {
        trial.chosen = true;
    }
    Ok(SearchReport {
        records,
        float_accuracy: float_right as f64 / records as f64,
        tolerance,
        trials,
    })
}

impl SearchReport {
    /// The quantisation that was chosen; none in a report without any.
    pub fn chosen(&self) -> Option<&Trial> {
        self.trials.iter().find(|trial| trial.chosen)
    }

    /// Whether the chosen quantisation is as accurate as was asked for.
    pub fn keeps_accuracy(&self) -> bool {
        let enough = self.float_accuracy - self.tolerance - 1e-9;
        self.chosen().is_some_and(|trial| trial.accuracy >= enough)
    }
}

/// The cost of a record in a large batch, in products modulo n² times the bits that it takes of a
/// plaintext: about 90 products to encrypt a ciphertext, 2000 to mask an answer, and for the sums a
/// share of the weights' bits, as programs for digits and tables come out.
pub fn batch_cost(candidate: &Candidate) -> f64 {
    let (features, outputs) = (candidate.features as f64, candidate.outputs as f64);
    let magnitude_bits = f64::from(candidate.weight_bits - 1);
    let products = 0.15 * magnitude_bits * features * outputs;
    f64::from(candidate.slot_bits) * (90.0 * features + products + 2000.0 * outputs)
}

/// For each slot width the largest weights that fit it, or the given weights alone.
fn candidates_of(
    map: &FloatMap,
    quantization: &Quantization,
    max_weight: Option<u32>,
) -> Result<Vec<Candidate>, SearchError> {
    let certify = |max_weight| -> Result<(IntegerMap, BoundsCertificate), SearchError> {
        let (integers, _) = map.quantize(quantization, max_weight)?;
        let certificate = integers.certify(quantization.max(), MAX_SLOT_BITS)?;
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
    for slot_bits in found[0].slot_bits..=MAX_SLOT_BITS {
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

/// The quantised features of a record that aren't 0.
type Sparse = Vec<(u32, u32)>;

fn sparse(record: &[f64], quantization: &Quantization) -> Sparse {
    let features = record.iter().enumerate().map(|(feature, &value)| {
        let (integer, _) = quantization.quantize(feature, value);
        (feature as u32, integer)
    });
    features.filter(|&(_, integer)| integer != 0).collect()
}

/// The class that scores predict.
fn class(scores: &[f64]) -> usize {
    match scores {
        [score] => usize::from(*score > 0.0),
        _ => argmax(scores),
    }
}

fn right_by_floats(map: &FloatMap, held_out: HeldOut<'_>) -> Result<usize, ShapeError> {
    let mut right = 0;
    for (record, &label) in held_out.records.iter().zip(held_out.labels) {
        right += usize::from(class(&map.evaluate(record)?) == label);
    }
    Ok(right)
}

fn right_by_integers(
    map: &IntegerMap,
    scales: &[f64],
    records: &[Sparse],
    labels: &[usize],
) -> usize {
    // Input by input, since most features of an image are 0.
    let columns: Vec<Vec<i64>> = (0..map.inputs())
        .map(|input| {
            let rows = (0..map.outputs()).map(|output| map.row(output)[input]);
            rows.map(i64::from).collect()
        })
        .collect();
    let mut sums = vec![0; map.outputs()];
    let mut scores = vec![0.0; map.outputs()];
    let mut is_right = |&(record, &label): &(&Sparse, &usize)| {
        sums.copy_from_slice(map.biases());
        for &(feature, value) in record {
            let column = &columns[feature as usize];
            for (sum, weight) in sums.iter_mut().zip(column) {
                *sum += weight * i64::from(value);
            }
        }
        for ((score, sum), scale) in scores.iter_mut().zip(&sums).zip(scales) {
            *score = *sum as f64 * scale;
        }
        class(&scores) == label
    };
    records
        .iter()
        .zip(labels)
        .filter(|record| is_right(record))
        .count()
}
