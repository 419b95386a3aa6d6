//! Where the scores of records are in a plaintext.

use veilcast_card::Card;

use super::error::SealedError;
use crate::bits;
use crate::error::LayoutError;

/// Bits of the mask above the scores: by which the plaintext is closer to uniform.
const HIDING_BITS: u32 = 128;

/// Scores of a record side by side, S bits each, the first one lowest; and records side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SealedSlots {
    slot_bits: u32,
    outputs: usize,
    records_per_answer: usize,
}

/// The most records that share a ciphertext of a sealed model; none if the card doesn't describe one.
pub fn records_per_sealed_ciphertext(card: &Card) -> Option<usize> {
    let slots = SealedSlots::of_card(card).ok()?;
    Some(slots.records_per_answer())
}

impl SealedSlots {
    /// The slots of a model under a key of this size.
    ///
    /// # Errors
    /// There must be room for a record.
    pub(crate) fn new(card: &Card, key_bits: u32) -> Result<Self, LayoutError> {
        let (slot_bits, outputs) = (card.slot_bits().get(), card.outputs());
        let room = key_bits.saturating_sub(HIDING_BITS) as usize;
        let records_per_answer = room / (slot_bits as usize * outputs);
        if records_per_answer == 0 {
            let limit = room as u32 / slot_bits;
            let found = outputs as u32;
            return Err(LayoutError::ScoresPerAnswer { found, limit });
        }
        Ok(Self {
            slot_bits,
            outputs,
            records_per_answer,
        })
    }

    /// The slots of the sealed model that a card describes.
    ///
    /// # Errors
    /// The card must offer one, and the key have room for a record.
    pub(crate) fn of_card(card: &Card) -> Result<Self, SealedError> {
        let sealed = card.sealed().ok_or(SealedError::NotOffered)?;
        Ok(Self::new(card, sealed.key_bits())?)
    }

    /// T, the most records that share a ciphertext.
    pub(crate) fn records_per_answer(&self) -> usize {
        self.records_per_answer
    }

    /// The ciphertexts that hold this many records.
    pub(crate) fn answers(&self, records: usize) -> usize {
        records.div_ceil(self.records_per_answer)
    }

    /// The bits of a record's scores.
    pub(crate) fn record_bits(&self) -> u32 {
        self.slot_bits * self.outputs as u32
    }

    /// The bytes of a record's scores in an answer.
    pub(crate) fn row_bytes(&self) -> usize {
        self.record_bits().div_ceil(8) as usize
    }

    /// The place of an output's score in a record's bits.
    pub(crate) fn slot(&self, output: usize) -> u32 {
        self.slot_bits * output as u32
    }

    /// 2^(S−1), which keeps slots from being negative.
    pub(crate) fn offset(&self) -> u64 {
        1 << (self.slot_bits - 1)
    }

    /// The bytes of each record in a plaintext's lowest bits: big-endian, with zeros above its scores.
    pub(crate) fn rows(&self, plaintext: &[u64], records: usize) -> Vec<u64> {
        let record_bits = self.record_bits();
        let byte = |record: usize, index: usize| {
            let start = 8 * index as u32;
            let width = (record_bits - start).min(8);
            bits::get(plaintext, record_bits * record as u32 + start, width)
        };
        let indices = || (0..self.row_bytes()).rev();
        let rows = (0..records).flat_map(|record| indices().map(move |index| byte(record, index)));
        rows.collect()
    }

    /// The number that has these bytes of each record, or `None` if a row has bits above its scores.
    pub(crate) fn low_bits(&self, rows: &[u64]) -> Option<Vec<u64>> {
        let records = rows.len() / self.row_bytes();
        let mut limbs = vec![0; self.limbs(records)];
        for (record, row) in rows.chunks_exact(self.row_bytes()).enumerate() {
            let start = self.record_bits() * record as u32;
            for (index, &byte) in row.iter().rev().enumerate() {
                if byte > bits::ones((self.record_bits() - 8 * index as u32).min(8)) {
                    return None;
                }
                bits::add_at(&mut limbs, start + 8 * index as u32, byte);
            }
        }
        Some(limbs)
    }

    /// The limbs that hold the scores of records.
    pub(crate) fn limbs(&self, records: usize) -> usize {
        (self.record_bits() as usize * records).div_ceil(64)
    }

    /// The scores of a record, from the bits of all.
    pub(crate) fn scores(&self, limbs: &[u64], record: usize) -> Vec<i64> {
        let start = self.record_bits() * record as u32;
        let score = |output| {
            let slot = bits::get(limbs, start + self.slot(output), self.slot_bits);
            slot.wrapping_sub(self.offset()) as i64
        };
        (0..self.outputs).map(score).collect()
    }
}
