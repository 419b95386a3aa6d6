//! From an affine network to one map: f(x) = A·x + b, with b = f(0) and f(eᵢ) − b the columns of A.
//!
//! The network computes in 32-bit floats, so that a column is lost next to a large b. So unit
//! vectors are made as long as the farthest points on which the network is known to be affine.

use super::runner::Runner;
use super::{Progress, affinity};
use veilcast_model::{FloatMap, ShapeError};
use veilcast_onnx::OnnxError;

/// How long the vectors are, in units of each feature.
const LENGTH: f64 = affinity::LARGEST_SCALE;

/// Collapses an affine network whose features have these magnitudes.
pub(super) fn collapse(
    runner: &Runner,
    units: &[f64],
    progress: &mut dyn FnMut(Progress),
) -> Result<FloatMap, OnnxError> {
    let (inputs, outputs) = (runner.inputs(), runner.outputs());
    let biases = runner.run(&vec![0.0; inputs])?;
    let mut weights = vec![0.0; inputs * outputs];
    let features: Vec<usize> = (0..inputs).collect();
    let mut done = 0;
    for group in features.chunks(runner.group()) {
        let mut records = vec![0.0; group.len() * inputs];
        for (record, &feature) in records.chunks_mut(inputs).zip(group) {
            record[feature] = LENGTH * units[feature];
        }
        let scores = runner.run(&records)?;
        for (scores, &feature) in scores.chunks(outputs).zip(group) {
            for (output, (score, bias)) in scores.iter().zip(&biases).enumerate() {
                weights[output * inputs + feature] = (score - bias) / (LENGTH * units[feature]);
            }
        }
        done += group.len();
        progress(Progress {
            done,
            features: inputs,
        });
    }
    if weights.iter().all(|weight| *weight == 0.0) {
        return Err(OnnxError::Collapse {
            problem: "its scores are the same for every record".to_owned(),
        });
    }
    FloatMap::new(inputs, outputs, weights, biases).map_err(|error| OnnxError::Collapse {
        problem: error.to_string(),
    })
}

/// How far the scores of a map, or of several, lie from the network's on records, relative to the
/// largest score of all.
pub(super) fn deviation(
    runner: &Runner,
    map: impl Fn(&[f64]) -> Result<Vec<f64>, ShapeError>,
    records: &[Vec<f64>],
) -> Result<f64, OnnxError> {
    let (mut largest, mut apart) = (0.0_f64, 0.0_f64);
    for group in records.chunks(runner.group()) {
        let scores = runner.run(&group.concat())?;
        for (record, scores) in group.iter().zip(scores.chunks(runner.outputs())) {
            let mapped = map(record).map_err(|error| OnnxError::Collapse {
                problem: error.to_string(),
            })?;
            for (score, mapped) in scores.iter().zip(mapped) {
                largest = largest.max(score.abs());
                apart = apart.max((score - mapped).abs());
            }
        }
    }
    Ok(if apart > 0.0 { apart / largest } else { 0.0 })
}
