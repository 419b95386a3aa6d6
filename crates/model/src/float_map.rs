//! The affine map in floats, and its quantisation.

use std::fmt;

use crate::integer_map::{IntegerMap, ShapeError, check_shape};
use veilcast_card::{Quantization, WeightBits};

/// y = A·x + b on preprocessed features, with `outputs` rows and `inputs` columns. Private.
#[derive(Clone, PartialEq)]
pub struct FloatMap {
    inputs: usize,
    outputs: usize,
    weights: Vec<f64>,
    biases: Vec<f64>,
}

impl FloatMap {
    /// Makes a map from `outputs` rows of `inputs` weights, row by row, and one bias per row.
    ///
    /// # Errors
    /// [`ShapeError`] if the numbers don't fit together, or one isn't finite.
    pub fn new(
        inputs: usize,
        outputs: usize,
        weights: Vec<f64>,
        biases: Vec<f64>,
    ) -> Result<Self, ShapeError> {
        check_shape(inputs, outputs, weights.len(), biases.len())?;
        let unfit = |values: &[f64]| values.iter().any(|value| !value.is_finite());
        let mut rows = weights.chunks(inputs).zip(&biases);
        if let Some(output) = rows.position(|(row, bias)| unfit(row) || unfit(&[*bias])) {
            return Err(ShapeError::NotFinite { output });
        }
        Ok(Self {
            inputs,
            outputs,
            weights,
            biases,
        })
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// All weights, output by output.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The weights of one output.
    ///
    /// # Panics
    /// If there is no such output.
    pub fn row(&self, output: usize) -> &[f64] {
        &self.weights[output * self.inputs..][..self.inputs]
    }

    /// One bias per output.
    pub fn biases(&self) -> &[f64] {
        &self.biases
    }

    /// Computes the scores of one preprocessed record.
    ///
    /// # Errors
    /// [`ShapeError::Input`] if the record's length isn't the map's number of inputs.
    pub fn evaluate(&self, features: &[f64]) -> Result<Vec<f64>, ShapeError> {
        if features.len() != self.inputs {
            return Err(ShapeError::Input {
                found: features.len(),
                expected: self.inputs,
            });
        }
        let rows = self.weights.chunks(self.inputs).zip(&self.biases);
        Ok(rows.map(|(row, bias)| dot(row, features) + bias).collect())
    }

    /// The map with each input's median weight subtracted from its weights for all outputs, and the
    /// median bias from all biases (for an even number, the lower of the middle two).
    ///
    /// All scores of a record change by the same amount, so softmax and the order of the scores
    /// stay the same, and scores reveal no more than necessary. The sum of the weights'
    /// magnitudes becomes as small as such a change can make it, and one weight per input becomes
    /// 0: that saves width and products.
    ///
    /// # Errors
    /// [`ShapeError::NotFinite`] if a difference overflows.
    pub fn centred(&self) -> Result<FloatMap, ShapeError> {
        let median = |values: &mut Vec<f64>| {
            let middle = (values.len() - 1) / 2;
            *values.select_nth_unstable_by(middle, f64::total_cmp).1
        };
        let mut weights = self.weights.clone();
        for input in 0..self.inputs {
            let column = weights.iter().skip(input).step_by(self.inputs);
            let median = median(&mut column.copied().collect());
            let column = weights.iter_mut().skip(input).step_by(self.inputs);
            column.for_each(|weight| *weight -= median);
        }
        let median = median(&mut self.biases.clone());
        let biases = self.biases.iter().map(|bias| bias - median).collect();
        Self::new(self.inputs, self.outputs, weights, biases)
    }

    /// Rounds the map to integers that act on quantised features, with one scale per output.
    ///
    /// A quantised feature x_q represents zero + step·x_q. So step goes into the weights and
    /// zero into the bias; the largest weight of an output becomes ±`max_weight`.
    /// Returns the map and the value of a score of 1 for each output.
    ///
    /// # Errors
    /// [`QuantizeError`] if `max_weight` is out of range, or a bias is too large compared with
    /// the weights of its output.
    pub fn quantize(
        &self,
        quantization: &Quantization,
        max_weight: u32,
    ) -> Result<(IntegerMap, Vec<f64>), QuantizeError> {
        if !(1..=MAX_WEIGHT).contains(&max_weight) {
            return Err(QuantizeError::MaxWeight { max_weight });
        }
        let top = f64::from(max_weight);
        let mut weights = Vec::with_capacity(self.weights.len());
        let mut biases = Vec::with_capacity(self.outputs);
        let mut scales = Vec::with_capacity(self.outputs);
        for output in 0..self.outputs {
            let row = self.row(output);
            let stepped = row.iter().enumerate();
            let stepped = stepped.map(|(i, weight)| weight * quantization.step.at(i));
            let zeros = row.iter().enumerate();
            let zeros = zeros.map(|(i, weight)| weight * quantization.zero.at(i));
            let bias = self.biases[output] + zeros.sum::<f64>();
            let largest = stepped
                .clone()
                .fold(0.0, |largest: f64, weight| largest.max(weight.abs()));
            let scale = scale(largest, bias, top);
            let integer_bias = (bias / scale).round();
            if !scale.is_normal() || !largest.is_finite() || integer_bias.abs() > MAX_BIAS {
                return Err(QuantizeError::Range {
                    output,
                    largest,
                    bias,
                });
            }
            weights.extend(stepped.map(|weight| (weight / scale).round() as i32));
            biases.push(integer_bias as i64);
            scales.push(scale);
        }
        let map = IntegerMap::new(self.inputs, self.outputs, weights, biases)
            .expect("as many weights and biases as the float map has");
        Ok((map, scales))
    }
}

/// Largest magnitude of an integer weight: 16 bits with the sign.
pub const MAX_WEIGHT: u32 = WeightBits::MAX.max_weight();
/// Largest integer bias: any larger one could never be certified.
const MAX_BIAS: f64 = (1_u64 << 62) as f64;

/// The map can't be rounded to integers.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantizeError {
    /// Largest weight out of range.
    #[error("weights up to {max_weight} aren't possible; use 1 to {MAX_WEIGHT}")]
    MaxWeight {
        /// The largest magnitude asked for.
        max_weight: u32,
    },
    /// Weights and bias of an output are too far apart, or not representable.
    #[error(
        "output {output} can't be quantised: its largest weight (times the input's step) is \
         {largest:e}, against a bias of {bias:e}; standardise the features before training"
    )]
    Range {
        /// Index of the output, from 0.
        output: usize,
        /// Its largest weight times the feature's step.
        largest: f64,
        /// Its bias, with the features' zeros.
        bias: f64,
    },
}

/// Bits of integer weights up to a magnitude for which a map was [quantised](FloatMap::quantize).
pub(crate) fn weight_bits(max_weight: u32) -> WeightBits {
    WeightBits::holding(max_weight).expect("quantize has checked it")
}

/// Weights below this, and below this relative to their output's bias, can't change its score: floats don't hold what they add.
const NEGLIGIBLE: f64 = 1.0 / (1_u64 << 60) as f64;

/// The value of a score of 1; an output without weights that matter is scaled to its bias.
pub(crate) fn scale(largest: f64, bias: f64, top: f64) -> f64 {
    match (largest > NEGLIGIBLE * bias.abs().min(1.0), bias != 0.0) {
        (true, _) => largest / top,
        (false, true) => bias.abs() / top,
        (false, false) => 1.0,
    }
}

fn dot(row: &[f64], features: &[f64]) -> f64 {
    row.iter().zip(features).map(|(a, x)| a * x).sum()
}

/// Shows the shape only: the weights are private.
impl fmt::Debug for FloatMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FloatMap")
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .finish_non_exhaustive()
    }
}
