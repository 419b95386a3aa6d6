//! From features to the integers that get encrypted.

use serde::{Deserialize, Serialize};

use super::{Card, RecordError};

/// x_q = round((x − zero)/step), clipped to 0 … 2^bits − 1; halves round up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantization {
    /// Bits of an integer feature, 1 to 16.
    pub bits: u32,
    /// What one step of the integer is worth, finite and positive.
    pub step: PerFeature,
    /// The value that becomes 0, finite.
    pub zero: PerFeature,
}

/// One number for all features, or one for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PerFeature {
    /// The same number for every feature.
    All(f64),
    /// A number for each feature, in order.
    Each(Vec<f64>),
}

impl PerFeature {
    /// The number of one feature.
    ///
    /// # Panics
    /// If there is a number for each feature, and not so many; a [`Card`] has checked it.
    pub fn at(&self, feature: usize) -> f64 {
        match self {
            Self::All(number) => *number,
            Self::Each(numbers) => numbers[feature],
        }
    }

    /// The distinct numbers.
    pub fn as_slice(&self) -> &[f64] {
        match self {
            Self::All(number) => std::slice::from_ref(number),
            Self::Each(numbers) => numbers,
        }
    }
}

/// The integers of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantizedRecord {
    /// An integer a feature, each 0 to [`Quantization::max`].
    pub values: Vec<u32>,
    /// How many features lay outside the range the model knows and were moved to its edge.
    pub clipped: usize,
}

impl Quantization {
    /// The largest integer, 2^bits − 1.
    pub fn max(&self) -> u32 {
        (1 << self.bits) - 1
    }

    /// The integer of one feature, and whether it had to be clipped.
    pub(crate) fn quantize(&self, feature: usize, value: f64) -> (u32, bool) {
        let rounded = ((value - self.zero.at(feature)) / self.step.at(feature)).round();
        let clipped = rounded.clamp(0.0, f64::from(self.max()));
        (clipped as u32, clipped != rounded)
    }
}

impl Card {
    /// Turns a raw record into the integers that get encrypted.
    ///
    /// `raw` has [`raw_features`](Card::raw_features) values, such as pixels 0 to 255 or a
    /// table's columns in the card's order. They are preprocessed, then quantised.
    ///
    /// # Errors
    /// [`RecordError`] if the record has another length, or a value isn't finite.
    pub fn quantize(&self, raw: &[f64]) -> Result<QuantizedRecord, RecordError> {
        let features = self.preprocess(raw)?;
        let mut clipped = 0;
        let values = features
            .iter()
            .enumerate()
            .map(|(feature, &value)| {
                let (integer, moved) = self.quantization().quantize(feature, value);
                clipped += usize::from(moved);
                integer
            })
            .collect();
        Ok(QuantizedRecord { values, clipped })
    }

    /// Turns a raw record into the features that the float map takes.
    ///
    /// # Errors
    /// As [`quantize`](Card::quantize).
    pub fn preprocess(&self, raw: &[f64]) -> Result<Vec<f64>, RecordError> {
        if raw.len() != self.raw_features() {
            return Err(RecordError::Length {
                found: raw.len(),
                expected: self.raw_features(),
            });
        }
        if let Some(index) = raw.iter().position(|value| !value.is_finite()) {
            return Err(RecordError::NotFinite {
                index,
                name: self.feature_name(index),
                value: raw[index],
            });
        }
        Ok(self.input().preprocessing.apply(raw))
    }
}
