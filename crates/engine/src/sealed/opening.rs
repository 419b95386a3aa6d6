//! [`Opening`], which turns an answer into scores.

use veilcast_card::{Card, CardDigest};
use veilcast_protocol::{MaskedResponse, SealedRequest};
use zeroize::Zeroizing;

use super::error::SealedError;
use super::slots::SealedSlots;
use crate::bits;
use crate::error::SessionError;

/// What turns the answer to one request into scores: the lowest bits of r for each of its ciphertexts. Secret.
pub struct Opening {
    id: Option<String>,
    card: CardDigest,
    slots: SealedSlots,
    records: usize,
    /// For each ciphertext, as many bits as its records' scores have.
    masks: Vec<Zeroizing<Vec<u64>>>,
}

/// An opening as bytes, for a file that is kept until the answer is there. Secret.
pub struct StoredOpening {
    /// The id of the request.
    pub id: Option<String>,
    /// The digest of the card that the records were prepared with.
    pub card: CardDigest,
    /// The number of records.
    pub records: usize,
    /// For each ciphertext, r modulo 2^(S·m·t) for its t records, little-endian, in eight bytes per limb.
    pub masks: Zeroizing<Vec<u8>>,
}

impl Opening {
    pub(super) fn new(
        id: Option<String>,
        card: CardDigest,
        slots: SealedSlots,
        records: usize,
        masks: Vec<Zeroizing<Vec<u64>>>,
    ) -> Self {
        Self {
            id,
            card,
            slots,
            records,
            masks,
        }
    }

    /// The number of records.
    pub fn records(&self) -> usize {
        self.records
    }

    /// The scores of the request's records: one per output for each, exactly as the model computes them from the quantised record.
    ///
    /// # Errors
    /// The answer must belong to the request, and be undamaged.
    pub fn scores(&self, answer: &MaskedResponse) -> Result<Vec<Vec<i64>>, SessionError> {
        let belongs = answer.id == self.id
            && answer.card_digest == self.card
            && answer.scores.shape() == [self.records, self.slots.row_bytes()];
        if !belongs {
            return Err(SessionError::OtherRequest);
        }
        let per_answer = self.slots.records_per_answer() * self.slots.row_bytes();
        let answers = answer.scores.values().chunks(per_answer).zip(&self.masks);
        let mut scores = Vec::with_capacity(self.records);
        for (rows, mask) in answers {
            let low_bits = self.slots.low_bits(rows);
            let mut low_bits = low_bits.ok_or(SessionError::OtherRequest)?;
            bits::subtract(&mut low_bits, mask);
            let records = rows.len() / self.slots.row_bytes();
            scores.extend((0..records).map(|record| self.slots.scores(&low_bits, record)));
        }
        Ok(scores)
    }

    /// Takes out what belongs to the first `rows` ciphertexts, which are sent under another id.
    pub(crate) fn split_front(&mut self, rows: usize, id: Option<String>) -> Self {
        let records = (rows * self.slots.records_per_answer()).min(self.records);
        self.records -= records;
        Self {
            id,
            card: self.card,
            slots: self.slots,
            records,
            masks: self.masks.drain(..rows).collect(),
        }
    }

    /// The opening as bytes for a file.
    pub fn to_stored(&self) -> StoredOpening {
        let limbs = self.masks.iter().map(|mask| mask.len()).sum::<usize>();
        let mut masks = Zeroizing::new(Vec::with_capacity(8 * limbs));
        for limb in self.masks.iter().flat_map(|mask| mask.iter()) {
            masks.extend_from_slice(&limb.to_le_bytes());
        }
        StoredOpening {
            id: self.id.clone(),
            card: self.card,
            records: self.records,
            masks,
        }
    }

    /// The opening that a file holds, for the model of this card; none if it isn't whole.
    ///
    /// # Errors
    /// [`SealedError`] if the card offers no sealed model.
    pub fn from_stored(stored: &StoredOpening, card: &Card) -> Result<Option<Self>, SealedError> {
        let slots = SealedSlots::of_card(card)?;
        let per_answer = slots.records_per_answer();
        let lengths = (0..stored.records).step_by(per_answer).map(|first| {
            let records = per_answer.min(stored.records - first);
            slots.limbs(records)
        });
        let is_whole = stored.records > 0
            && stored.masks.len() == 8 * lengths.clone().sum::<usize>()
            && stored.card == card.digest();
        if !is_whole {
            return Ok(None);
        }
        let (limbs, _) = stored.masks.as_chunks();
        let mut limbs = limbs.iter().map(|&limb| u64::from_le_bytes(limb));
        let masks = lengths.map(|length| Zeroizing::new(limbs.by_ref().take(length).collect()));
        let masks = masks.collect();
        Ok(Some(Self::new(
            stored.id.clone(),
            stored.card,
            slots,
            stored.records,
            masks,
        )))
    }

    /// Whether it opens the answers to this request.
    pub fn is_of(&self, request: &SealedRequest) -> bool {
        self.id == request.id && self.records == request.records && self.card == request.card_digest
    }
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opening({} records)", self.records)
    }
}

impl std::fmt::Debug for StoredOpening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredOpening({} records)", self.records)
    }
}
