//! What a model's numbers cost the scheme that computes it on ciphertexts.
//!
//! Which scheme that is, and what it can do, doesn't concern the model: whoever makes the model
//! decides.

use veilcast_card::{InputBits, Layouts, SlotBits, WeightBits};

/// The scheme that will compute a model on ciphertexts.
pub trait Scheme {
    /// What a record costs in a large batch, in any unit.
    fn cost(&self, candidate: &Candidate) -> f64;

    /// The layouts that the card of a model of this shape should offer; scores have `slot_bits` bits.
    fn layouts(&self, features: usize, outputs: usize, slot_bits: SlotBits) -> Layouts;
}

/// The numbers of a quantisation that its cost depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// Number of features.
    pub features: usize,
    /// Number of outputs.
    pub outputs: usize,
    /// Number of integer weights that aren't 0.
    pub nonzero_weights: usize,
    /// Bits of an integer feature.
    pub input_bits: InputBits,
    /// Largest magnitude of an integer weight.
    pub max_weight: u32,
    /// Bits of an integer weight, sign included.
    pub weight_bits: WeightBits,
    /// S: bits of a score.
    pub slot_bits: SlotBits,
}
