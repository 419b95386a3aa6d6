//! Signed integers as plaintexts: v itself, or n − |v| for a negative v.

use crypto_bigint::BoxedUint;
use zeroize::Zeroizing;

use crate::limbs::{all_bits, choose, is_at_most, is_zero};
use crate::plaintext::Plaintext;
use crate::public_key::PublicKey;
use crate::public_values::public;

impl PublicKey {
    /// The plaintext that represents a signed integer: v itself, or n − |v| if v is negative.
    ///
    /// Every accepted key has room for every `i128`.
    pub fn encode(&self, value: i128) -> Plaintext {
        let magnitude = value.unsigned_abs();
        let mut limbs = vec![0; self.limbs()];
        (limbs[0], limbs[1]) = (magnitude as u64, (magnitude >> 64) as u64);
        self.with_sign((value >> 127) as u64, Plaintext::from_checked(limbs))
    }

    /// The signed integer that a plaintext represents, or `None` if it does not fit an `i128`.
    ///
    /// Plaintexts above n/2 are negative. Constant time, except that it shows whether the number
    /// fits.
    ///
    /// # Panics
    /// If the plaintext belongs to a key of another size.
    pub fn decode(&self, plaintext: &Plaintext) -> Option<i128> {
        // The number, and zero if it fits.
        let small = |limbs: &[u64]| {
            let (low, high) = limbs.split_at(2);
            let number = (u128::from(low[1]) << 64 | u128::from(low[0])) as i128;
            (number, all_bits(high) | low[1] >> 63)
        };
        let (value, misfit) = small(plaintext.limbs());
        let (magnitude, negative_misfit) = small(self.negate(plaintext).limbs());
        // Whether it fits shows in the result; which of the two fits is the sign, and doesn't show.
        let is_positive = is_zero(misfit);
        if public((is_positive | is_zero(negative_misfit)) == 0) {
            return None;
        }
        let mask = i128::from(is_positive as i64);
        Some((value & mask) | (magnitude.wrapping_neg() & !mask))
    }

    /// Whether the signed integer that a plaintext represents is at most `bound` in magnitude. Constant time, but
    /// for the result.
    ///
    /// # Panics
    /// If the plaintext belongs to a key of another size.
    pub fn is_within(&self, m: &Plaintext, bound: &Plaintext) -> bool {
        let is_within = |m: &Plaintext| is_at_most(m.limbs(), bound.limbs());
        public((is_within(m) | is_within(&self.negate(m))) != 0)
    }

    /// Whether a plaintext represents a negative number, and the limbs of its magnitude up to the highest that
    /// isn't 0. Variable time: for numbers that everyone may know who can measure the time.
    ///
    /// # Panics
    /// If the plaintext belongs to a key of another size.
    pub fn sign_and_magnitude_vartime(&self, m: &Plaintext) -> (bool, Vec<u64>) {
        let negated = self.negate(m);
        let is_negative = negated.limbs().iter().rev().lt(m.limbs().iter().rev());
        let magnitude = if is_negative { &negated } else { m };
        let used = magnitude.limbs().iter().rposition(|&limb| limb != 0);
        let used = used.map_or(0, |last| last + 1);
        (is_negative, magnitude.limbs()[..used].to_vec())
    }

    /// m, or n − m if the mask `is_negative` is all ones.
    pub(crate) fn with_sign(&self, is_negative: u64, m: Plaintext) -> Plaintext {
        // Both are computed, so that the time does not depend on the sign.
        let limbs = choose(is_negative, self.negate(&m).limbs(), m.limbs());
        Plaintext::from_checked(limbs)
    }

    /// n − m, or 0 for 0.
    pub(crate) fn negate(&self, m: &Plaintext) -> Plaintext {
        assert_eq!(
            m.limbs().len(),
            self.limbs(),
            "the plaintext belongs to a key of another size"
        );
        let n = BoxedUint::from_words(self.modulus_limbs().iter().copied());
        let m = Zeroizing::new(BoxedUint::from_words(m.limbs().iter().copied()));
        let negated = m.neg_mod(&n.into_nz().expect("n is not zero"));
        Plaintext::from_checked(negated.as_words().to_vec())
    }
}
