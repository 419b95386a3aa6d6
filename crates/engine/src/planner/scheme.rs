//! What Paillier requires of a model's numbers: for training and import, before there is a card.

use veilcast_card::{
    FeaturesLayout, Layouts, RecordsLayout, ScalarLayout, SeededUploads, SlotBits,
};
use veilcast_model::{Candidate, Scheme};
use veilcast_paillier::KEY_BITS;

use crate::arrangement::unit;

/// A model of at most this many features takes few ciphertexts in any layout.
const FEW_FEATURES: usize = 128;
/// Most features per ciphertext that are suggested.
const MOST_FEATURES_PER_CIPHERTEXT: usize = 32;

/// The scheme of this crate: Paillier, with the layouts that it packs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paillier;

impl Scheme for Paillier {
    /// Products modulo n² times the bits of a plaintext that a record takes: about 90 products to
    /// encrypt a ciphertext, 2000 to mask an answer, and for the sums a share of the weights' bits,
    /// as observed in programs for digits and tables.
    fn cost(&self, candidate: &Candidate) -> f64 {
        let (features, outputs) = (candidate.features as f64, candidate.outputs as f64);
        let magnitude_bits = f64::from(candidate.weight_bits.get() - 1);
        let products = 0.15 * magnitude_bits * features * outputs;
        f64::from(candidate.slot_bits.get()) * (90.0 * features + products + 2000.0 * outputs)
    }

    /// All layouts, with a few numbers of features per ciphertext to choose from.
    ///
    /// For keys of 2048, 3072 and 4096 bits, and for records whose scores come back in a answers,
    /// hence m = ⌈outputs/a⌉ in each, the largest k up to 32 and `features` that fits: an answer takes
    /// (m + 1)·k − 1 units of `slot_bits` + 41 bits, and two bits of the modulus stay free. For many
    /// features, a is 4 or 5: fewer answers would leave room for too few features per ciphertext, more
    /// would cost more than the shorter upload saves. Few features take few ciphertexts in any
    /// case, and most of the time goes into the answers: a is 1, 2 or 4. The layout is left out if
    /// no k above 1 fits.
    fn layouts(&self, features: usize, outputs: usize, slot_bits: SlotBits) -> Layouts {
        let answers: &[usize] = match features {
            ..=FEW_FEATURES => &[1, 2, 4],
            _ => &[4, 5],
        };
        let unit = unit(slot_bits.get(), 2);
        let fitting = KEY_BITS.iter().flat_map(|bits| {
            let units = ((bits - 2) / unit) as usize;
            let fitting = move |a: &usize| (units + 1) / (outputs.div_ceil(*a) + 1);
            answers.iter().map(fitting)
        });
        let mut numbers: Vec<u32> = fitting
            .map(|k| k.min(MOST_FEATURES_PER_CIPHERTEXT).min(features))
            .filter(|&k| k >= 2)
            .map(|k| k as u32)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        Layouts {
            scalar: Some(ScalarLayout {}),
            records: Some(RecordsLayout {}),
            features: (!numbers.is_empty()).then_some(FeaturesLayout {
                features_per_ciphertext: numbers,
            }),
            seeded: Some(SeededUploads {}),
        }
    }
}
