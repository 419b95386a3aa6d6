//! The layouts in which records may be sent, each with its numbers.

use serde::{Deserialize, Serialize};

use crate::error::CardError;
use crate::limits::MAX_FEATURES_PER_CIPHERTEXT;

/// How records may be put into ciphertexts; at least one of `scalar`, `records` and `features`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layouts {
    /// One feature of one record per ciphertext; one or several scores per answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scalar: Option<ScalarLayout>,
    /// One feature of several records per ciphertext, side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<RecordsLayout>,
    /// Several features of one record per ciphertext.
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
    /// The numbers of features per ciphertext that a request may choose from: at least one, in
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

    /// The numbers of features per ciphertext of the `features` layout, in increasing order; none
    /// if the layout isn't allowed.
    pub fn grouped(&self) -> &[u32] {
        match &self.features {
            None => &[],
            Some(layout) => &layout.features_per_ciphertext,
        }
    }

    /// Checks the layouts of a model with this many features.
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
