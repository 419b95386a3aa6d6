//! The service's side of a network's [layers](crate::layers): which shares a request goes on from, and that it does so once.

use veilcast_protocol::{BatchId, InferRequest, KeyFingerprint, Layout};

use super::Evaluator;
use crate::error::{EvaluateError, LayoutError};
use crate::rounds::Spending;
use crate::vouchers::{Kind, VoucherSecret, VoucherUse};

impl Evaluator {
    /// What a request uses of the shares in an earlier answer: nothing, unless it is for a [layer](Layout::Layer) after the first.
    ///
    /// Whoever calls [`evaluate`](Self::evaluate) for such a request has marked it as used before, durably and for all replicas: a
    /// record that goes through a network counts as one, however often its client would like to go on from the same answer.
    ///
    /// # Errors
    /// [`EvaluateError::VoucherSecret`] says that the answer isn't good any more, and [`EvaluateError::UnknownVoucher`] that there was
    /// none.
    pub fn spending(&self, request: &InferRequest) -> Result<Option<Spending>, EvaluateError> {
        let before = self.shares_before(request)?;
        Ok(before.map(|(secret, batch)| Spending {
            secret: secret.id(),
            begun: request.of_batch(batch).collect(),
            ended: Vec::new(),
        }))
    }

    /// The shares that a request goes on from, and the secret that they were derived from.
    pub(super) fn shares_before(
        &self,
        request: &InferRequest,
    ) -> Result<Option<(&VoucherSecret, BatchId)>, EvaluateError> {
        let Layout::Layer { part: part @ 1.. } = request.layout() else {
            return Ok(None);
        };
        let hidden = self.card().hidden();
        let hidden = hidden.ok_or(LayoutError::NotAllowed(request.layout()))?;
        let named = request.vouchers().ok_or(EvaluateError::UnknownVoucher)?;
        let secret = self.secrets.get(named.secret);
        let secret = secret.ok_or(EvaluateError::VoucherSecret(named.secret))?;
        let before = VoucherUse {
            card: request.card_digest(),
            key: KeyFingerprint::of(request.public_key()),
            ring_bits: hidden.ring_bits.get(),
            part: part - 1,
        };
        match secret.has_signed(&before, Kind::Layer, named.id) {
            true => Ok(Some((secret, named.id))),
            false => Err(EvaluateError::UnknownVoucher),
        }
    }
}
