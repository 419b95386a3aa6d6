//! The network in floats, and its rounding to integers.

use super::balance;
use super::integers::{IntegerNetwork, RingMap, check_chain};
use crate::FloatMap;
use crate::float_map::{MAX_WEIGHT, QuantizeError, scale};
use crate::integer_map::ShapeError;
use veilcast_card::{PerFeature, Quantization};

/// Affine parts with squares between them, in floats. Private.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatNetwork {
    parts: Vec<FloatMap>,
    /// What of the largest integer weight the largest one of each hidden number takes, layer by layer, if it isn't all.
    shares: Vec<Vec<f64>>,
}

impl FloatNetwork {
    /// Chains affine parts, first to last.
    ///
    /// # Errors
    /// [`ShapeError`] if there are fewer than two, or the number of one's outputs isn't that of the next one's inputs.
    pub fn new(parts: Vec<FloatMap>) -> Result<Self, ShapeError> {
        check_chain(parts.iter().map(|part| [part.inputs(), part.outputs()]))?;
        Ok(Self {
            parts,
            shares: Vec::new(),
        })
    }

    /// The network with its hidden numbers scaled so that rounding loses little, for features of this quantisation. The numbers of its parts
    /// stay as they are: the scales come in when it is [rounded](Self::quantize).
    #[must_use]
    pub fn balanced(&self, quantization: &Quantization) -> Self {
        Self {
            parts: self.parts.clone(),
            shares: balance::shares(&self.parts, &quantization.step),
        }
    }

    /// The network as it was before it was [balanced](Self::balanced).
    #[must_use]
    pub(crate) fn unbalanced(self) -> Self {
        Self {
            shares: Vec::new(),
            ..self
        }
    }

    /// The affine parts, first to last.
    pub fn parts(&self) -> &[FloatMap] {
        &self.parts
    }

    /// Number of features.
    pub fn inputs(&self) -> usize {
        self.parts[0].inputs()
    }

    /// Number of scores.
    pub fn outputs(&self) -> usize {
        self.parts[self.parts.len() - 1].outputs()
    }

    /// The numbers of the hidden layers.
    pub fn sizes(&self) -> Vec<usize> {
        let hidden = &self.parts[..self.parts.len() - 1];
        hidden.iter().map(FloatMap::outputs).collect()
    }

    /// Computes the scores of one preprocessed record.
    ///
    /// # Errors
    /// [`ShapeError::Input`] if the record's length isn't the number of features.
    pub fn evaluate(&self, features: &[f64]) -> Result<Vec<f64>, ShapeError> {
        let (first, rest) = self.parts.split_first().expect("a network has parts");
        let mut values = first.evaluate(features)?;
        for part in rest {
            values.iter_mut().for_each(|value| *value *= *value);
            values = part.evaluate(&values)?;
        }
        Ok(values)
    }

    /// Rounds the network to integers that act on quantised features; returns what a result of 1 is worth for each output.
    ///
    /// The largest weight of each output of each part becomes ±`max_weight`, or, in a [balanced](Self::balanced) network, a share of it. What
    /// a hidden number of 1 is then worth goes, squared, into the next part's weights.
    ///
    /// # Errors
    /// [`QuantizeError`] if `max_weight` is out of range, or a bias is too large compared with the weights of its output.
    pub fn quantize(
        &self,
        quantization: &Quantization,
        max_weight: u32,
    ) -> Result<(IntegerNetwork, Vec<f64>), QuantizeError> {
        if !(1..=MAX_WEIGHT).contains(&max_weight) {
            return Err(QuantizeError::MaxWeight { max_weight });
        }
        let mut parts = Vec::with_capacity(self.parts.len());
        let (mut steps, mut zeros) = (quantization.step.clone(), Some(&quantization.zero));
        let mut scales = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            let shares = self.shares.get(index).map(Vec::as_slice);
            let rounded = rounded(part, &steps, zeros, max_weight, shares)?;
            parts.push(rounded.0);
            scales = rounded.1;
            steps = PerFeature::Each(scales.iter().map(|scale| scale * scale).collect());
            // A square of 0 is worth 0.
            zeros = None;
        }
        let network = IntegerNetwork::new(parts).expect("the parts' shapes are the same");
        Ok((network, scales))
    }
}

/// The largest integer bias: any larger one could never be certified.
const MAX_BIAS: f64 = (1_u128 << 125) as f64;

/// A part whose inputs are integers, each of which is worth a step from its zero; and what an output of 1 is worth.
fn rounded(
    part: &FloatMap,
    steps: &PerFeature,
    zeros: Option<&PerFeature>,
    max_weight: u32,
    shares: Option<&[f64]>,
) -> Result<(RingMap, Vec<f64>), QuantizeError> {
    let mut weights = Vec::with_capacity(part.weights().len());
    let mut biases = Vec::with_capacity(part.outputs());
    let mut scales = Vec::with_capacity(part.outputs());
    for output in 0..part.outputs() {
        let row = || part.row(output).iter().enumerate();
        let stepped = || row().map(|(input, weight)| weight * steps.at(input));
        let of_zeros = zeros.map_or(0.0, |zeros| row().map(|(i, w)| w * zeros.at(i)).sum());
        let bias = part.biases()[output] + of_zeros;
        let largest = stepped().fold(0.0, |largest: f64, weight| largest.max(weight.abs()));
        let share = shares.map_or(1.0, |shares| shares[output]);
        let scale = scale(largest, bias, f64::from(max_weight) * share);
        let integer_bias = (bias / scale).round();
        if !scale.is_normal() || !largest.is_finite() || integer_bias.abs() > MAX_BIAS {
            return Err(QuantizeError::Range {
                output,
                largest,
                bias,
            });
        }
        weights.extend(stepped().map(|weight| (weight / scale).round() as i32));
        biases.push(integer_bias as i128);
        scales.push(scale);
    }
    let map = RingMap::new(part.inputs(), part.outputs(), weights, biases);
    Ok((map.expect("the shape is the part's"), scales))
}
