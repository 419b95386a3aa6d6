//! Records masked by vouchers, and their scores.

use rayon::prelude::*;
use veilcast_card::{Card, QuantizedRecord};
use veilcast_model::{IntegerMap, Model};
use veilcast_protocol::{
    CardDigest, Encoding, IntegerMatrix, IntegerType, Layout, MaskedRequest, MaskedResponse,
    RoundRequest,
};
use zeroize::Zeroizing;

use super::secret::VoucherSecret;
use super::voucher::{Made, Vouchers};
use crate::bits;
use crate::error::{EvaluateError, LayoutError, VoucherError};
use crate::id::new_id;
use crate::rounds::Rounds;

/// What turns the masked scores of one request into scores: a of its vouchers. Secret.
pub struct Unmasking {
    id: Option<String>,
    card: CardDigest,
    slot_bits: u32,
    shares: Vec<Zeroizing<Vec<u64>>>,
}

impl Vouchers {
    /// Masks records that were quantised for the vouchers' card, one by each voucher; the request has a random id.
    ///
    /// # Errors
    /// There must be a record, a voucher for each, and all for this card. The vouchers are used up in any case.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn mask(
        self,
        card: &Card,
        records: &[QuantizedRecord],
    ) -> Result<(MaskedRequest, Unmasking), VoucherError> {
        self.check_for(card, records)?;
        let Made::Affine(vouchers) = self.vouchers else {
            return Err(VoucherError::Layered);
        };
        let (slot_bits, features) = (card.slot_bits().get(), card.features());
        let mut masked = Vec::with_capacity(records.len() * features);
        for (record, voucher) in records.iter().zip(&vouchers) {
            let values = record.values_for(self.card)?;
            let mask = voucher.record(slot_bits, features);
            let differences = values.iter().zip(mask.iter());
            masked.extend(
                differences.map(|(&x, &r)| u64::from(x).wrapping_sub(r) & bits::ones(slot_bits)),
            );
        }
        let shape = [records.len(), features];
        let masked = IntegerMatrix::new(shape, IntegerType::for_bits(slot_bits), masked)
            .expect("a number for each feature of each record");
        let request = MaskedRequest {
            id: Some(new_id()),
            card_digest: self.card,
            key_fingerprint: self.key,
            secret: self.secret,
            vouchers: vouchers.iter().map(|voucher| voucher.id).collect(),
            records: masked,
            answer: Encoding::Binary,
            timeout: None,
        };
        let unmasking = Unmasking {
            id: request.id.clone(),
            card: self.card,
            slot_bits,
            shares: vouchers.into_iter().map(|v| v.shares).collect(),
        };
        Ok((request, unmasking))
    }
}

impl Vouchers {
    /// Masks records that were quantised for the vouchers' card, one by each voucher, for the first of the rounds that a network with hidden
    /// layers takes.
    ///
    /// # Errors
    /// As [`mask`](Self::mask), and the model must have hidden layers. The vouchers are used up in any case.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn begin(
        self,
        card: &Card,
        records: &[QuantizedRecord],
    ) -> Result<(RoundRequest, Rounds), VoucherError> {
        self.check_for(card, records)?;
        let Made::Layered(vouchers, _) = self.vouchers else {
            return Err(VoucherError::NotLayered);
        };
        Rounds::begin(card, (self.key, self.secret), vouchers, records)
    }

    fn check_for(&self, card: &Card, records: &[QuantizedRecord]) -> Result<(), VoucherError> {
        if records.is_empty() {
            return Err(VoucherError::NoRecords);
        }
        if records.len() != self.len() {
            let (records, found) = (records.len(), self.len());
            return Err(VoucherError::Count { records, found });
        }
        if self.card != card.digest() {
            let (found, expected) = (self.card, card.digest());
            return Err(VoucherError::OtherCard { found, expected });
        }
        Ok(())
    }
}

impl Unmasking {
    /// The number of records.
    pub fn records(&self) -> usize {
        self.shares.len()
    }

    /// Takes out what belongs to the first `count` records, which are sent under another id.
    pub(crate) fn split_front(&mut self, count: usize, id: Option<String>) -> Self {
        Self {
            id,
            card: self.card,
            slot_bits: self.slot_bits,
            shares: self.shares.drain(..count).collect(),
        }
    }

    /// The scores of the request's records: one per output for each, exactly as the model computes them from the quantised
    /// record.
    ///
    /// # Errors
    /// The answer must belong to the request.
    pub fn scores(&self, answer: &MaskedResponse) -> Result<Vec<Vec<i64>>, VoucherError> {
        let outputs = self.shares.first().map_or(0, |shares| shares.len());
        let belongs = answer.id == self.id
            && answer.card_digest == self.card
            && answer.scores.shape() == [self.shares.len(), outputs];
        if !belongs {
            return Err(VoucherError::OtherRequest);
        }
        let above = 64 - self.slot_bits;
        let score = |(&z, &a): (&u64, &u64)| ((z.wrapping_add(a) << above) as i64) >> above;
        let rows = answer.scores.iter_rows().zip(&self.shares);
        let scores = rows.map(|(row, shares)| row.iter().zip(shares.iter()).map(score).collect());
        Ok(scores.collect())
    }
}

impl std::fmt::Debug for Unmasking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Unmasking({} records)", self.shares.len())
    }
}

/// Checks a request's sizes and numbers against a model.
pub(crate) fn check(model: &Model, request: &MaskedRequest) -> Result<(), EvaluateError> {
    let card = model.card();
    if model.affine().is_none() {
        return Err(LayoutError::NotAllowed(Layout::Vouchers).into());
    }
    let [found, columns] = request.records.shape();
    let limit = card.limits().max_records as usize;
    if found > limit {
        return Err(EvaluateError::TooManyRecords { found, limit });
    }
    let expected = card.features();
    if columns != expected {
        let found = columns;
        return Err(EvaluateError::MaskedFeatures { expected, found });
    }
    let slot_bits = card.slot_bits().get();
    let largest = request.records.values().iter().max();
    if largest.is_some_and(|&value| value > bits::ones(slot_bits)) {
        return Err(EvaluateError::MaskedRange { bits: slot_bits });
    }
    Ok(())
}

/// z = W·e + b + s for each record of a request that was checked.
pub(crate) fn masked_scores(
    model: &Model,
    secret: &VoucherSecret,
    request: &MaskedRequest,
) -> IntegerMatrix {
    let map = model
        .affine()
        .expect("the request was checked")
        .integer_map();
    let card = model.card();
    let (slot_bits, outputs) = (card.slot_bits().get(), map.outputs());
    let (digest, key) = (request.card_digest, request.key_fingerprint);
    let features = card.features();
    let records = request.records.values().par_chunks(features);
    let scores = records
        .zip(&request.vouchers)
        .flat_map_iter(|(record, &voucher)| {
            let masks = secret.masks(digest, key, voucher, slot_bits, outputs);
            let scores = (0..outputs).zip(masks.iter());
            let scores = scores.map(|(output, &mask)| {
                score(map, output, record).wrapping_add(mask) & bits::ones(slot_bits)
            });
            scores.collect::<Vec<_>>()
        });
    let shape = [request.vouchers.len(), outputs];
    IntegerMatrix::new(shape, IntegerType::for_bits(slot_bits), scores.collect())
        .expect("a score for each output of each record")
}

/// W_o·e + b_o modulo 2^64.
fn score(map: &IntegerMap, output: usize, record: &[u64]) -> u64 {
    let products = map.row(output).iter().zip(record);
    products.fold(map.biases()[output] as u64, |sum, (&weight, &e)| {
        sum.wrapping_add((weight as u64).wrapping_mul(e))
    })
}
