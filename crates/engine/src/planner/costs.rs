//! [`Costs`]: what each operation takes, measured.

use serde::{Deserialize, Serialize};
use veilcast_paillier::KEY_BITS;

/// Number of randomisers that cost little more together than fewer of them.
pub const RANDOMIZERS_AT_ONCE: usize = 8;
/// Number of decryptions that cost little more together than fewer of them.
pub const DECRYPTIONS_AT_ONCE: usize = 4;

/// What operations under keys of one size take, and what a byte in transit takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// The size of the keys, in bits.
    pub key_bits: u32,
    /// Bytes per second between client and service, the same both ways.
    pub link_bytes_per_second: f64,
    /// Seconds that one core takes for each operation.
    pub seconds: Seconds,
}

/// Seconds that one core takes for each operation. Files may also contain operations that are no
/// longer counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    /// A step of a program: a product modulo n².
    pub product: f64,
    /// An inversion modulo n², once for a record's weighted sums.
    pub inversion: f64,
    /// Decoding a ciphertext, one of many.
    pub decoding: f64,
    /// The check that all ciphertexts of a message are coprime to n.
    pub unit_check: f64,
    /// An encryption by the key's owner, one of many, with its encoding.
    pub encryption: f64,
    /// A correction to a pseudo-random ciphertext, which the key's owner sends for it.
    pub correction: f64,
    /// Preparing a cell of a table, as a card says, and rounding what comes of it. Files that were written before it was
    /// measured don't have it.
    #[serde(default = "built_in_cell")]
    pub cell: f64,
    /// Making a pseudo-random ciphertext from its seed, and correcting it.
    pub expansion: f64,
    /// Making 1, 2, … randomisers ρⁿ at once.
    pub randomizers: [f64; RANDOMIZERS_AT_ONCE],
    /// Decrypting 1, 2, … ciphertexts at once.
    pub decryptions: [f64; DECRYPTIONS_AT_ONCE],
}

/// Costs that aren't possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CostsError {
    /// Keys don't have this size.
    #[error("costs of keys of {0} bits are of no use; give 2048, 3072 or 4096")]
    KeyBits(u32),
    /// A time or the link's speed is not a positive number.
    #[error("all times and the link's speed must be positive and below 10^12")]
    Range,
}

impl Costs {
    /// A link of 100 Mbit/s.
    pub const LINK_BYTES_PER_SECOND: f64 = 12.5e6;

    /// These costs, if the planner can use them; for costs from a file.
    ///
    /// # Errors
    /// All numbers must be positive, and the key's size one that keys have.
    pub fn checked(self) -> Result<Self, CostsError> {
        if !KEY_BITS.contains(&self.key_bits) {
            return Err(CostsError::KeyBits(self.key_bits));
        }
        let sound = |number: f64| number > 0.0 && number < 1e12;
        let mut all_sound = sound(self.link_bytes_per_second);
        self.seconds.zip(&self.seconds, |seconds, _| {
            all_sound &= sound(seconds);
            seconds
        });
        all_sound.then_some(self).ok_or(CostsError::Range)
    }
}

impl Seconds {
    /// This many randomisers.
    pub(crate) fn of_randomizers(&self, count: usize) -> f64 {
        in_groups(&self.randomizers, count)
    }

    /// The check of a new key's proof: eight powers modulo n with exponents of its length, and the tests
    /// of the modulus, which were measured to take five times as long as a randomiser.
    pub(crate) fn of_key_check(&self) -> f64 {
        5.0 * self.of_randomizers(1)
    }

    /// This many decryptions.
    pub(super) fn of_decryptions(&self, count: usize) -> f64 {
        in_groups(&self.decryptions, count)
    }

    /// Checking and decrypting this many ciphertexts of a request.
    pub(crate) fn of_opening(&self, count: usize) -> f64 {
        count as f64 * self.decoding + self.unit_check + self.of_decryptions(count)
    }

    pub(crate) fn zip(&self, other: &Self, mut f: impl FnMut(f64, f64) -> f64) -> Self {
        Self {
            product: f(self.product, other.product),
            inversion: f(self.inversion, other.inversion),
            decoding: f(self.decoding, other.decoding),
            unit_check: f(self.unit_check, other.unit_check),
            encryption: f(self.encryption, other.encryption),
            correction: f(self.correction, other.correction),
            cell: f(self.cell, other.cell),
            expansion: f(self.expansion, other.expansion),
            randomizers: std::array::from_fn(|i| f(self.randomizers[i], other.randomizers[i])),
            decryptions: std::array::from_fn(|i| f(self.decryptions[i], other.decryptions[i])),
        }
    }
}

/// The same with every kernel and every key.
fn built_in_cell() -> f64 {
    Costs::built_in(KEY_BITS[0]).seconds.cell
}

/// The time of `count` operations, given those of 1, 2, … at once.
fn in_groups(groups: &[f64], count: usize) -> f64 {
    let (full, rest) = (count / groups.len(), count % groups.len());
    let rest = rest.checked_sub(1).map_or(0.0, |last| groups[last]);
    full as f64 * groups[groups.len() - 1] + rest
}
