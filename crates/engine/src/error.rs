//! What can go wrong on either side.

use veilcast_card::OtherCard;
use veilcast_paillier::{CiphertextError, DecryptError, KeyProofError, PublicKeyError};
use veilcast_protocol::{CardDigest, Layout, VoucherSecretId};

use crate::slices::Stopped;

/// Why records can't be laid out this way, for this model under this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The model does not allow the layout.
    #[error("the model does not accept the layout `{0}`: its card lists the ones it does")]
    NotAllowed(Layout),
    /// The model does not allow this number of features per ciphertext.
    #[error(
        "the model does not accept {0} features per ciphertext: its card lists the numbers it does"
    )]
    FeaturesPerCiphertext(u32),
    /// The model has fewer outputs, or the key has no room for this many.
    #[error(
        "an answer can't hold {found} scores: this model has room for at most {limit} under this key"
    )]
    ScoresPerAnswer {
        /// Those asked for.
        found: u32,
        /// By the model's outputs, the width of a score and the key's size.
        limit: u32,
    },
    /// No layout of the model has room for a record.
    #[error("no layout that the model accepts has room for a record under a key of {0} bits")]
    NoneFits(u32),
    /// The model does not allow seeded uploads, or not in this layout.
    #[error("the model does not accept seeded uploads in this layout")]
    SeededNotAllowed,
    /// The key has no room for seeded uploads in this layout.
    #[error(
        "a seeded upload has no room under this key: ask for fewer scores per answer, or use a longer key"
    )]
    NoRoomForSeeded,
}

/// Why a request was not evaluated. Every variant except [`Stopped`](Self::Stopped) and [`Decrypt`](Self::Decrypt) is the
/// client's fault, and reveals nothing about the weights or what the ciphertexts hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The request was prepared with another card.
    #[error(
        "the request was made for the card {found}, but this model's card is {expected}: fetch the card again"
    )]
    CardDigest {
        /// The request's.
        found: CardDigest,
        /// The model's.
        expected: CardDigest,
    },
    /// The model or the key does not allow the layout, or its numbers.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// There are more records than a request may hold.
    #[error(
        "the request holds {found} records; this model takes at most {limit} per request: send several"
    )]
    TooManyRecords {
        /// In the request.
        found: usize,
        /// By the card.
        limit: usize,
    },
    /// There are more ciphertexts than a request may hold.
    #[error(
        "the request holds {found} ciphertexts; this model takes at most {limit} per request: send several"
    )]
    TooManyCiphertexts {
        /// In the request.
        found: usize,
        /// By the card.
        limit: usize,
    },
    /// The number of rows is not what the records require.
    #[error("the records take {expected} rows under this key, but there are {found}")]
    Rows {
        /// By the layout.
        expected: usize,
        /// In the request.
        found: usize,
    },
    /// The number of ciphertexts in a row is not what the layout and the model require.
    #[error("each row needs {expected} ciphertexts, but has {found}")]
    Columns {
        /// By the layout.
        expected: usize,
        /// In the request.
        found: usize,
    },
    /// The corrections of a seeded upload do not have the size that the layout and the key require.
    #[error(
        "each record needs one element of {expected} bytes of corrections, but has {columns} of {found}"
    )]
    Corrections {
        /// Bytes by the layout.
        expected: usize,
        /// Elements of a row.
        columns: usize,
        /// Bytes of an element.
        found: usize,
    },
    /// The bits after the last correction of a row are not zeros.
    #[error("the bits after the last correction of a row must be zeros")]
    CorrectionPadding,
    /// Masked records don't have the model's features.
    #[error("each masked record needs {expected} numbers, but has {found}")]
    MaskedFeatures {
        /// By the model.
        expected: usize,
        /// In the request.
        found: usize,
    },
    /// A masked number has more bits than a score.
    #[error("a masked number has at most {bits} bits for this model")]
    MaskedRange {
        /// S.
        bits: u32,
    },
    /// A round is for a part that the network doesn't have.
    #[error("the network has no part {found} (from 0), but {parts} of them")]
    RoundPart {
        /// In the request.
        found: u32,
        /// By the card.
        parts: usize,
    },
    /// A round doesn't name what it takes of each voucher.
    #[error(
        "this round takes {expected} ids of each record's voucher, but the request names {found}"
    )]
    RoundVouchers {
        /// By the part.
        expected: usize,
        /// In the request.
        found: usize,
    },
    /// A round names vouchers that the service hasn't made for it.
    #[error(
        "a voucher is not one that this service has made for this model, this key and this part of the network: use the voucher for \
         what it was made for"
    )]
    UnknownVoucher,
    /// The vouchers were derived from a secret that the service doesn't have, or no longer.
    #[error(
        "the vouchers are no longer good: the service has another secret than {0} for them now; fill new ones, or send the records \
         encrypted"
    )]
    VoucherSecret(VoucherSecretId),
    /// The model isn't offered sealed.
    #[error("the model is not offered sealed: its card names the ways that it is offered in")]
    NotSealed,
    /// The model is offered sealed, but its key isn't here.
    #[error("the model is sealed, and its key is not here")]
    NoSealingKey,
    /// A ciphertext could not be decrypted: the service's computation was faulty.
    #[error("the service could not decrypt: try again")]
    Decrypt(#[from] DecryptError),
    /// The public key is not acceptable.
    #[error(transparent)]
    PublicKey(#[from] PublicKeyError),
    /// The key is new, and came without its proof.
    #[error(
        "the key is new to this service: send `key_proof` with it, as /openapi.json describes it, which shows that \
         its modulus is fit for use"
    )]
    KeyProofNeeded,
    /// The key's proof does not prove it.
    #[error(transparent)]
    KeyProof(#[from] KeyProofError),
    /// A ciphertext is invalid.
    #[error(transparent)]
    Ciphertext(#[from] CiphertextError),
    /// The computation was stopped from outside; the request may be sound.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Why records could not be encrypted, or answers not decrypted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The answer's layout, or the session's for a seeded upload, is not possible.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The entries of a seeded upload belong to another key.
    #[error("the entries for a seeded upload belong to a key other than the session's")]
    EntriesOfOtherKey,
    /// The entries of a seeded upload are too few or too many.
    #[error("a seeded upload of these records takes {expected} entries; these are {found}")]
    Entries {
        /// The number of ciphertexts that the records have.
        expected: usize,
        /// Those that were given.
        found: usize,
    },
    /// The source of entries for seeded uploads failed.
    #[error("the pool of entries failed: {0}")]
    EntrySource(String),
    /// The source of vouchers failed.
    #[error("the store of vouchers failed: {0}")]
    VoucherSource(String),
    /// Vouchers don't fit the records.
    #[error(transparent)]
    Voucher(#[from] VoucherError),
    /// A request can't hold as many vouchers.
    #[error(
        "a request holds at most {limit} vouchers of this model, not {found}: ask for them in several"
    )]
    TooManyVouchers {
        /// Those asked for.
        found: usize,
        /// By the card.
        limit: usize,
    },
    /// The model is not offered to encrypted records, or not in one exchange.
    #[error(
        "the model takes no records encrypted once and for all: its owner offers it for vouchers alone, or it has hidden layers, which take several exchanges"
    )]
    NotDirect,
    /// There are not enough vouchers, which this model takes.
    #[error(
        "the model has hidden layers, and takes a voucher for each record: make {needed} of them first (`veilcast voucher fill`)"
    )]
    NoVouchers {
        /// The records.
        needed: usize,
    },
    /// The model has no hidden layers.
    #[error("the model has no hidden layers: its vouchers take one request")]
    NotLayered,
    /// The service has changed the secret of its vouchers while they were being made.
    #[error(
        "the service has changed its secret for vouchers while they were being made: fill again"
    )]
    SecretChanged,
    /// There is nothing to encrypt.
    #[error("there is no record to encrypt")]
    NoRecords,
    /// A record was quantised for a card other than the session's.
    #[error(
        "record {index} (from 0) was quantised for the card {found}, but this model's card is {expected}: quantise it with this one"
    )]
    RecordOfOtherCard {
        /// Which, from 0.
        index: usize,
        /// The digest of the record's card.
        found: CardDigest,
        /// The digest of the session's card.
        expected: CardDigest,
    },
    /// The answer names a different card from the session's.
    #[error(
        "the answer was computed with another version of the model (card {0}): fetch the card and encrypt again"
    )]
    OtherCard(CardDigest),
    /// The answer is encrypted under a different key from the session's.
    #[error("the answer is encrypted under another key: use the key that encrypted the request")]
    OtherKey,
    /// The answer belongs to another request.
    #[error(
        "the answer does not belong to the request: its id, layout or number of records differ"
    )]
    OtherRequest,
    /// The answer doesn't have the number of ciphertexts that the layout requires for its records.
    #[error(
        "the answer has {found:?} rows and columns of ciphertexts, but its records make {expected:?}"
    )]
    Shape {
        /// By the layout.
        expected: [usize; 2],
        /// In the answer.
        found: [usize; 2],
    },
    /// A ciphertext of the answer is invalid.
    #[error("the answer is damaged")]
    Ciphertext(#[from] CiphertextError),
    /// A ciphertext of the answer could not be decrypted.
    #[error("the answer is damaged")]
    Decrypt(#[from] DecryptError),
}

/// Why records weren't masked, or masked scores not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VoucherError {
    /// There is nothing to mask.
    #[error("there is no record to mask")]
    NoRecords,
    /// There is not a voucher for each record.
    #[error("{records} records take as many vouchers; these are {found}")]
    Count {
        /// The records.
        records: usize,
        /// The vouchers.
        found: usize,
    },
    /// The vouchers are for another card.
    #[error(
        "the vouchers were made for the card {found}, but this model's card is {expected}: fill new ones"
    )]
    OtherCard {
        /// The vouchers'.
        found: CardDigest,
        /// The model's.
        expected: CardDigest,
    },
    /// The vouchers are for a network with hidden layers.
    #[error("the vouchers are for a network with hidden layers, which takes several rounds")]
    Layered,
    /// The vouchers are for an affine model.
    #[error("the vouchers are for a model without hidden layers, which takes one request")]
    NotLayered,
    /// A record was quantised for another card.
    #[error(transparent)]
    Record(#[from] OtherCard),
    /// The answer belongs to another request.
    #[error("the answer does not belong to the request: its id, its card or its shape differs")]
    OtherRequest,
}
