//! What a client may ask of a model: one request or another, told apart by its tensor.

use std::time::Duration;

use crate::framing::split;
use crate::request::ReceivedRequest;
use crate::{
    DecodeError, Encoding, Framing, InferRequest, KeyFingerprint, Layout, Limits,
    MASKED_INPUT_TENSOR, MaskedRequest, SEALED_INPUT_TENSOR, SealedRequest,
};

/// A request for scores, or for vouchers: with ciphertexts under the client's key or a sealed model's, or with records that vouchers
/// mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inference {
    /// Ciphertexts.
    Encrypted(InferRequest),
    /// Masked records.
    Masked(MaskedRequest),
    /// Ciphertexts made of a sealed model's weights.
    Sealed(SealedRequest),
}

impl Inference {
    /// Reads a request of either kind.
    ///
    /// # Errors
    /// Each fault has its own [`DecodeError`].
    pub fn decode(body: &[u8], framing: Framing, limits: &Limits) -> Result<Self, DecodeError> {
        let (received, raw) = split::<ReceivedRequest<'_>>(body, framing, limits)?;
        let has = |name| received.inputs.first_is(|input| input.name() == name);
        if has(MASKED_INPUT_TENSOR) {
            MaskedRequest::read(received, raw, limits).map(Self::Masked)
        } else if has(SEALED_INPUT_TENSOR) {
            SealedRequest::read(received, raw, limits).map(Self::Sealed)
        } else {
            InferRequest::read(received, raw, limits).map(Self::Encrypted)
        }
    }

    /// The number of records to be predicted: none if vouchers are asked for.
    #[must_use]
    pub fn records(&self) -> usize {
        match self {
            Self::Encrypted(request) if request.layout() == Layout::Vouchers => 0,
            Self::Encrypted(request) => request.records(),
            Self::Masked(request) => request.vouchers.len(),
            Self::Sealed(request) => request.records,
        }
    }

    /// The number of vouchers that are asked for.
    #[must_use]
    pub fn vouchers(&self) -> usize {
        match self {
            Self::Encrypted(request) if request.layout() == Layout::Vouchers => request.records(),
            _ => 0,
        }
    }

    /// The client's key that ciphertexts are under, or that vouchers were made for; none for a sealed model, whose key is
    /// the service's.
    #[must_use]
    pub fn key(&self) -> Option<KeyFingerprint> {
        match self {
            Self::Encrypted(request) => Some(KeyFingerprint::of(request.public_key())),
            Self::Masked(request) => Some(request.key_fingerprint),
            Self::Sealed(_) => None,
        }
    }

    /// How long the client waits for the answer.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        match self {
            Self::Encrypted(request) => request.timeout(),
            Self::Masked(request) => request.timeout,
            Self::Sealed(request) => request.timeout,
        }
    }

    /// The form in which the client wants its answer.
    #[must_use]
    pub fn answer(&self) -> Encoding {
        match self {
            Self::Encrypted(request) => request.answer(),
            Self::Masked(request) => request.answer,
            Self::Sealed(request) => request.answer,
        }
    }
}
