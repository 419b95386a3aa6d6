//! Networks of dense layers, and their collapse to one affine map.

use crate::FloatMap;
use crate::integer_map::ShapeError;

/// A dense layer with identity activation is an affine map.
pub type DenseLayer = FloatMap;

/// Dense layers one after another, with only the identity between them. Private.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    layers: Vec<DenseLayer>,
}

impl Network {
    /// Chains layers, first to last.
    ///
    /// # Errors
    /// [`ShapeError`] if there is no layer, or the number of one layer's outputs isn't that of the
    /// next one's inputs.
    pub fn new(layers: Vec<DenseLayer>) -> Result<Self, ShapeError> {
        if layers.is_empty() {
            return Err(ShapeError::Size {
                inputs: 0,
                outputs: 0,
            });
        }
        for pair in layers.windows(2) {
            if pair[0].outputs() != pair[1].inputs() {
                return Err(ShapeError::Input {
                    found: pair[0].outputs(),
                    expected: pair[1].inputs(),
                });
            }
        }
        Ok(Self { layers })
    }

    /// The layers, first to last.
    pub fn layers(&self) -> &[DenseLayer] {
        &self.layers
    }

    /// Computes the scores of one preprocessed record, layer by layer.
    ///
    /// # Errors
    /// [`ShapeError::Input`] if the record has another length than the first layer's inputs.
    pub fn evaluate(&self, features: &[f64]) -> Result<Vec<f64>, ShapeError> {
        self.layers
            .iter()
            .try_fold(features.to_vec(), |values, layer| layer.evaluate(&values))
    }

    /// Multiplies the layers out: A = W_n⋯W_1, b = W_n(⋯(W_2·b_1 + b_2)⋯) + b_n.
    ///
    /// # Errors
    /// [`ShapeError::NotFinite`] if a product overflows.
    pub fn collapse(&self) -> Result<FloatMap, ShapeError> {
        let (first, rest) = self.layers.split_first().expect("a network has a layer");
        rest.iter()
            .try_fold(first.clone(), |map, layer| compose(layer, &map))
    }
}

/// The map that applies `inner`, then `outer`.
fn compose(outer: &FloatMap, inner: &FloatMap) -> Result<FloatMap, ShapeError> {
    let inputs = inner.inputs();
    let mut weights = vec![0.0; outer.outputs() * inputs];
    for (output, row) in weights.chunks_mut(inputs).enumerate() {
        for (hidden, factor) in outer.row(output).iter().enumerate() {
            for (sum, weight) in row.iter_mut().zip(inner.row(hidden)) {
                *sum += factor * weight;
            }
        }
    }
    let biases = outer.evaluate(inner.biases())?;
    FloatMap::new(inputs, outer.outputs(), weights, biases)
}
