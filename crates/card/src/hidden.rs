//! [`Hidden`]: what a card says of a network's hidden layers.

use serde::{Deserialize, Serialize};

use crate::bits::{RingBits, SlotBits, WeightBits};
use crate::error::CardError;
use crate::layouts::Layouts;
use crate::limits::{MAX_HIDDEN_LAYERS, MAX_OUTPUTS};
use crate::ways::Way;

/// The hidden layers of a network, which square their numbers: y = W₁·(W₀·x + b₀)∘² + b₁ for a single one.
///
/// All of it is computed exactly, in the ring of the integers modulo 2^k. A score is the result divided by 2^shift, rounded down.
/// Such a model is offered by [vouchers](Way::Vouchers), [directly](Way::Direct), or both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hidden {
    /// How many numbers each hidden layer has, the first layer first.
    pub sizes: Vec<usize>,
    /// The bits of the integer weights before each hidden layer, and of those after the last.
    pub weight_bits: Vec<WeightBits>,
    /// k: the result lies strictly between −2^(k−1) and 2^(k−1).
    pub ring_bits: RingBits,
    /// The result's bits that a score lacks.
    pub score_shift: u32,
}

impl Hidden {
    /// The score of a result.
    pub fn score(&self, result: i128) -> i128 {
        result >> self.score_shift
    }

    /// The inputs and outputs of each affine part, of a network with this many features and scores.
    pub fn shapes(&self, features: usize, outputs: usize) -> Vec<[usize; 2]> {
        let inputs = std::iter::once(&features).chain(&self.sizes);
        let outputs = self.sizes.iter().chain(std::iter::once(&outputs));
        inputs.zip(outputs).map(|(&i, &o)| [i, o]).collect()
    }
}

/// Checks hidden layers against the card's other fields.
pub(crate) fn check(
    hidden: &Hidden,
    slot_bits: SlotBits,
    layouts: &Layouts,
    ways: &[Way],
) -> Result<(), CardError> {
    let layers = hidden.sizes.len();
    let problem = if !(1..=MAX_HIDDEN_LAYERS).contains(&layers) {
        format!("sizes has {layers} numbers; there must be 1 to {MAX_HIDDEN_LAYERS}")
    } else if let Some(size) = (hidden.sizes.iter()).find(|s| !(1..=MAX_OUTPUTS).contains(*s)) {
        format!("sizes has {size}; each must be 1 to {MAX_OUTPUTS}")
    } else if hidden.weight_bits.len() != layers + 1 {
        let found = hidden.weight_bits.len();
        format!("weight_bits has {found} numbers for {layers} layers; there must be one more")
    } else if hidden.score_shift.checked_add(slot_bits.get()) > Some(hidden.ring_bits.get())
        || hidden.score_shift >= hidden.ring_bits.get()
    {
        format!(
            "scores of {slot_bits} bits, and {} more, don't fit a ring of {}",
            hidden.score_shift, hidden.ring_bits
        )
    } else if ways.contains(&Way::Sealed) {
        "`ways` must be direct, vouchers, or both: it can't be sealed".to_owned()
    } else if *layouts != Layouts::default() {
        "`layouts` must be empty: hidden layers have a layout of their own".to_owned()
    } else {
        return Ok(());
    };
    Err(CardError::Hidden { problem })
}
