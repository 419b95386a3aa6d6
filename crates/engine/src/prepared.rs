//! [`Prepared`]: records in the form in which they are sent.

use std::num::NonZeroUsize;

use veilcast_card::CardDigest;
use veilcast_protocol::{
    ByteMatrix, InferRequest, IntegerMatrix, MaskedRequest, RoundRequest, SealedRequest,
};

use crate::id::new_id;
use crate::layers::Layers;
use crate::rounds::Rounds;
use crate::sealed::Opening;
use crate::vouchers::Unmasking;

/// Records, ready to be sent.
#[derive(Debug)]
pub enum Prepared {
    /// Encrypted.
    Encrypted(InferRequest),
    /// Encrypted for the first layer of a network, with what makes the next request.
    Layered(InferRequest, Layers),
    /// Masked by vouchers, with what reads the answer.
    Masked(MaskedRequest, Unmasking),
    /// Masked by vouchers for the first round of a network with hidden layers, with what makes the next.
    Round(RoundRequest, Rounds),
    /// In what was made of a sealed model's weights, with what reads the answer.
    Sealed(SealedRequest, Opening),
}

impl Prepared {
    /// The card that the records were prepared for.
    pub fn card_digest(&self) -> CardDigest {
        match self {
            Self::Encrypted(request) | Self::Layered(request, _) => request.card_digest(),
            Self::Masked(request, _) => request.card_digest,
            Self::Round(request, _) => request.card_digest,
            Self::Sealed(request, _) => request.card_digest,
        }
    }

    /// Whether some of it has been answered already, so that it can't be divided.
    pub fn is_under_way(&self) -> bool {
        match self {
            Self::Round(request, _) => request.part > 0,
            Self::Layered(request, _) => request.vouchers().is_some(),
            Self::Encrypted(_) | Self::Masked(..) | Self::Sealed(..) => false,
        }
    }

    /// Rows of the request's tensor.
    pub fn rows(&self) -> usize {
        match self {
            Self::Encrypted(request) | Self::Layered(request, _) => request.upload().rows(),
            Self::Masked(request, _) => request.vouchers.len(),
            Self::Round(request, _) => request.records(),
            Self::Sealed(request, _) => request.ciphertexts.rows(),
        }
    }

    /// The same, split into parts of at most this many rows, in order, each with its own id; encrypted records by what is given for them.
    pub(crate) fn split(
        self,
        rows: NonZeroUsize,
        encrypted: impl FnOnce(&InferRequest) -> Vec<InferRequest>,
    ) -> Vec<Self> {
        match self {
            Self::Encrypted(request) => {
                let parts = encrypted(&request).into_iter();
                parts.map(Self::Encrypted).collect()
            }
            Self::Layered(request, layers) => {
                let parts = encrypted(&request).into_iter();
                parts
                    .map(|part| Self::Layered(part, layers.clone()))
                    .collect()
            }
            Self::Masked(request, unmasking) => masked_parts(&request, unmasking, rows.get()),
            Self::Round(request, rounds_of_records) => {
                let parts = rounds_of_records.split(&request, rows.get()).into_iter();
                parts
                    .map(|(request, rounds)| Self::Round(request, rounds))
                    .collect()
            }
            Self::Sealed(request, opening) => sealed_parts(&request, opening, rows.get()),
        }
    }
}

fn sealed_parts(request: &SealedRequest, mut opening: Opening, rows: usize) -> Vec<Prepared> {
    let width = request.ciphertexts.width();
    let parts = request.ciphertexts.as_bytes().chunks(rows * width);
    let part = |bytes: &[u8]| {
        let rows = bytes.len() / width;
        let ciphertexts = ByteMatrix::new([rows, 1], width, bytes.to_vec());
        let id = Some(new_id());
        let opening = opening.split_front(rows, id.clone());
        let request = SealedRequest {
            id,
            records: opening.records(),
            ciphertexts: ciphertexts.expect("they are whole rows"),
            ..request.clone()
        };
        Prepared::Sealed(request, opening)
    };
    parts.map(part).collect()
}

fn masked_parts(request: &MaskedRequest, mut unmasking: Unmasking, rows: usize) -> Vec<Prepared> {
    let [_, columns] = request.records.shape();
    let records = request.records.values().chunks(rows * columns);
    let parts = request.vouchers.chunks(rows).zip(records);
    let part = |(vouchers, values): (&[_], &[u64])| {
        let shape = [vouchers.len(), columns];
        let records = IntegerMatrix::new(shape, request.records.datatype(), values.to_vec());
        let id = Some(new_id());
        let unmasking = unmasking.split_front(vouchers.len(), id.clone());
        let request = MaskedRequest {
            id,
            vouchers: vouchers.to_vec(),
            records: records.expect("they are whole rows"),
            ..request.clone()
        };
        Prepared::Masked(request, unmasking)
    };
    parts.map(part).collect()
}
