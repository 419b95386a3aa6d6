//! [`Prepared`]: records that are masked if there are vouchers for them, and encrypted otherwise.

use std::num::NonZeroUsize;

use veilcast_card::{CardDigest, QuantizedRecord, Way};
use veilcast_protocol::{InferRequest, IntegerMatrix, MaskedRequest};

use super::Session;
use crate::error::SessionError;
use crate::id::new_id;
use crate::vouchers::Unmasking;

/// Records, ready to be sent.
#[derive(Debug)]
pub enum Prepared {
    /// Encrypted.
    Encrypted(InferRequest),
    /// Masked by vouchers, with what reads the answer.
    Masked(MaskedRequest, Unmasking),
}

impl Session {
    /// Masks quantised records if there are vouchers for all of them, and encrypts them otherwise.
    ///
    /// # Errors
    /// There must be a record, each must be quantised for this card, and a source must not fail.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn prepare(&self, records: &[QuantizedRecord]) -> Result<Prepared, SessionError> {
        if let Some(source) = &self.vouchers
            && !records.is_empty()
            && self.card().ways().contains(&Way::Vouchers)
        {
            let vouchers = source.0.take(self.card(), records.len());
            if let Some(vouchers) = vouchers.map_err(SessionError::VoucherSource)? {
                let (request, unmasking) = vouchers.mask(self.card(), records)?;
                return Ok(Prepared::Masked(request, unmasking));
            }
        }
        self.encrypt(records).map(Prepared::Encrypted)
    }
}

impl Prepared {
    /// The card that the records were prepared for.
    pub fn card_digest(&self) -> CardDigest {
        match self {
            Self::Encrypted(request) => request.card_digest(),
            Self::Masked(request, _) => request.card_digest,
        }
    }

    /// Rows of the request's tensor.
    pub fn rows(&self) -> usize {
        match self {
            Self::Encrypted(request) => request.upload().rows(),
            Self::Masked(request, _) => request.vouchers.len(),
        }
    }

    /// The most rows that the card of this session, which has prepared them, allows in a request.
    pub fn most_rows(&self, session: &Session) -> usize {
        match self {
            Self::Encrypted(_) => session.max_records() / session.records_per_group(),
            Self::Masked(..) => session.card().limits().max_records as usize,
        }
    }

    /// The same, split into parts of at most this many rows, in order, each with its own id. Nothing is encrypted or masked again.
    ///
    /// # Panics
    /// If another session has encrypted them, or the operating system's generator fails.
    #[must_use]
    pub fn in_parts(self, session: &Session, rows: NonZeroUsize) -> Vec<Self> {
        match self {
            Self::Encrypted(request) => {
                let parts = session.in_parts(&request, rows).into_iter();
                parts.map(Self::Encrypted).collect()
            }
            Self::Masked(request, unmasking) => masked_parts(&request, unmasking, rows.get()),
        }
    }
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
