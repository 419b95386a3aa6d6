//! Numbers of bits: of integer inputs, of integer weights, of scores and of rings, each within its range.
//!
//! In files they are plain numbers; one that is out of range is refused where it is read.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number of bits is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the number of {of} bits is {found}; it must be {least} to {most}")]
pub struct BitsError {
    /// What the bits are of: `input`, `weight`, `score` or `ring`.
    pub of: &'static str,
    /// The number given.
    pub found: u32,
    /// The smallest number allowed.
    pub least: u32,
    /// The largest number allowed.
    pub most: u32,
}

macro_rules! bits {
    ($(#[$doc:meta])* $name:ident, $of:literal, $least:literal to $most:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u32", into = "u32")]
        pub struct $name(u32);

        impl $name {
            /// The fewest bits.
            pub const MIN: Self = Self($least);
            /// The most bits.
            pub const MAX: Self = Self($most);

            /// This many bits.
            ///
            /// # Errors
            /// [`BitsError`] if the number is out of range.
            pub const fn new(bits: u32) -> Result<Self, BitsError> {
                if bits < $least || bits > $most {
                    return Err(BitsError {
                        of: $of,
                        found: bits,
                        least: $least,
                        most: $most,
                    });
                }
                Ok(Self(bits))
            }

            /// A number of bits that is fixed in the source code: one out of range doesn't compile.
            pub const fn of<const BITS: u32>() -> Self {
                const { assert!($least <= BITS && BITS <= $most, "bits out of range") }
                Self(BITS)
            }

            /// The number.
            pub const fn get(self) -> u32 {
                self.0
            }

            /// All possible numbers, in ascending order.
            pub fn all() -> impl Iterator<Item = Self> {
                ($least..=$most).map(Self)
            }
        }

        impl TryFrom<u32> for $name {
            type Error = BitsError;

            fn try_from(bits: u32) -> Result<Self, BitsError> {
                Self::new(bits)
            }
        }

        impl From<$name> for u32 {
            fn from(bits: $name) -> Self {
                bits.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

bits! {
    /// Bits of an integer feature, 1 to 16.
    InputBits, "input", 1 to 16
}

bits! {
    /// Bits of an integer weight, its sign included, 2 to 16.
    WeightBits, "weight", 2 to 16
}

bits! {
    /// S, the bits of a score's slot, 1 to 62: a score lies strictly between −2^(S−1) and 2^(S−1).
    SlotBits, "score", 1 to 62
}

bits! {
    /// k, the bits of the ring that a network with [hidden layers](super::Hidden) is computed in, 8 to 126.
    RingBits, "ring", 8 to 126
}

impl InputBits {
    /// The largest integer of this many bits, 2^bits − 1.
    pub const fn max_value(self) -> u32 {
        (1 << self.0) - 1
    }
}

impl WeightBits {
    /// The largest magnitude of an integer of this many bits, 2^(bits − 1) − 1.
    pub const fn max_weight(self) -> u32 {
        (1 << (self.0 - 1)) - 1
    }

    /// The fewest bits that weights up to this magnitude need.
    ///
    /// # Errors
    /// [`BitsError`] if there is no weight but 0, or it takes more bits than a weight may have.
    pub const fn holding(max_weight: u32) -> Result<Self, BitsError> {
        Self::new(u32::BITS - max_weight.leading_zeros() + 1)
    }
}

impl SlotBits {
    /// 2^(S−1): every score's magnitude is below it.
    pub const fn edge(self) -> u64 {
        1 << (self.0 - 1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn numbers_out_of_range_are_refused() {
        for (found, is_fit) in [(0, false), (1, true), (16, true), (17, false)] {
            assert_eq!(InputBits::new(found).is_ok(), is_fit, "{found}");
            let read = serde_json::from_value::<InputBits>(found.into());
            assert_eq!(read.is_ok(), is_fit, "{found}");
        }
        for (found, is_fit) in [(1, false), (2, true), (16, true), (17, false)] {
            assert_eq!(WeightBits::new(found).is_ok(), is_fit, "{found}");
        }
        for (found, is_fit) in [(0, false), (1, true), (62, true), (63, false)] {
            assert_eq!(SlotBits::new(found).is_ok(), is_fit, "{found}");
        }
        let told = InputBits::new(17).unwrap_err().to_string();
        assert_eq!(told, "the number of input bits is 17; it must be 1 to 16");
    }

    #[test]
    fn weights_are_held_by_as_few_bits_as_possible() {
        for bits in WeightBits::all() {
            let most = bits.max_weight();
            assert_eq!(WeightBits::holding(most), Ok(bits));
            let wider = WeightBits::new(bits.get() + 1);
            assert_eq!(WeightBits::holding(most + 1).ok(), wider.ok());
        }
        assert!(WeightBits::holding(0).is_err());
    }

    #[test]
    fn in_files_they_are_plain_numbers() {
        let json = serde_json::to_string(&[InputBits::MIN, InputBits::of::<8>()]).unwrap();
        assert_eq!(json, "[1,8]");
        assert_eq!(InputBits::all().count(), 16);
        assert_eq!(InputBits::MAX.max_value(), 65_535);
        assert_eq!(SlotBits::of::<8>().edge(), 128);
        assert_eq!(format!("{:>4}", SlotBits::MAX), "  62");
    }
}
