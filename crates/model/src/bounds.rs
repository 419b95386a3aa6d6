//! The certificate that no score of any record overflows its slot.
//!
//! For every output o, |q_o| ≤ B_o = Σ_i |w_oi|·max x + |b_o|, computed exactly. S is the least
//! width with B_o < 2^(S−1) for all o, so that every score lies strictly between −2^(S−1) and
//! 2^(S−1) whatever the record.

use serde::{Deserialize, Serialize};

use crate::IntegerMap;

/// The proven bounds of a model's scores. Private: they tell something of the weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundsCertificate {
    /// S: every score lies strictly between −2^(S−1) and 2^(S−1).
    pub slot_bits: u32,
    /// The largest integer a feature may have.
    pub max_input: u32,
    /// The largest absolute value of each score.
    pub output_bounds: Vec<u64>,
}

/// The model can't be certified.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BoundsError {
    /// A score may need more bits than there are.
    #[error(
        "score {output} may reach {bound} ({needed} bits with its sign), but only {limit} bits \
         are allowed; use fewer bits for weights or inputs"
    )]
    TooWide {
        /// Index of the output, from 0.
        output: usize,
        /// The largest absolute value it may have.
        bound: u128,
        /// Bits that needs.
        needed: u32,
        /// Bits allowed.
        limit: u32,
    },
}

impl IntegerMap {
    /// Proves bounds of all scores for features from 0 to `max_input`.
    ///
    /// # Errors
    /// [`BoundsError::TooWide`] if a score may need more than `limit` bits, sign included.
    pub fn certify(&self, max_input: u32, limit: u32) -> Result<BoundsCertificate, BoundsError> {
        let limit = limit.min(crate::card::MAX_SLOT_BITS);
        let mut slot_bits = 1;
        let mut output_bounds = Vec::with_capacity(self.outputs());
        for output in 0..self.outputs() {
            let bound = self.bound(output, max_input);
            let needed = u128::BITS - bound.leading_zeros() + 1;
            match u64::try_from(bound) {
                Ok(bound) if needed <= limit => output_bounds.push(bound),
                _ => {
                    return Err(BoundsError::TooWide {
                        output,
                        bound,
                        needed,
                        limit,
                    });
                }
            }
            slot_bits = slot_bits.max(needed);
        }
        Ok(BoundsCertificate {
            slot_bits,
            max_input,
            output_bounds,
        })
    }

    fn bound(&self, output: usize, max_input: u32) -> u128 {
        // Below 2^18·2^31·2^32 + 2^63: no sum comes near 2^128.
        let weights: u128 = self
            .row(output)
            .iter()
            .map(|weight| u128::from(weight.unsigned_abs()))
            .sum();
        weights * u128::from(max_input) + u128::from(self.biases()[output].unsigned_abs())
    }
}
