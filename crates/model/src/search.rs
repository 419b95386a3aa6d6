//! The search for the quantisation that costs least and keeps the accuracy.
//!
//! 1. For each quantisation of the inputs, and each slot width S, the largest weights whose scores
//!    are certified to fit S are found by halving.
//! 2. These candidates are tried on held-out records in the order of their cost. The first that
//!    reaches the goal is chosen: it is as good as the map in floats, within a tolerance, and
//!    changes no probability much. If none does, the best is chosen.
//!
//! Candidates that cost more than the chosen one are never tried.

mod measure;

use serde::{Deserialize, Serialize};

use self::measure::{Sparse, sparse};
use crate::bounds::BoundsError;
use crate::float_map::{QuantizeError, weight_bits};
use crate::scheme::{Candidate, Scheme};
use crate::{BoundsCertificate, FloatMap, IntegerMap, MAX_WEIGHT, ShapeError};
use veilcast_card::{MAX_SLOT_BITS, Quantization};

/// What a quantisation must keep of the float map's results.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// What is compared.
    pub measure: Measure,
    /// How much smaller than the float map's it may be, 0 to 1.
    pub tolerance: f64,
    /// How much the probability of a class may change for any record, 0 to 1; any, if not given.
    /// Probabilities are by softmax, or by sigmoid for a single output. For quantities: how much a
    /// score may change.
    pub max_change: Option<f64>,
    /// The probability above which a single output counts as positive in accuracies; 0.5, if not
    /// given.
    pub threshold: Option<f64>,
}

/// The measure of how good a map is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// The share of records that are predicted correctly.
    #[default]
    Accuracy,
    /// The area under the ROC curve of a single output, for records of both classes.
    Auc,
    /// None: the scores are quantities, of which only changes matter. Records need no labels.
    Change,
}

impl Goal {
    /// An accuracy that is smaller by at most a tolerance (a share, 0 to 1).
    pub fn accuracy(tolerance: f64) -> Self {
        Self {
            measure: Measure::Accuracy,
            tolerance,
            max_change: None,
            threshold: None,
        }
    }

    /// Scores, as quantities, that change by at most this much for any record. The map's scores are
    /// compared as they are: scale the map so that 1 means the same for each of its outputs.
    pub fn change(largest: f64) -> Self {
        Self {
            measure: Measure::Change,
            tolerance: 0.0,
            max_change: Some(largest),
            threshold: None,
        }
    }
}

/// Records to measure with, preprocessed but not quantised. For accuracy, use records that the map
/// wasn't trained on.
#[derive(Clone, Copy, Debug)]
pub struct HeldOut<'a> {
    /// The features of each record.
    pub records: &'a [Vec<f64>],
    /// The class of each record: the output whose score should be the largest; for a single output
    /// 1 where it should be positive, 0 elsewhere. Unused where only changes matter.
    pub labels: &'a [usize],
}

/// What a search tried, and what it chose. Private.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchReport {
    /// Number of held-out records.
    pub records: usize,
    /// The share of them that the map in floats predicts correctly, if it predicts classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float_accuracy: Option<f64>,
    /// The area under its ROC curve, if that is the measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float_auc: Option<f64>,
    /// How much smaller the chosen quantisation's measure may be.
    pub tolerance: f64,
    /// How much a probability may change at most, or a score, if it is a quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_change: Option<f64>,
    /// The quantisations tried, in the order of their cost.
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
    /// Its cost, in the unit of the scheme.
    pub cost: f64,
    /// The share of held-out records that it predicts correctly, if it predicts classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// The area under its ROC curve, if that is the measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
    /// The largest change of a probability, or of a quantity, if that is bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_change: Option<f64>,
    /// Whether it was chosen.
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
    /// The ROC curve can't be drawn.
    #[error("the area under the ROC curve needs a single output, and records of both classes")]
    Auc,
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

/// Searches for the cheapest quantisation that reaches a goal.
///
/// `inputs` are the quantisations of the features to choose from, at least one, each with another
/// number of bits. The weights are fixed by `max_weight`, or searched for too.
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
    let (records, labels) = (held_out.records.len(), held_out.labels.len());
    let unlabelled = goal.measure != Measure::Change && records != labels;
    if records == 0 || unlabelled {
        return Err(SearchError::HeldOut { records, labels });
    }
    let floats = measure::by_floats(map, held_out, goal)?;
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
    let mut report = SearchReport {
        records,
        float_accuracy: floats.measured.accuracy,
        float_auc: floats.measured.auc,
        tolerance: goal.tolerance,
        max_change: goal.max_change,
        trials: Vec::new(),
    };
    let mut quantized: Vec<(u32, Vec<Sparse>)> = Vec::new();
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
        let reached = report.is_reached_by(&trial);
        let better = |best: &Trial| trial.merit() > best.merit();
        if reached || report.trials.get(best).is_none_or(better) {
            best = report.trials.len();
        }
        report.trials.push(trial);
        if reached {
            break;
        }
    }
    if let Some(trial) = report.trials.get_mut(best) {
        trial.chosen = true;
    }
    Ok(report)
}

impl SearchReport {
    /// The quantisation that was chosen; none in a report without any.
    pub fn chosen(&self) -> Option<&Trial> {
        self.trials.iter().find(|trial| trial.chosen)
    }

    /// Whether the chosen quantisation is as good as required.
    pub fn reaches_goal(&self) -> bool {
        self.chosen().is_some_and(|trial| self.is_reached_by(trial))
    }

    fn is_reached_by(&self, trial: &Trial) -> bool {
        // Rounding errors mustn't count against a trial.
        const EXACT: f64 = 1e-12;
        let area = self.float_auc.zip(trial.auc);
        let as_good = match area.or(self.float_accuracy.zip(trial.accuracy)) {
            Some((float, found)) => found >= float - self.tolerance - EXACT,
            None => true,
        };
        let change = trial.largest_change.unwrap_or(0.0);
        as_good && change <= self.max_change.unwrap_or(f64::INFINITY)
    }
}

impl Trial {
    /// How a trial ranks among those that miss the goal: by how little it
    /// changes probabilities or quantities, if that matters, or else the measure.
    pub fn merit(&self) -> f64 {
        let change = self.largest_change.map(|change| -change);
        let measure = self.auc.or(self.accuracy);
        change.or(measure).unwrap_or(f64::NEG_INFINITY)
    }
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
