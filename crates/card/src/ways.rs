//! The ways of predicting that a model's owner offers.

use serde::{Deserialize, Serialize};

use crate::error::CardError;

/// A way to get predictions from a service that doesn't see the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Encrypted records go up, encrypted scores come down.
    Direct,
    /// Vouchers are made ahead of time, with ciphertexts; records and scores are then masked, and travel in the clear.
    Vouchers,
}

impl Way {
    /// The ways of a card that names none.
    pub const DEFAULT: &'static [Self] = &[Self::Direct, Self::Vouchers];
}

/// Checks the ways that a card names: one at least, and each once.
pub(crate) fn check(ways: Option<&[Way]>) -> Result<(), CardError> {
    let Some(ways) = ways else { return Ok(()) };
    let are_different = (1..ways.len()).all(|i| !ways[..i].contains(&ways[i]));
    match !ways.is_empty() && are_different {
        true => Ok(()),
        false => Err(CardError::Ways),
    }
}
