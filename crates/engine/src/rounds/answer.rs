//! The service's side of a round, in plaintext.

use rayon::prelude::*;
use veilcast_card::Card;
use veilcast_model::Model;
use veilcast_protocol::{IntegerMatrix, Layout, RoundRequest, VoucherId};
use zeroize::Zeroizing;

use super::ring::Ring;
use crate::error::{EvaluateError, LayoutError};
use crate::vouchers::{VoucherSecret, VoucherUse};

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
        let Some(hidden) = card.hidden() else {
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
    pub(crate) fn products(&self) -> usize {
        self.request.records() * self.inputs * self.outputs
    }
}

/// What is sent back: δₗ for each record, or z_L.
pub(crate) fn answer(
    model: &Model,
    secret: &VoucherSecret,
    shape: &RoundShape<'_>,
) -> IntegerMatrix {
    let (request, ring) = (shape.request, shape.ring);
    let layered = model.layered().expect("the card is a network's");
    let map = &layered.integers().parts()[request.part as usize];
    let use_in = |part| VoucherUse {
        card: request.card_digest,
        key: request.key_fingerprint,
        ring_bits: model.card().hidden().map_or(0, |h| h.ring_bits.get()),
        part,
    };
    let of_record = |(row, ids): (&[u64], &[VoucherId])| {
        let numbers = ring.numbers(row).expect("the numbers were checked");
        let (masked, returned) = numbers.split_at(shape.inputs);
        let mut inputs = Zeroizing::new(masked.to_vec());
        if !shape.is_first {
            // u = z² + 2·s′, with z = δ + t of the layer before.
            let before = use_in(request.part - 1);
            let factors = secret.factors(&before, ids[1], shape.inputs);
            let shares = secret.product_shares(&before, ids[1], shape.inputs);
            let own = returned.iter().zip(factors.iter()).zip(shares.iter());
            for (input, ((&delta, &factor), &share)) in inputs.iter_mut().zip(own) {
                let z = delta.wrapping_add(factor);
                let square = z.wrapping_mul(z).wrapping_add(share.wrapping_mul(2));
                *input = input.wrapping_add(square);
            }
        }
        let mut z = Zeroizing::new(map.evaluate(&inputs).expect("the shape was checked"));
        let shares = secret.shares(&use_in(request.part), ids[0], shape.outputs);
        for (z, share) in z.iter_mut().zip(shares.iter()) {
            *z = z.wrapping_add(*share);
        }
        if !shape.is_last {
            let own = ids[ids.len() - 1];
            let factors = secret.factors(&use_in(request.part), own, shape.outputs);
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
