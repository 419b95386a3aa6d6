//! Why a model can't be sealed, or a sealed model not be used.

use veilcast_card::SealedFileError;
use veilcast_model::ModelError;
use veilcast_paillier::{CiphertextError, KeyProofError, PublicKeyError};

use crate::error::LayoutError;

/// A model can't be sealed, opened by the service, or used by a client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealedError {
    /// The model isn't offered sealed.
    #[error("the model is not offered sealed: its card names the ways that it is offered in")]
    NotOffered,
    /// The model has hidden layers.
    #[error("a network with hidden layers can't be sealed: it is offered by vouchers")]
    Hidden,
    /// A record's scores don't fit the key.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The card or the model doesn't allow it.
    #[error("the model can't be sealed")]
    Model(#[source] ModelError),
    /// The file isn't the one that the card names.
    #[error(transparent)]
    File(#[from] SealedFileError),
    /// The modulus in the card is not acceptable.
    #[error("the modulus of the sealed model's key can't be used")]
    PublicKey(#[from] PublicKeyError),
    /// The proof in the card does not prove the modulus.
    #[error("the sealed model's key is not proven fit for use, and could betray the records")]
    KeyProof(#[from] KeyProofError),
    /// The file holds a number that is no ciphertext.
    #[error("the sealed weights hold a number that is no ciphertext, and could betray the records")]
    Ciphertext(#[from] CiphertextError),
    /// The model is sealed under another key.
    #[error("the model is sealed under another key, {expected}; this one is {found}")]
    OtherKey {
        /// The fingerprint of the key that opens it.
        expected: String,
        /// The fingerprint of the key that was given.
        found: String,
    },
    /// The file doesn't hold the model's weights.
    #[error("the sealed weights are not those of the model: seal it again")]
    SelfTest,
}
