//! The ways of predicting that a model's owner offers.

use serde::{Deserialize, Serialize};

use crate::error::CardError;
use crate::sealed::Sealed;

/// A way to get predictions from a service that doesn't see the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Encrypted records go up, encrypted scores come down.
    Direct,
    /// Vouchers are made ahead of time, with ciphertexts; records and scores are then masked, and travel in the clear.
    Vouchers,
    /// The weights travel encrypted under the service's key, and the client's records in what it makes of them.
    Sealed,
}

impl Way {
    /// The ways of a card that names none.
    pub const DEFAULT: &'static [Self] = &[Self::Direct, Self::Vouchers];

    /// Its name in cards.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Vouchers => "vouchers",
            Self::Sealed => "sealed",
        }
    }
}

/// Checks the ways that a card names: one at least, and each once; and that it has what sealed models need exactly
/// if it offers one.
pub(crate) fn check(ways: Option<&[Way]>, sealed: Option<&Sealed>) -> Result<(), CardError> {
    let is_offered = ways.unwrap_or(Way::DEFAULT).contains(&Way::Sealed);
    match (is_offered, sealed) {
        (true, Some(sealed)) => sealed.check()?,
        (false, None) => {}
        (true, None) => return Err(CardError::NotSealed),
        (false, Some(_)) => return Err(CardError::SealedNotOffered),
    }
    let Some(ways) = ways else { return Ok(()) };
    let are_different = (1..ways.len()).all(|i| !ways[..i].contains(&ways[i]));
    match !ways.is_empty() && are_different {
        true => Ok(()),
        false => Err(CardError::Ways),
    }
}
