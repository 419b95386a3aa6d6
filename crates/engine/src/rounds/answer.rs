//! The service's side of a round, in plaintext.

use rayon::prelude::*;
use veilcast_card::{Card, Way};
use veilcast_model::{Model, RingMap};
use veilcast_protocol::{IntegerMatrix, Layout, RoundRequest, VoucherId, VoucherSecretId};
use zeroize::Zeroizing;

use super::ring::Ring;
use crate::error::{EvaluateError, LayoutError};
use crate::vouchers::{Kind, VoucherSecret, VoucherUse};

/// A round whose sizes and numbers are right for its model.
pub(crate) struct RoundShape<'a> {
    request: &'a RoundRequest,
    ring: Ring,
    inputs: usize,
    outputs: usize,
    is_first: bool,
    is_last: bool,
}

impl<'a> RoundShape<'a> {
    /// Checks a request's sizes and numbers against a model's card.
    ///
    /// # Errors
    /// [`EvaluateError`] says what is wrong with it.
    pub(crate) fn check(card: &Card, request: &'a RoundRequest) -> Result<Self, EvaluateError> {
        let part = request.part;
        let hidden = card.hidden();
        let hidden = hidden.filter(|_| card.ways().contains(&Way::Vouchers));
        let Some(hidden) = hidden else {
            return Err(LayoutError::NotAllowed(Layout::Shares { part }).into());
        };
        let (found, limit) = (request.records(), card.limits().max_records as usize);
        if found > limit {
            return Err(EvaluateError::TooManyRecords { found, limit });
        }
        let shapes = hidden.shapes(card.features(), card.outputs());
        let Some(&[inputs, outputs]) = shapes.get(part as usize) else {
            return Err(EvaluateError::RoundPart {
                found: part,
                parts: shapes.len(),
            });
        };
        let shape = Self {
            request,
            ring: Ring::new(hidden.ring_bits.get()),
            inputs,
            outputs,
            is_first: part == 0,
            is_last: part as usize + 1 == shapes.len(),
        };
        let (expected, found) = (shape.ids(), request.vouchers.len() / request.records());
        if found != expected {
            return Err(EvaluateError::RoundVouchers { expected, found });
        }
        let numbers = inputs * if shape.is_first { 1 } else { 2 };
        let (expected, found) = (numbers * shape.ring.bytes(), request.numbers.shape()[1]);
        if found != expected {
            return Err(EvaluateError::MaskedFeatures { expected, found });
        }
        let bits = hidden.ring_bits.get();
        let mut rows = request.numbers.iter_rows();
        if rows.any(|row| shape.ring.numbers(row).is_none()) {
            return Err(EvaluateError::MaskedRange { bits });
        }
        Ok(shape)
    }

    /// The ids that each record names: of the part's shares, and of the products before and after it.
    fn ids(&self) -> usize {
        1 + usize::from(!self.is_first) + usize::from(!self.is_last)
    }

    /// Products of a weight and a number, for all records.
    pub(crate) fn products(&self, model: &Model) -> usize {
        self.request.records() * part_of(model, self.request).products()
    }
}

/// What a round uses of vouchers: to be marked, durably, before it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spending {
    /// The secret that the vouchers were derived from.
    pub secret: VoucherSecretId,
    /// What must not have been used before: the products of the hidden layer that the round ends in.
    pub begun: Vec<VoucherId>,
    /// What must have been used once: the products of the hidden layer that the round begins with.
    pub ended: Vec<VoucherId>,
}

impl RoundShape<'_> {
    /// Checks that the service has made the vouchers, for this card, key and part.
    ///
    /// # Errors
    /// [`EvaluateError::UnknownVoucher`] if not.
    pub(crate) fn check_vouchers(&self, secret: &VoucherSecret) -> Result<(), EvaluateError> {
        let is_ours = |kind, part, voucher: &VoucherId| {
            secret.has_signed(&self.use_in(part), kind, voucher.batch)
        };
        let part = self.request.part;
        let are_ours = self.request.vouchers_of_records().all(|ids| {
            let (last, own) = self.products_of(ids);
            is_ours(Kind::Shares, part, &ids[0])
                && last.is_none_or(|last| is_ours(Kind::Products, part - 1, last))
                && own.is_none_or(|own| is_ours(Kind::Products, part, own))
        });
        match are_ours {
            true => Ok(()),
            false => Err(EvaluateError::UnknownVoucher),
        }
    }

    /// What the round uses.
    pub(crate) fn spending(&self) -> Spending {
        let records = || self.request.vouchers_of_records();
        let ended = records().filter_map(|ids| self.products_of(ids).0.copied());
        let begun = records().filter_map(|ids| self.products_of(ids).1.copied());
        Spending {
            secret: self.request.secret,
            begun: begun.collect(),
            ended: ended.collect(),
        }
    }

    /// The products before and after the part, of what a record names.
    fn products_of<'b>(
        &self,
        ids: &'b [VoucherId],
    ) -> (Option<&'b VoucherId>, Option<&'b VoucherId>) {
        let last = (!self.is_first).then(|| &ids[1]);
        let own = (!self.is_last).then(|| &ids[ids.len() - 1]);
        (last, own)
    }

    fn use_in(&self, part: u32) -> VoucherUse {
        VoucherUse {
            card: self.request.card_digest,
            key: self.request.key_fingerprint,
            ring_bits: self.ring.bits(),
            part,
        }
    }
}

/// The part that a request is for, whose number has been checked.
fn part_of<'a>(model: &'a Model, request: &RoundRequest) -> &'a RingMap {
    let layered = model.layered().expect("the card is a network's");
    &layered.integers().parts()[request.part as usize]
}

/// What is sent back: δₗ for each record, or z_L.
pub(crate) fn answer(
    model: &Model,
    secret: &VoucherSecret,
    shape: &RoundShape<'_>,
) -> IntegerMatrix {
    let (request, ring) = (shape.request, shape.ring);
    let map = part_of(model, request);
    let of_record = |(row, ids): (&[u64], &[VoucherId])| {
        let numbers = ring.numbers(row).expect("the numbers were checked");
        let (masked, returned) = numbers.split_at(shape.inputs);
        let mut inputs = Zeroizing::new(masked.to_vec());
        let (last, own) = shape.products_of(ids);
        if let Some(&last) = last {
            // u = z² + 2·s′, with z = δ + t of the layer before.
            let before = shape.use_in(request.part - 1);
            let factors = secret.factors(&before, last, shape.inputs);
            let shares = secret.product_shares(&before, last, shape.inputs);
            let own = returned.iter().zip(factors.iter()).zip(shares.iter());
            for (input, ((&delta, &factor), &share)) in inputs.iter_mut().zip(own) {
                let z = delta.wrapping_add(factor);
                let square = z.wrapping_mul(z).wrapping_add(share.wrapping_mul(2));
                *input = input.wrapping_add(square);
            }
        }
        let mut z = Zeroizing::new(map.evaluate(&inputs).expect("the shape was checked"));
        let part = shape.use_in(request.part);
        let shares = secret.shares(&part, ids[0], shape.outputs);
        for (z, share) in z.iter_mut().zip(shares.iter()) {
            *z = z.wrapping_add(*share);
        }
        if let Some(&own) = own {
            let factors = secret.factors(&part, own, shape.outputs);
            for (z, factor) in z.iter_mut().zip(factors.iter()) {
                *z = z.wrapping_sub(*factor);
            }
        }
        z
    };
    let records: Vec<_> = request
        .numbers
        .iter_rows()
        .zip(request.vouchers_of_records())
        .collect();
    let answers: Vec<_> = records.into_par_iter().map(of_record).collect();
    let numbers = answers.iter().flat_map(|answer| answer.iter().copied());
    ring.matrix(request.records(), numbers)
}
