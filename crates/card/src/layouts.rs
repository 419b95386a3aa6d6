//! The layouts in which records may be sent, each with its numbers.

use serde::{Deserialize, Serialize};

use super::CardError;

/// Most features of a record that one ciphertext may hold.
pub const MAX_FEATURES_PER_CIPHERTEXT: u32 = 64;

/// How records may be put into ciphertexts; at least one of `scalar`, `records` and `features`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layouts {
    /// One feature of one record a ciphertext; one or several scores an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scalar: Option<ScalarLayout>,
    /// One feature of several records a ciphertext, side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<RecordsLayout>,
    /// Several features of one record a ciphertext.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<FeaturesLayout>,
    /// Ciphertexts may come as a seed and a few bytes each, in `scalar` and `features`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeded: Option<SeededUploads>,
}

/// The numbers of the `scalar` layout: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScalarLayout {}

/// The numbers of the `records` layout: none; the key's size and the scores' width say how many
/// records a ciphertext holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordsLayout {}

/// The numbers of the `features` layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeaturesLayout {
    /// The numbers of features a ciphertext that a request may choose from: at least one, in
    /// increasing order, each 2 to [`MAX_FEATURES_PER_CIPHERTEXT`] and at most the model's
    /// features.
    pub features_per_ciphertext: Vec<u32>,
}

/// The numbers of seeded uploads: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeededUploads {}

impl Layouts {
    /// The layout that every model can have.
    pub fn scalar() -> Self {
        Self {
            scalar: Some(ScalarLayout {}),
            ..Self::default()
        }
    }

    /// Whether a ciphertext may hold `k` features of a record: one in the `scalar` layout, or a
    /// number that the `features` layout offers.
    pub fn features_allowed(&self, k: u32) -> bool {
        match k {
            1 => self.scalar.is_some(),
            _ => self.grouped().contains(&k),
        }
    }

    /// The numbers of features a ciphertext of the `features` layout, in increasing order; none
    /// if the layout isn't allowed.
    pub fn grouped(&self) -> &[u32] {
        match &self.features {
            None => &[],
            Some(layout) => &layout.features_per_ciphertext,
        }
    }

    /// All layouts, with a few numbers of features a ciphertext to choose from, for a model with
    /// scores of `slot_bits`.
    ///
    /// For keys of 2048, 3072 and 4096 bits, and for records whose scores come back in a answers, hence
    /// m = ⌈outputs/a⌉ in each, the largest k up to 32 and `features` that fits: an answer takes (m + 1)·k − 1 units
    /// of `slot_bits` + 41 bits, and two bits of the modulus stay free. Of many features a is 4 or 5:
    /// fewer answers would leave room for too few features a ciphertext, more would cost more than
    /// the shorter upload saves. Few features take few ciphertexts in any case, and what takes time
    /// are the answers: a is 1, 2 or 4. The layout is left out if no k above 1 fits.
    pub fn suggested(features: usize, outputs: usize, slot_bits: u32) -> Self {
        const KEY_BITS: [usize; 3] = [2048, 3072, 4096];
        const FEW: usize = 128;
        const LARGEST: usize = 32;
        let answers: &[usize] = if features <= FEW { &[1, 2, 4] } else { &[4, 5] };
        let unit = slot_bits as usize + 41;
        let fitting = KEY_BITS.iter().flat_map(|bits| {
            let units = (bits - 2) / unit;
            let fitting = move |a: &usize| (units + 1) / (outputs.div_ceil(*a) + 1);
            answers.iter().map(fitting)
        });
        let mut numbers: Vec<u32> = fitting
            .map(|k| k.min(LARGEST).min(features))
            .filter(|&k| k >= 2)
            .map(|k| k as u32)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        Self {
            scalar: Some(ScalarLayout {}),
            records: Some(RecordsLayout {}),
            features: (!numbers.is_empty()).then_some(FeaturesLayout {
                features_per_ciphertext: numbers,
            }),
            seeded: Some(SeededUploads {}),
        }
    }

    /// Checks the layouts of a model with so many features.
    pub(super) fn check(&self, features: usize) -> Result<(), CardError> {
        if self.scalar.is_none() && self.records.is_none() && self.features.is_none() {
            return Err(CardError::NoLayout);
        }
        if self.seeded.is_some() && self.scalar.is_none() && self.features.is_none() {
            return Err(CardError::SeededAlone);
        }
        let Some(FeaturesLayout {
            features_per_ciphertext: numbers,
        }) = &self.features
        else {
            return Ok(());
        };
        let possible = |&k: &u32| {
            (2..=MAX_FEATURES_PER_CIPHERTEXT).contains(&k)
                && usize::try_from(k).is_ok_and(|k| k <= features)
        };
        if numbers.is_empty()
            || !numbers.iter().all(possible)
            || !numbers.is_sorted_by(|a, b| a < b)
        {
            return Err(CardError::FeaturesPerCiphertext {
                found: numbers.iter().copied().take(8).collect(),
                features,
            });
        }
        Ok(())
    }
}
