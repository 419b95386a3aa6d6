//! What a client may ask of a model: one request or another, told apart by its tensor.

use std::time::Duration;

use crate::framing::split;
use crate::request::ReceivedRequest;
use crate::{
    DecodeError, Encoding, Framing, InferRequest, KeyFingerprint, Layout, Limits,
    MASKED_INPUT_TENSOR, MaskedRequest, ROUND_INPUT_TENSOR, RoundRequest, SEALED_INPUT_TENSOR,
    SealedRequest,
};

/// A request for scores, or for vouchers: with ciphertexts under the client's key or a sealed model's, or with records or numbers of a hidden layer that vouchers
/// mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inference {
    /// Ciphertexts.
    Encrypted(InferRequest),
    /// Masked records.
    Masked(MaskedRequest),
    /// Ciphertexts made of a sealed model's weights.
    Sealed(SealedRequest),
    /// Masked numbers of a network with hidden layers.
    Round(RoundRequest),
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
        } else if has(ROUND_INPUT_TENSOR) {
            RoundRequest::read(received, raw, limits).map(Self::Round)
        } else {
            InferRequest::read(received, raw, limits).map(Self::Encrypted)
        }
    }

    /// The number of records to be predicted: none if vouchers are asked for, nor in rounds after a network's first.
    #[must_use]
    pub fn records(&self) -> usize {
        match self {
            Self::Round(request) if request.part > 0 => 0,
            Self::Round(request) => request.records(),
            Self::Encrypted(request) if request.layout().is_ahead() => 0,
            // A prediction that was begun before.
            Self::Encrypted(request) if matches!(request.layout(), Layout::Layer { part: 1.. }) => {
                0
            }
            Self::Encrypted(request) => request.records(),
            Self::Masked(request) => request.vouchers.len(),
            Self::Sealed(request) => request.records,
        }
    }

    /// The number of vouchers that are asked for; the first of a network's requests for them counts.
    #[must_use]
    pub fn vouchers(&self) -> usize {
        match self {
            Self::Encrypted(request)
                if matches!(
                    request.layout(),
                    Layout::Vouchers | Layout::Shares { part: 0 }
                ) =>
            {
                request.records()
            }
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
            Self::Round(request) => Some(request.key_fingerprint),
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
            Self::Round(request) => request.timeout,
        }
    }

    /// The form in which the client wants its answer.
    #[must_use]
    pub fn answer(&self) -> Encoding {
        match self {
            Self::Encrypted(request) => request.answer(),
            Self::Masked(request) => request.answer,
            Self::Sealed(request) => request.answer,
            Self::Round(request) => request.answer,
        }
    }
}
