//! Polynomials of degree two, each in a number by itself.

use rand::rngs::ChaCha20Rng;
use rand::{RngExt as _, SeedableRng as _};
use veilcast_model::{FloatMap, ShapeError};
use veilcast_onnx::OnnxError;

use super::runner::Runner;

/// How far from 0 polynomials are found, in units of their numbers: a power of two, by which no float is rounded.
const LENGTH: f64 = 8.0;
/// How far out they are tried.
const SCALES: [f64; 4] = [0.1, 1.0, 10.0, 1000.0];
/// Points tried at each scale.
const POINTS: usize = 4;
/// How far apart values may be, relative to the polynomial's terms.
const TOLERANCE: f64 = 1e-3;
/// The least term of degree two that is taken for one, relative to the others.
const LEAST: f64 = 1e-5;

/// a·p² + b·p + c for each number p.
#[derive(Clone, Debug)]
pub(super) struct Quadratic(Vec<[f64; 3]>);

impl Quadratic {
    /// What a network computes of numbers of these sizes, if it is such polynomials, with a ≠ 0 each.
    pub(super) fn of(runner: &Runner, units: &[f64]) -> Result<Option<Self>, OnnxError> {
        let width = units.len();
        if (runner.inputs(), runner.outputs()) != (width, width) {
            return Ok(None);
        }
        let far: Vec<f64> = (units.iter())
            .map(|unit| LENGTH * unit.log2().round().exp2())
            .collect();
        let back: Vec<f64> = far.iter().map(|x| -x).collect();
        let values = runner.run(&[vec![0.0; width], far.clone(), back].concat())?;
        let (at_zero, ends) = values.split_at(width);
        let (up, down) = ends.split_at(width);
        let terms = (0..width).map(|i| {
            let (c, x) = (at_zero[i], far[i]);
            [
                (up[i] + down[i] - 2.0 * c) / (2.0 * x * x),
                (up[i] - down[i]) / (2.0 * x),
                c,
            ]
        });
        let found = Self(terms.collect());
        let mut generator = ChaCha20Rng::seed_from_u64(0x0002_be4d);
        let mut points = Vec::new();
        for scale in SCALES {
            for _ in 0..POINTS {
                points.extend(
                    units
                        .iter()
                        .map(|u| generator.random_range(-scale..scale) * u),
                );
            }
        }
        let values = runner.run(&points)?;
        let pairs = points.chunks_exact(width).zip(values.chunks_exact(width));
        let is_close = |(i, (p, value)): (usize, (&f64, &f64))| {
            let [a, b, c] = found.0[i];
            let size = (a * p * p).abs() + (b * p).abs() + c.abs();
            // Not so for NaN.
            (a * p * p + b * p + c - value).abs() <= TOLERANCE * size
        };
        let is_so = pairs
            .into_iter()
            .all(|(p, v)| p.iter().zip(v).enumerate().all(is_close));
        let bends = found.0.iter().zip(&far).all(|([a, b, c], x)| {
            let term = (a * x * x).abs();
            a.is_finite() && term > LEAST * ((b * x).abs() + c.abs())
        });
        Ok((is_so && bends).then_some(found))
    }

    /// The map that gives p, giving p + b/2a.
    pub(super) fn completing(&self, map: FloatMap) -> Result<FloatMap, OnnxError> {
        let biases = map.biases().iter().zip(&self.0);
        let biases = biases
            .map(|(bias, [a, b, _])| bias + b / (2.0 * a))
            .collect();
        let weights = map.weights().to_vec();
        FloatMap::new(map.inputs(), map.outputs(), weights, biases).map_err(collapse)
    }

    /// The map that takes the polynomials' values, taking the squares of p + b/2a.
    pub(super) fn taken_up_by(&self, map: &FloatMap) -> Result<FloatMap, OnnxError> {
        let rests: Vec<f64> = (self.0.iter())
            .map(|[a, b, c]| c - b * b / (4.0 * a))
            .collect();
        let biases = map.evaluate(&rests).map_err(collapse)?;
        let weights = map.weights().chunks(map.inputs());
        let weights = weights.flat_map(|row| row.iter().zip(&self.0).map(|(w, [a, ..])| w * a));
        FloatMap::new(map.inputs(), map.outputs(), weights.collect(), biases).map_err(collapse)
    }
}

fn collapse(error: ShapeError) -> OnnxError {
    OnnxError::Collapse {
        problem: error.to_string(),
    }
}
