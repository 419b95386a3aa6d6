//! The certificate that no score of any record overflows its slot.
//!
//! Features are never negative: 0 ≤ x ≤ X. So for every output o, with w⁺ and w⁻ its positive and
//! negative weights, every partial sum of its products w·x lies between −X·Σ|w⁻| and X·Σw⁺, and
//! the score, which also has the bias b, between b − X·Σ|w⁻| and b + X·Σw⁺. Both lie within ±C_o,
//! computed exactly:
//!
//! C_o = max(X·Σw⁺ + max(b, 0), X·Σ|w⁻| + max(−b, 0))
//!
//! S is the least width with C_o < 2^(S−1) for all o. So, whatever the record,
//!
//! - every score lies strictly between −2^(S−1) and 2^(S−1), and so does every sum of some of its
//!   products, with or without the bias. The layout `features` relies on it: the slots next to a
//!   score hold sums of products too, but of different features;
//! - X·Σ|w| ≤ 2·C_o < 2^S, which bounds the sum of the unknown parts of seeded uploads.
//!
//! S is public, and so is C_o once it is rounded: a client uses it to detect that a score can't be
//! this model's.

use serde::{Deserialize, Serialize};

use veilcast_card::{RingBits, SlotBits};

use crate::IntegerMap;

/// The proven bounds of a model's scores. Private: they reveal something about the weights. A card
/// publishes them [rounded](Self::largest_scores).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundsCertificate {
    /// S: every score, and every sum of some of its products, lies strictly between −2^(S−1) and
    /// 2^(S−1).
    pub slot_bits: SlotBits,
    /// The largest integer a feature may have.
    pub max_input: u32,
    /// C_o: the largest absolute value that each score, or a sum of some of its products, may
    /// have.
    pub output_bounds: Vec<u64>,
}

impl BoundsCertificate {
    /// The bounds C_o as a card publishes them, for clients to check decrypted scores against: each
    /// is rounded up to four significant bits, is at least 1, and stays below 2^(S−1). None if S is
    /// 1: then every score is 0, and S says so.
    ///
    /// They show anyone with the card how far each output's score can get from 0, to within a
    /// sixteenth or an eighth of it: its order of magnitude and three more bits, and nothing about
    /// single weights. Anyone who gets one more answer than there are features can compute the
    /// whole integer map.
    pub fn largest_scores(&self) -> Option<Vec<u64>> {
        const SIGNIFICANT: u32 = 4;
        let edge = self.slot_bits.edge();
        let published = |&bound: &u64| {
            let bits = u64::BITS - bound.leading_zeros();
            let unit = 1 << bits.saturating_sub(SIGNIFICANT);
            bound.next_multiple_of(unit).clamp(1, edge - 1)
        };
        (self.slot_bits > SlotBits::MIN).then(|| self.output_bounds.iter().map(published).collect())
    }
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
        /// The largest absolute value that it, or a part of its sum, may have.
        bound: u128,
        /// Bits that this needs.
        needed: u32,
        /// Bits allowed.
        limit: SlotBits,
    },
    /// No ring is wide enough for a network with hidden layers.
    #[error(
        "the network's results may need more than the {most} bits of the widest ring; use fewer bits for weights or inputs, or \
         fewer hidden layers",
        most = RingBits::MAX
    )]
    Ring,
}

impl IntegerMap {
    /// Proves bounds of all scores for features from 0 to `max_input`.
    ///
    /// # Errors
    /// [`BoundsError::TooWide`] if a score may need more than `limit` bits, sign included.
    pub fn certify(
        &self,
        max_input: u32,
        limit: SlotBits,
    ) -> Result<BoundsCertificate, BoundsError> {
        let mut slot_bits = SlotBits::MIN;
        let mut output_bounds = Vec::with_capacity(self.outputs());
        for output in 0..self.outputs() {
            let bound = self.bound(output, max_input);
            let needed = u128::BITS - bound.leading_zeros() + 1;
            match (u64::try_from(bound), SlotBits::new(needed)) {
                (Ok(bound), Ok(needed)) if needed <= limit => {
                    output_bounds.push(bound);
                    slot_bits = slot_bits.max(needed);
                }
                _ => {
                    return Err(BoundsError::TooWide {
                        output,
                        bound,
                        needed,
                        limit,
                    });
                }
            }
        }
        Ok(BoundsCertificate {
            slot_bits,
            max_input,
            output_bounds,
        })
    }

    /// C_o, as defined at the top of this file.
    fn bound(&self, output: usize, max_input: u32) -> u128 {
        let (mut plus, mut minus) = (0_u128, 0_u128);
        for &weight in self.row(output) {
            let side = if weight > 0 { &mut plus } else { &mut minus };
            *side += u128::from(weight.unsigned_abs());
        }
        let max_input = u128::from(max_input);
        let bias = self.biases()[output];
        let (above, below) = (bias.max(0).unsigned_abs(), bias.min(0).unsigned_abs());
        // Below 2^18·2^31·2^32 + 2^63: no sum comes near 2^128.
        let up = plus * max_input + u128::from(above);
        let down = minus * max_input + u128::from(below);
        up.max(down)
    }
}
