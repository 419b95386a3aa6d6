//! [`Predictor`]: what turns records into requests.

use std::num::NonZeroUsize;
use std::sync::Arc;

use veilcast_card::{Card, QuantizedRecord};
use veilcast_protocol::VoucherSecretId;

use crate::error::SessionError;
use crate::prepared::Prepared;
use crate::sealed::SealedModel;
use crate::session::Session;

/// A session with a key of the client's, or a sealed model, which takes none. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Predictor {
    /// The owner of a key.
    Session(Arc<Session>),
    /// The holder of encrypted weights.
    Sealed(Arc<SealedModel>),
}

impl Predictor {
    /// The model's card.
    pub fn card(&self) -> &Card {
        match self {
            Self::Session(session) => session.card(),
            Self::Sealed(model) => model.card(),
        }
    }

    /// Makes a request of quantised records.
    ///
    /// # Errors
    /// There must be a record, and each must be quantised for this card; and a session's sources must not fail.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn prepare(&self, records: &[QuantizedRecord]) -> Result<Prepared, SessionError> {
        match self {
            Self::Session(session) => session.prepare(records),
            Self::Sealed(model) => {
                let (request, opening) = model.prepare(records)?;
                Ok(Prepared::Sealed(request, opening))
            }
        }
    }

    /// The most rows of what this has prepared that the card allows in a request.
    pub fn most_rows(&self, prepared: &Prepared) -> usize {
        match prepared {
            Prepared::Encrypted(_) | Prepared::Layered(..) | Prepared::Sealed(..) => {
                self.max_records() / self.records_per_group()
            }
            Prepared::Masked(..) | Prepared::Round(..) => self.card().limits().max_records as usize,
        }
    }

    /// What this has prepared, split into parts of at most this many rows, in order, each with its own id. Nothing is encrypted or masked
    /// again.
    ///
    /// # Panics
    /// If it was prepared by another one, or the operating system's generator fails.
    pub fn in_parts(&self, prepared: Prepared, rows: NonZeroUsize) -> Vec<Prepared> {
        prepared.split(rows, |request| match self {
            Self::Session(session) => session.in_parts(request, rows),
            Self::Sealed(_) => panic!("records for a sealed model aren't encrypted"),
        })
    }

    /// The records that share ciphertexts: a request costs least if its records are a multiple of it.
    pub fn records_per_group(&self) -> usize {
        match self {
            Self::Session(session) => session.records_per_group(),
            Self::Sealed(model) => model.records_per_group(),
        }
    }

    /// The most records that the card allows in a request.
    pub fn max_records(&self) -> usize {
        match self {
            Self::Session(session) => session.max_records(),
            Self::Sealed(model) => model.max_records(),
        }
    }

    /// Drops the vouchers for this card that were derived from a secret which the service no longer has.
    pub fn discard_vouchers(&self, secret: VoucherSecretId) {
        if let Self::Session(session) = self {
            session.discard_vouchers(secret);
        }
    }
}

impl From<Arc<Session>> for Predictor {
    fn from(session: Arc<Session>) -> Self {
        Self::Session(session)
    }
}

impl From<Arc<SealedModel>> for Predictor {
    fn from(model: Arc<SealedModel>) -> Self {
        Self::Sealed(model)
    }
}
