//! [`Layered`]: what a model with hidden layers computes with.

use std::collections::HashSet;

use safetensors::tensor::Dtype;

use super::ModelError;
use super::weights::{Tensor, Tensors};
use crate::hidden::is_sparse;
use crate::{BoundsCertificate, FloatMap, FloatNetwork, IntegerNetwork, RingMap, ShapeError};
use veilcast_card::{Card, Hidden};

/// The networks of a model with hidden layers, in integers and in floats. Private.
#[derive(Clone, Debug, PartialEq)]
pub struct Layered {
    integers: IntegerNetwork,
    floats: FloatNetwork,
}

/// The tensors of an affine part: weights and biases in integers, each bias as its two halves, and in floats; and where most weights are 0,
/// the places of those that aren't, which alone are there then.
fn names(part: usize) -> [String; 5] {
    [
        format!("integer.{part}.weights"),
        format!("integer.{part}.biases"),
        format!("float.{part}.weights"),
        format!("float.{part}.biases"),
        format!("places.{part}"),
    ]
}

impl Layered {
    pub(super) fn new(integers: IntegerNetwork, floats: FloatNetwork) -> Self {
        Self { integers, floats }
    }

    /// The network in integers, which the encrypted evaluation computes. Private.
    pub fn integers(&self) -> &IntegerNetwork {
        &self.integers
    }

    /// The network in floats, on features. Private.
    pub fn floats(&self) -> &FloatNetwork {
        &self.floats
    }

    /// The scores of one quantised record.
    pub(super) fn evaluate(&self, record: &[u32], card: &Card) -> Result<Vec<i64>, ShapeError> {
        let hidden = card
            .hidden()
            .expect("the card is of a model with hidden layers");
        let results = self.integers.evaluate(record)?.into_iter().enumerate();
        let score = |(output, result)| {
            i64::try_from(hidden.score(result)).map_err(|_| ShapeError::Overflow { output })
        };
        results.map(score).collect()
    }

    /// Checks the networks' shapes against the card, and proves the bounds.
    pub(super) fn certify(
        &self,
        hidden: &Hidden,
        card: &Card,
    ) -> Result<BoundsCertificate, ModelError> {
        let shapes = hidden.shapes(card.features(), card.outputs());
        let integers = (self.integers.parts().iter()).map(|part| [part.inputs(), part.outputs()]);
        let floats = (self.floats.parts().iter()).map(|part| [part.inputs(), part.outputs()]);
        let bits = hidden.weight_bits.iter();
        let too_wide = (self.integers.parts().iter().zip(bits)).any(|(part, bits)| {
            let mut weights = part.weights().iter();
            weights.any(|weight| weight.unsigned_abs() > bits.max_weight())
        });
        let problem = if !integers.eq(shapes.iter().copied()) || !floats.eq(shapes) {
            "the parts don't have the shapes that card.json names"
        } else if too_wide {
            "a weight has more bits than card.json names"
        } else {
            let found = self.integers.certify(card.quantization().max());
            let found = found.map_err(ModelError::Bounds)?;
            let expected = (hidden.ring_bits, hidden.score_shift, card.slot_bits());
            if (found.ring_bits, found.score_shift, found.scores.slot_bits) == expected {
                return Ok(found.scores);
            }
            "the ring and the scores' bits in card.json aren't those that the weights give"
        };
        Err(ModelError::Tensor {
            problem: problem.to_owned(),
        })
    }

    /// What a weights file holds of it.
    pub(super) fn tensors(&self) -> Vec<Tensor> {
        let parts = self.integers.parts().iter().zip(self.floats.parts());
        let of_part = |(index, (integers, floats)): (usize, (&RingMap, &FloatMap))| {
            let [weights, biases, float_weights, float_biases, places] = names(index);
            let (outputs, inputs) = (integers.outputs(), integers.inputs());
            let halves: Vec<u64> = (integers.biases().iter())
                .flat_map(|&bias| [bias as u64, (bias >> 64) as u64])
                .collect();
            let (i32, u64, u32) = (Dtype::I32, Dtype::U64, Dtype::U32);
            let mut tensors = vec![
                Tensor::new(biases, u64, &[outputs, 2], &halves, u64::to_le_bytes),
                Tensor::floats(float_biases, &[outputs], floats.biases()),
            ];
            let listed = listed(integers.weights(), floats.weights());
            let (whole, real) = (integers.weights(), floats.weights());
            tensors.extend(match listed {
                None => vec![
                    Tensor::new(weights, i32, &[outputs, inputs], whole, i32::to_le_bytes),
                    Tensor::floats(float_weights, &[outputs, inputs], real),
                ],
                Some(at) => {
                    let count = [at.len()];
                    let whole: Vec<i32> = at.iter().map(|&place| whole[place as usize]).collect();
                    let real: Vec<f64> = at.iter().map(|&place| real[place as usize]).collect();
                    vec![
                        Tensor::new(weights, i32, &count, &whole, i32::to_le_bytes),
                        Tensor::floats(float_weights, &count, &real),
                        Tensor::new(places, u32, &count, &at, u32::to_le_bytes),
                    ]
                }
            });
            tensors
        };
        parts.enumerate().flat_map(of_part).collect()
    }

    /// Reads the networks.
    pub(super) fn parse(
        tensors: &Tensors<'_>,
        hidden: &Hidden,
        card: &Card,
    ) -> Result<Self, ModelError> {
        let shapes = hidden.shapes(card.features(), card.outputs());
        let known: HashSet<String> = (0..shapes.len()).flat_map(names).collect();
        tensors.check_names(&known)?;
        let (mut integers, mut floats) = (Vec::new(), Vec::new());
        for (index, [inputs, outputs]) in shapes.into_iter().enumerate() {
            let [weights, biases, float_weights, float_biases, places] = names(index);
            let i32 =
                |shape: &[usize]| tensors.values(&weights, Dtype::I32, shape, i32::from_le_bytes);
            let (whole, real) = match tensors.places(&places, outputs * inputs)? {
                None => {
                    let matrix = [outputs, inputs];
                    (i32(&matrix)?, tensors.floats(&float_weights, &matrix)?)
                }
                Some(places) => {
                    let count = [places.len()];
                    let whole = spread(&places, i32(&count)?, outputs * inputs);
                    let real = tensors.floats(&float_weights, &count)?;
                    (whole, spread(&places, real, outputs * inputs))
                }
            };
            let halves = tensors.values(&biases, Dtype::U64, &[outputs, 2], u64::from_le_bytes)?;
            let biases = halves.as_chunks().0.iter();
            let biases = biases
                .map(|&[low, high]| (u128::from(high) << 64 | u128::from(low)) as i128)
                .collect();
            let float_biases = tensors.floats(&float_biases, &[outputs])?;
            let map = RingMap::new(inputs, outputs, whole, biases);
            integers.push(map.map_err(ModelError::Weights)?);
            let map = FloatMap::new(inputs, outputs, real, float_biases);
            floats.push(map.map_err(ModelError::Weights)?);
        }
        Ok(Self {
            integers: IntegerNetwork::new(integers).map_err(ModelError::Weights)?,
            floats: FloatNetwork::new(floats).map_err(ModelError::Weights)?,
        })
    }
}

/// The places, row by row, of the weights that aren't 0, if they are few.
fn listed(integers: &[i32], floats: &[f64]) -> Option<Vec<u32>> {
    let weights = integers.iter().zip(floats);
    let is_listed = |(whole, real): (&i32, &f64)| *whole != 0 || *real != 0.0;
    let numbered = (0..).zip(weights);
    let places = numbered.filter_map(|(place, weight)| is_listed(weight).then_some(place));
    let places: Vec<u32> = places.collect();
    is_sparse(places.len(), integers.len()).then_some(places)
}

/// A matrix of this many numbers, of those at these places and zeros.
fn spread<T: Copy + Default>(places: &[u32], numbers: Vec<T>, size: usize) -> Vec<T> {
    let mut all = vec![T::default(); size];
    for (&place, number) in places.iter().zip(numbers) {
        all[place as usize] = number;
    }
    all
}
