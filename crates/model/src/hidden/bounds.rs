//! The certificate that no result of any record overflows the ring, by interval arithmetic.
//!
//! Features lie between 0 and X. So each number of the first part lies between b − X·Σ|w⁻| and b + X·Σw⁺; its square between 0, or
//! the smaller of the ends' squares if both have one sign, and the larger; and so on, part by part, in exact integers. What lies in
//! between may pass the ring, since only the result has to be read off it.

use super::integers::{IntegerNetwork, RingMap};
use crate::bounds::{BoundsCertificate, BoundsError};
use veilcast_card::{RingBits, SlotBits};

/// The widest scores that a card is given: JavaScript's numbers hold them.
const WIDEST_SCORE: u32 = 48;

/// The proven bounds of a network's results.
pub(crate) struct RingCertificate {
    /// k.
    pub(crate) ring_bits: RingBits,
    /// The result's bits that a score lacks.
    pub(crate) score_shift: u32,
    /// The bounds of the scores.
    pub(crate) scores: BoundsCertificate,
}

/// The lowest and the highest number.
type Interval = [i128; 2];

impl IntegerNetwork {
    /// Proves bounds of all results for features from 0 to `max_input`, and says which of their bits make the scores.
    ///
    /// # Errors
    /// [`BoundsError::Ring`] if a result may need more bits than the widest ring has.
    pub(crate) fn certify(&self, max_input: u32) -> Result<RingCertificate, BoundsError> {
        let (first, rest) = self.parts().split_first().expect("a network has parts");
        let features = vec![[0, i128::from(max_input)]; first.inputs()];
        let mut values = after(first, &features)?;
        for part in rest {
            let squares = values.into_iter().map(squared);
            let squares: Vec<Interval> = squares.collect::<Option<_>>().ok_or(BoundsError::Ring)?;
            values = after(part, &squares)?;
        }
        let magnitude = |[low, high]: Interval| low.unsigned_abs().max(high.unsigned_abs());
        let largest = values.iter().copied().map(magnitude).max().unwrap_or(0);
        let needed = (u128::BITS - largest.leading_zeros() + 1).max(RingBits::MIN.get());
        let ring_bits = RingBits::new(needed).map_err(|_| BoundsError::Ring)?;
        let score_shift = ring_bits.get().saturating_sub(WIDEST_SCORE);
        let score = |[low, high]: Interval| magnitude([low >> score_shift, high >> score_shift]);
        let output_bounds: Vec<u64> = (values.into_iter())
            .map(|value| u64::try_from(score(value)).map_err(|_| BoundsError::Ring))
            .collect::<Result<_, _>>()?;
        let widest = output_bounds.iter().copied().max().unwrap_or(0);
        let slot_bits = SlotBits::new(u64::BITS - widest.leading_zeros() + 1);
        Ok(RingCertificate {
            ring_bits,
            score_shift,
            scores: BoundsCertificate {
                slot_bits: slot_bits.map_err(|_| BoundsError::Ring)?,
                max_input,
                output_bounds,
            },
        })
    }
}

/// The intervals of a part's outputs.
fn after(part: &RingMap, inputs: &[Interval]) -> Result<Vec<Interval>, BoundsError> {
    let output = |output: usize| {
        let bias = part.biases()[output];
        let mut products = part.row(output).iter().zip(inputs);
        products.try_fold([bias, bias], |[low, high], (&weight, &[least, most])| {
            let weight = i128::from(weight);
            let (down, up) = if weight < 0 {
                (most, least)
            } else {
                (least, most)
            };
            Some([
                low.checked_add(weight.checked_mul(down)?)?,
                high.checked_add(weight.checked_mul(up)?)?,
            ])
        })
    };
    let outputs: Option<_> = (0..part.outputs()).map(output).collect();
    outputs.ok_or(BoundsError::Ring)
}

/// The interval of squares.
fn squared([low, high]: Interval) -> Option<Interval> {
    let (low_square, high_square) = (low.checked_mul(low)?, high.checked_mul(high)?);
    let least = if low <= 0 && high >= 0 {
        0
    } else {
        low_square.min(high_square)
    };
    Some([least, low_square.max(high_square)])
}
