//! From features to the integers that get encrypted.

use serde::{Deserialize, Serialize};

use super::InputBits;

/// x_q = round((x − zero)/step), clipped to 0 … 2^bits − 1; halves round up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantization {
    /// Bits of an integer feature.
    pub bits: InputBits,
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
    /// If there is one number per feature, and this feature is beyond the last; a
    /// [`Card`](super::Card) has checked that.
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

impl Quantization {
    /// Integers of this many bits over the same range for all features, its low end below its high
    /// end.
    pub fn over_all(bits: InputBits, [low, high]: [f64; 2]) -> Self {
        Self {
            bits,
            step: PerFeature::All((high - low) / f64::from(bits.max_value())),
            zero: PerFeature::All(low),
        }
    }

    /// Integers of this many bits over a range for each feature, its low end below its high end.
    pub fn over_each(bits: InputBits, ranges: &[[f64; 2]]) -> Self {
        let steps = ranges
            .iter()
            .map(|[low, high]| (high - low) / f64::from(bits.max_value()));
        let zeros = ranges.iter().map(|[low, _]| *low);
        Self {
            bits,
            step: PerFeature::Each(steps.collect()),
            zero: PerFeature::Each(zeros.collect()),
        }
    }

    /// The largest integer, 2^bits − 1.
    pub fn max(&self) -> u32 {
        self.bits.max_value()
    }

    /// The integer of one feature, and whether it was clipped.
    pub fn quantize(&self, feature: usize, value: f64) -> (u32, bool) {
        let steps = (value - self.zero.at(feature)) / self.step.at(feature);
        let max = f64::from(self.max());
        let clipped = steps < -0.5 || steps >= max + 0.5;
        (steps.clamp(0.0, max).round() as u32, clipped)
    }
}
