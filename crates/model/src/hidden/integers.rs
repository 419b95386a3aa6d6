//! The integer network, evaluated exactly: the reference for every encrypted or masked evaluation.

use std::fmt;

use crate::integer_map::{ShapeError, check_shape};

/// W·x + b in a ring of the integers modulo a power of two, with `outputs` rows and `inputs` columns. Private.
#[derive(Clone, PartialEq, Eq)]
pub struct RingMap {
    inputs: usize,
    outputs: usize,
    weights: Vec<i32>,
    biases: Vec<i128>,
    /// Where most weights are 0, as in a convolution's map.
    terms: Option<Terms>,
}

/// A matrix's weights that aren't 0.
#[derive(Clone, PartialEq, Eq)]
struct Terms {
    /// Each with its input, row after row.
    terms: Vec<(u32, i32)>,
    /// Where each row ends among them.
    ends: Vec<usize>,
}

impl RingMap {
    /// Makes a map from `outputs` rows of `inputs` weights, row by row, and one bias per row.
    ///
    /// # Errors
    /// [`ShapeError`] if the numbers don't fit together.
    pub fn new(
        inputs: usize,
        outputs: usize,
        weights: Vec<i32>,
        biases: Vec<i128>,
    ) -> Result<Self, ShapeError> {
        check_shape(inputs, outputs, weights.len(), biases.len())?;
        Ok(Self {
            terms: Terms::of(inputs, &weights),
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
    pub fn biases(&self) -> &[i128] {
        &self.biases
    }

    /// About how many products W·x takes: those with weights of 0 are left out where most are.
    pub fn products(&self) -> usize {
        let terms = self.terms.as_ref();
        terms.map_or(self.weights.len(), |terms| terms.terms.len())
    }

    /// W·x + b modulo 2^128, and so in every narrower ring.
    ///
    /// # Errors
    /// [`ShapeError::Input`] if the number of values isn't the map's number of inputs.
    pub fn evaluate(&self, values: &[u128]) -> Result<Vec<u128>, ShapeError> {
        if values.len() != self.inputs {
            return Err(ShapeError::Input {
                found: values.len(),
                expected: self.inputs,
            });
        }
        let added = |sum: u128, (&weight, value): (&i32, u128)| {
            sum.wrapping_add((i128::from(weight) as u128).wrapping_mul(value))
        };
        if let Some(terms) = &self.terms {
            let rows = terms.rows().zip(&self.biases);
            let output = |(row, &bias): (&[(u32, i32)], &i128)| {
                let products = row.iter().map(|(input, w)| (w, values[*input as usize]));
                products.fold(bias as u128, added)
            };
            return Ok(rows.map(output).collect());
        }
        let rows = self.weights.chunks_exact(self.inputs).zip(&self.biases);
        let output = |(row, &bias): (&[i32], &i128)| {
            let products = row.iter().zip(values.iter().copied());
            products.fold(bias as u128, added)
        };
        Ok(rows.map(output).collect())
    }
}

impl Terms {
    /// The weights of a matrix that aren't 0, if most are.
    fn of(inputs: usize, weights: &[i32]) -> Option<Self> {
        let count = weights.iter().filter(|&&weight| weight != 0).count();
        if !is_sparse(count, weights.len()) {
            return None;
        }
        let mut terms = Vec::with_capacity(count);
        let mut ends = Vec::with_capacity(weights.len() / inputs);
        for row in weights.chunks_exact(inputs) {
            let numbered = (0..).zip(row.iter().copied());
            terms.extend(numbered.filter(|(_, weight)| *weight != 0));
            ends.push(terms.len());
        }
        Some(Self { terms, ends })
    }

    /// The terms of each row.
    fn rows(&self) -> impl Iterator<Item = &[(u32, i32)]> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, &end)| &self.terms[start..end])
    }
}

/// Whether so few of a matrix's numbers aren't 0 that they had better be listed with their places.
pub(crate) fn is_sparse(count: usize, all: usize) -> bool {
    count <= all / 4
}

/// Affine parts with squares between them, over the integers. Private.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegerNetwork {
    parts: Vec<RingMap>,
}

impl IntegerNetwork {
    /// Chains affine parts, first to last.
    ///
    /// # Errors
    /// [`ShapeError`] if there are fewer than two, or the number of one's outputs isn't that of the next one's inputs.
    pub fn new(parts: Vec<RingMap>) -> Result<Self, ShapeError> {
        check_chain(parts.iter().map(|part| [part.inputs(), part.outputs()]))?;
        Ok(Self { parts })
    }

    /// The affine parts, first to last.
    pub fn parts(&self) -> &[RingMap] {
        &self.parts
    }

    /// The results for one quantised record modulo 2^128: exact, if they were certified.
    ///
    /// # Errors
    /// [`ShapeError::Input`] if the record's length isn't the first part's number of inputs.
    pub fn evaluate(&self, features: &[u32]) -> Result<Vec<i128>, ShapeError> {
        let (first, rest) = self.parts.split_first().expect("a network has parts");
        let features: Vec<u128> = features.iter().map(|&x| x.into()).collect();
        let mut values = first.evaluate(&features)?;
        for part in rest {
            for value in &mut values {
                *value = value.wrapping_mul(*value);
            }
            values = part.evaluate(&values)?;
        }
        Ok(values.into_iter().map(|value| value as i128).collect())
    }
}

/// Checks that parts with these inputs and outputs, two at least, follow on each other.
pub(super) fn check_chain(shapes: impl Iterator<Item = [usize; 2]>) -> Result<(), ShapeError> {
    let shapes: Vec<_> = shapes.collect();
    if shapes.len() < 2 {
        return Err(ShapeError::Size {
            inputs: 0,
            outputs: 0,
        });
    }
    match shapes.windows(2).find(|pair| pair[0][1] != pair[1][0]) {
        None => Ok(()),
        Some(pair) => Err(ShapeError::Input {
            found: pair[0][1],
            expected: pair[1][0],
        }),
    }
}

/// Shows the shape only: the weights are private.
impl fmt::Debug for RingMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingMap")
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .finish_non_exhaustive()
    }
}
