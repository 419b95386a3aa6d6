//! [`Rounds`]: the client's side of records on their way through a network.

use veilcast_card::{Card, CardDigest, Hidden, QuantizedRecord};
use veilcast_protocol::{
    Encoding, IntegerMatrix, KeyFingerprint, MaskedResponse, RoundRequest, VoucherSecretId,
};
use zeroize::Zeroizing;

use super::kept::LayeredVoucher;
use super::ring::Ring;
use crate::error::VoucherError;
use crate::id::new_id;
use crate::vouchers::record_numbers;

/// Records on their way through a network, each with its voucher. Secret.
pub struct Rounds {
    id: Option<String>,
    card: CardDigest,
    key: KeyFingerprint,
    secret: VoucherSecretId,
    hidden: Hidden,
    outputs: usize,
    part: usize,
    vouchers: Vec<LayeredVoucher>,
}

/// What follows on an answer.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are a few of them per prediction, each moved once"
)]
pub enum Round {
    /// The next request.
    Next(RoundRequest, Rounds),
    /// One score per output for each record, exactly as the model computes them from the quantised record.
    Scores(Vec<Vec<i64>>),
}

impl Rounds {
    /// The first request for records that were quantised for the vouchers' card, one for each voucher.
    ///
    /// # Errors
    /// A record must be for this card.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub(crate) fn begin(
        card: &Card,
        (key, secret): (KeyFingerprint, VoucherSecretId),
        vouchers: Vec<LayeredVoucher>,
        records: &[QuantizedRecord],
    ) -> Result<(RoundRequest, Self), VoucherError> {
        let mut rounds = Self {
            id: None,
            card: card.digest(),
            key,
            secret,
            hidden: card.hidden().expect("the card is a network's").clone(),
            outputs: card.outputs(),
            part: 0,
            vouchers,
        };
        let values = records
            .iter()
            .map(|record| record.values_for(card.digest()));
        let values = values.map(|values| Ok(values?.iter().map(|&x| u128::from(x)).collect()));
        let values: Vec<Zeroizing<Vec<u128>>> = values
            .map(|v: Result<Vec<u128>, VoucherError>| v.map(Zeroizing::new))
            .collect::<Result<_, _>>()?;
        let request = rounds.request(&values, None);
        Ok((request, rounds))
    }

    /// The number of records.
    pub fn records(&self) -> usize {
        self.vouchers.len()
    }

    /// The first request of parts of at most this many records, in order, each with its own id.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub(crate) fn split(
        mut self,
        request: &RoundRequest,
        records: usize,
    ) -> Vec<(RoundRequest, Self)> {
        let mut parts = Vec::new();
        let columns = request.numbers.shape()[1];
        let ids = request.vouchers.len() / request.records();
        let numbers = request.numbers.values().chunks(records * columns);
        for (numbers, vouchers) in numbers.zip(request.vouchers.chunks(records * ids)) {
            let count = numbers.len() / columns;
            let id = Some(new_id());
            let numbers = IntegerMatrix::new(
                [count, columns],
                request.numbers.datatype(),
                numbers.to_vec(),
            );
            let rounds = Self {
                id: id.clone(),
                hidden: self.hidden.clone(),
                vouchers: self.vouchers.drain(..count).collect(),
                ..self
            };
            let request = RoundRequest {
                id,
                vouchers: vouchers.to_vec(),
                numbers: numbers.expect("they are whole rows"),
                ..request.clone()
            };
            parts.push((request, rounds));
        }
        parts
    }

    /// What follows on the answer to the last request.
    ///
    /// # Errors
    /// The answer must belong to the request.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn receive(mut self, answer: &MaskedResponse) -> Result<Round, VoucherError> {
        let ring = self.ring();
        let is_last = self.part == self.hidden.sizes.len();
        let size = match is_last {
            true => self.outputs,
            false => self.hidden.sizes[self.part],
        };
        let belongs = answer.id == self.id
            && answer.card_digest == self.card
            && answer.scores.shape() == [self.records(), size * ring.bytes()];
        let numbers = answer.scores.iter_rows().map(|row| ring.numbers(row));
        let numbers: Option<Vec<Vec<u128>>> = numbers.collect();
        let (true, Some(numbers)) = (belongs, numbers) else {
            return Err(VoucherError::OtherRequest);
        };
        let part = self.part;
        if is_last {
            let scores = numbers.iter().zip(&self.vouchers).map(|(row, voucher)| {
                let sums = row.iter().zip(voucher.parts[part].shares.iter());
                let results = sums.map(|(z, a)| z.wrapping_add(*a));
                ring.scores(&self.hidden, results).collect()
            });
            return Ok(Round::Scores(scores.collect()));
        }
        // v = 2·(δ∘a + g) + a²
        let own = numbers.iter().zip(&self.vouchers).map(|(deltas, voucher)| {
            let shares = voucher.parts[part].shares.iter();
            let products = voucher.products[part].shares.iter();
            let each = deltas.iter().zip(shares).zip(products);
            let each = each.map(|((delta, a), g)| {
                let twice = delta.wrapping_mul(*a).wrapping_add(*g).wrapping_mul(2);
                twice.wrapping_add(a.wrapping_mul(*a))
            });
            Zeroizing::new(each.collect::<Vec<_>>())
        });
        let own: Vec<_> = own.collect();
        self.part += 1;
        let request = self.request(&own, Some(&numbers));
        Ok(Round::Next(request, self))
    }

    fn ring(&self) -> Ring {
        Ring::new(self.hidden.ring_bits.get())
    }

    /// The request of the present part for the client's shares of its inputs, with the numbers of the last answer.
    fn request(
        &mut self,
        inputs: &[Zeroizing<Vec<u128>>],
        last: Option<&[Vec<u128>]>,
    ) -> RoundRequest {
        let (ring, part) = (self.ring(), self.part);
        let mut numbers = Vec::new();
        for (index, (inputs, voucher)) in inputs.iter().zip(&self.vouchers).enumerate() {
            let seed = &voucher.parts[part].seed;
            let mask = record_numbers(seed, self.hidden.ring_bits.get(), inputs.len());
            numbers.extend(
                inputs
                    .iter()
                    .zip(mask.iter())
                    .map(|(v, r)| v.wrapping_sub(*r)),
            );
            numbers.extend(last.iter().flat_map(|last| last[index].iter().copied()));
        }
        let ids = self.vouchers.iter().flat_map(|voucher| {
            let before = part.checked_sub(1).map(|before| &voucher.products[before]);
            let products = before.into_iter().chain(voucher.products.get(part));
            std::iter::once(voucher.parts[part].id).chain(products.map(|product| product.id))
        });
        self.id = Some(new_id());
        RoundRequest {
            id: self.id.clone(),
            card_digest: self.card,
            key_fingerprint: self.key,
            secret: self.secret,
            part: part as u32,
            vouchers: ids.collect(),
            numbers: ring.matrix(self.vouchers.len(), numbers.into_iter()),
            answer: Encoding::Binary,
            timeout: None,
        }
    }
}

impl std::fmt::Debug for Rounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rounds({} records, part {})", self.records(), self.part)
    }
}
