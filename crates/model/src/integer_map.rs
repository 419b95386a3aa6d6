//! The integer affine map, evaluated exactly: the reference for every encrypted evaluation.

use std::fmt;

use veilcast_card::{MAX_FEATURES, MAX_OUTPUTS};

/// q = W·x + b over the integers, with `outputs` rows and `inputs` columns. Private.
#[derive(Clone, PartialEq, Eq)]
pub struct IntegerMap {
    inputs: usize,
    outputs: usize,
    weights: Vec<i32>,
    biases: Vec<i64>,
}

/// An affine map whose parts don't fit together, or a vector that doesn't fit the map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// The numbers of inputs, outputs, weights and biases contradict each other.
    #[error(
        "a map of {inputs} inputs and {outputs} outputs can't have {weights} weights and \
         {biases} biases"
    )]
    Map {
        /// Number of inputs.
        inputs: usize,
        /// Number of outputs.
        outputs: usize,
        /// Number of weights.
        weights: usize,
        /// Number of biases.
        biases: usize,
    },
    /// No inputs or outputs, or more than a model may have.
    #[error(
        "a map of {inputs} inputs and {outputs} outputs isn't allowed: at least 1 of each, at \
         most {MAX_FEATURES} inputs and {MAX_OUTPUTS} outputs"
    )]
    Size {
        /// Number of inputs.
        inputs: usize,
        /// Number of outputs.
        outputs: usize,
    },
    /// A vector whose length isn't the map's number of inputs.
    #[error("the map takes {expected} values; it was given {found}")]
    Input {
        /// Number of values given.
        found: usize,
        /// Number of values the map takes.
        expected: usize,
    },
    /// A weight or bias isn't finite.
    #[error("a weight or bias of output {output} is not finite")]
    NotFinite {
        /// Index of the output, from 0.
        output: usize,
    },
    /// The exact score doesn't fit 64 bits.
    #[error("score {output} doesn't fit 64 bits")]
    Overflow {
        /// Index of the output, from 0.
        output: usize,
    },
}

/// Checks the numbers of parts of a map.
pub(crate) fn check_shape(
    inputs: usize,
    outputs: usize,
    weights: usize,
    biases: usize,
) -> Result<(), ShapeError> {
    if !(1..=MAX_FEATURES).contains(&inputs) || !(1..=MAX_OUTPUTS).contains(&outputs) {
        return Err(ShapeError::Size { inputs, outputs });
    }
    if inputs.checked_mul(outputs) != Some(weights) || outputs != biases {
        return Err(ShapeError::Map {
            inputs,
            outputs,
            weights,
            biases,
        });
    }
    Ok(())
}

impl IntegerMap {
    /// Makes a map from `outputs` rows of `inputs` weights, row by row, and one bias per row.
    ///
    /// # Errors
    /// [`ShapeError`] if the numbers don't fit together.
    pub fn new(
        inputs: usize,
        outputs: usize,
        weights: Vec<i32>,
        biases: Vec<i64>,
    ) -> Result<Self, ShapeError> {
        check_shape(inputs, outputs, weights.len(), biases.len())?;
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
    pub fn weights(&self) -> &[i32] {
        &self.weights
    }

    /// The weights of one output.
    ///
    /// # Panics
    /// If there is no such output.
    pub fn row(&self, output: usize) -> &[i32] {
        &self.weights[output * self.inputs..][..self.inputs]
    }

    /// One bias per output.
    pub fn biases(&self) -> &[i64] {
        &self.biases
    }

    /// The map from ciphertexts of `k` features each to the sums of the `features` layout:
    /// ⌈inputs/k⌉ inputs, and a row o·k + j for each output o and position j, whose weight for
    /// input g is that of feature g·k + j, or 0 beyond the last feature. Its biases are 0.
    ///
    /// # Panics
    /// If `k` is 0.
    pub fn grouped(&self, k: u32) -> IntegerMap {
        let k = k as usize;
        let inputs = self.inputs.div_ceil(k);
        let mut weights = Vec::with_capacity(self.outputs * k * inputs);
        for output in 0..self.outputs {
            let row = self.row(output);
            for position in 0..k {
                let features = (0..inputs).map(|group| group * k + position);
                weights.extend(features.map(|feature| row.get(feature).copied().unwrap_or(0)));
            }
        }
        IntegerMap {
            inputs,
            outputs: self.outputs * k,
            weights,
            biases: vec![0; self.outputs * k],
        }
    }

    /// Computes the scores of one record exactly.
    ///
    /// # Errors
    /// [`ShapeError`] if the record's length isn't the map's number of inputs, or a score
    /// doesn't fit 64 bits, which a certified map never does on quantised records.
    pub fn evaluate(&self, features: &[u32]) -> Result<Vec<i64>, ShapeError> {
        if features.len() != self.inputs {
            return Err(ShapeError::Input {
                found: features.len(),
                expected: self.inputs,
            });
        }
        (0..self.outputs)
            .map(|output| {
                let products = self.row(output).iter().zip(features);
                let sum: i128 = products
                    .map(|(&weight, &feature)| i128::from(i64::from(weight) * i64::from(feature)))
                    .sum();
                i64::try_from(sum + i128::from(self.biases[output]))
                    .map_err(|_| ShapeError::Overflow { output })
            })
            .collect()
    }
}

/// Shows the shape only: the weights are private.
impl fmt::Debug for IntegerMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntegerMap")
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .finish_non_exhaustive()
    }
}
