//! What can go wrong on either side.

use veilcast_paillier::{CiphertextError, DecryptError, PublicKeyError};
use veilcast_protocol::{CardDigest, Layout};

/// Why a request was not evaluated. Every variant is the client's fault, and says nothing of the
/// weights or of what the ciphertexts hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The request was prepared with another card.
    #[error(
        "the request was made for the card {requested}, but this model's card is {current}: fetch the card again"
    )]
    CardDigest {
        /// The request's.
        requested: CardDigest,
        /// The model's.
        current: CardDigest,
    },
    /// The model does not allow the layout.
    #[error("the model does not accept the layout {0:?}: its card lists the ones it does")]
    Layout(Layout),
    /// More records than a request may hold.
    #[error(
        "the request holds {records} records; this model takes at most {max} a request: send several"
    )]
    TooManyRecords {
        /// In the request.
        records: usize,
        /// By the card.
        max: usize,
    },
    /// The ciphertexts are not as many as the layout and the model ask for.
    #[error("each record needs {expected} ciphertexts, one a feature, but has {actual}")]
    Shape {
        /// By the card.
        expected: usize,
        /// In the request.
        actual: usize,
    },
    /// The public key is not acceptable.
    #[error(transparent)]
    PublicKey(#[from] PublicKeyError),
    /// A ciphertext is not one.
    #[error(transparent)]
    Ciphertext(#[from] CiphertextError),
}

/// Why records were not encrypted, or answers not decrypted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The model accepts no layout that this version knows.
    #[error("the model's card allows no layout that this program knows: update it")]
    NoLayout,
    /// There is nothing to encrypt.
    #[error("there is no record to encrypt")]
    NoRecords,
    /// A record has another number of features, or a value that the card does not allow.
    #[error(
        "record {record} was not quantised for this model: it has {actual} features of the model's {expected}, or one out of range"
    )]
    Record {
        /// Which, from 0.
        record: usize,
        /// Features by the card.
        expected: usize,
        /// Features that it has.
        actual: usize,
    },
    /// The answer names another card than the session's.
    #[error(
        "the answer was computed with another version of the model (card {0}): fetch the card and encrypt again"
    )]
    OtherCard(CardDigest),
    /// The answer is encrypted under another key than the session's.
    #[error("the answer is encrypted under another key: use the key that encrypted the request")]
    OtherKey,
    /// The answer belongs to another request.
    #[error(
        "the answer does not belong to the request: its id, layout or number of records differ"
    )]
    OtherRequest,
    /// The answer has a wrong number of scores a record.
    #[error("the answer has {actual} scores a record, but the model has {expected} outputs")]
    Shape {
        /// By the card.
        expected: usize,
        /// In the answer.
        actual: usize,
    },
    /// A ciphertext of the answer is not one.
    #[error("the answer is damaged: {0}")]
    Ciphertext(#[from] CiphertextError),
    /// A ciphertext of the answer could not be decrypted.
    #[error("the answer is damaged: {0}")]
    Decrypt(#[from] DecryptError),
}
