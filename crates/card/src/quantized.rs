//! A record as the integers that get encrypted, checked against a model's card.

use crate::{Card, CardDigest, ChangedColumns, PreprocessedRecord, RecordError};

/// The integers of one record, and what was done to its cells to get them.
///
/// A value of this type has as many integers as its card has features, none above the largest that
/// the card allows, and knows that card by its digest. So code that takes one checks only that it
/// is for the right card ([`values_for`](Self::values_for)).
///
/// ```
/// # fn example(card: &veilcast_card::Card) -> Result<(), veilcast_card::RecordError> {
/// use veilcast_card::QuantizedRecord;
///
/// let record = QuantizedRecord::new(card, vec![0; card.features()])?;
/// assert_eq!(record.card(), card.digest());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantizedRecord {
    card: CardDigest,
    values: Vec<u32>,
    imputed: usize,
    clipped: usize,
    unknown: usize,
    changed: ChangedColumns,
}

/// A record was quantised for one card, and given to the model or the session of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the record was quantised for the card {found}, but this model's card is {expected}: quantise \
     it with this one"
)]
pub struct OtherCard {
    /// The digest of the record's card.
    pub found: CardDigest,
    /// The digest of the model's card.
    pub expected: CardDigest,
}

impl QuantizedRecord {
    /// A record of integers that don't come from an [`Encoder`](crate::Encoder): one per
    /// feature, each 0 to [`Quantization::max`](crate::Quantization::max).
    ///
    /// # Errors
    /// [`RecordError::Length`] if there are more or fewer than the card has features;
    /// [`RecordError::TooLarge`] for the first that is above the maximum.
    pub fn new(card: &Card, values: Vec<u32>) -> Result<Self, RecordError> {
        check_length(card, values.len())?;
        let limit = card.quantization().max();
        if let Some(index) = values.iter().position(|&value| value > limit) {
            return Err(RecordError::TooLarge {
                index,
                found: values[index],
                limit,
            });
        }
        Ok(Self {
            card: card.digest(),
            values,
            imputed: 0,
            clipped: 0,
            unknown: 0,
            changed: ChangedColumns::default(),
        })
    }

    /// Rounds features, which the float map takes, to the integers of a card.
    ///
    /// For a hybrid model these are the results of its public part.
    ///
    /// # Errors
    /// [`RecordError::Length`] if there are more or fewer than the card has.
    pub fn round(card: &Card, record: &PreprocessedRecord) -> Result<Self, RecordError> {
        let (quantized, clipped) = Self::rounded(card, &record.features)?;
        let mut changed = record.changed.clone();
        if card.public_part().is_none() {
            let columns = clipped
                .iter()
                .filter_map(|&value| card.input().column_of(value));
            changed.clipped.extend(columns);
        }
        Ok(Self {
            imputed: record.imputed,
            clipped: record.clipped + clipped.len(),
            unknown: record.unknown,
            changed,
            ..quantized
        })
    }

    /// Rounds plain numbers, as [`round`](Self::round) does.
    ///
    /// # Errors
    /// As [`round`](Self::round).
    pub fn from_features(card: &Card, features: &[f64]) -> Result<Self, RecordError> {
        Self::rounded(card, features).map(|(quantized, _)| quantized)
    }

    /// Rounds plain numbers; also returns which of them were clipped.
    fn rounded(card: &Card, features: &[f64]) -> Result<(Self, Vec<usize>), RecordError> {
        check_length(card, features.len())?;
        let mut clipped = Vec::new();
        let quantize = |(feature, &value)| {
            let (integer, moved) = card.quantization().quantize(feature, value);
            if moved {
                clipped.push(feature);
            }
            integer
        };
        let values = features.iter().enumerate().map(quantize).collect();
        let quantized = Self {
            card: card.digest(),
            values,
            imputed: 0,
            clipped: clipped.len(),
            unknown: 0,
            changed: ChangedColumns::default(),
        };
        Ok((quantized, clipped))
    }

    /// The digest of the card that the record was quantised for.
    pub fn card(&self) -> CardDigest {
        self.card
    }

    /// The integers, one per feature.
    pub fn values(&self) -> &[u32] {
        &self.values
    }

    /// The integers, for use with a card or a model.
    ///
    /// # Errors
    /// [`OtherCard`] if the record is for a card other than the one with this digest.
    pub fn values_for(&self, card: CardDigest) -> Result<&[u32], OtherCard> {
        if self.card == card {
            return Ok(&self.values);
        }
        Err(OtherCard {
            found: self.card,
            expected: card,
        })
    }

    /// The record for a card that has replaced its own, if that [takes the same integers](Card::takes_records_of).
    pub fn moved(&self, own: &Card, other: &Card) -> Option<Self> {
        let is_right = self.card == own.digest() && other.takes_records_of(own);
        is_right.then(|| Self {
            card: other.digest(),
            ..self.clone()
        })
    }

    /// How many missing cells were given the card's value.
    pub fn imputed(&self) -> usize {
        self.imputed
    }

    /// How many cells were outside the range the model knows and were moved to its edge, by
    /// preprocessing or by quantisation.
    pub fn clipped(&self) -> usize {
        self.clipped
    }

    /// How many categories that the card doesn't know became zeros.
    pub fn unknown(&self) -> usize {
        self.unknown
    }

    /// Which of a table's columns were clipped, and which had a category that the card doesn't know.
    pub fn changed(&self) -> &ChangedColumns {
        &self.changed
    }
}

fn check_length(card: &Card, found: usize) -> Result<(), RecordError> {
    let expected = card.features();
    if found == expected {
        return Ok(());
    }
    Err(RecordError::Length { found, expected })
}
