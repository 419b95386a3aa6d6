//! [`Mask`]: an answer reveals its slots and nothing else.
//!
//! An answer's plaintext is a sum of slots, of garbage between and above them (see
//! [`arrangement`](crate::arrangement)) and, after a seeded upload, of junk above them (see
//! [`seeded`](crate::seeded)). The service adds a number with uniform bits wherever no slot is.
//!
//! **Between slots.** The w bits below a slot, down to the slot before it or to bit 0, get a mask M,
//! uniform over the w-bit numbers whose 40 highest bits are neither all zeros nor all ones. Garbage G
//! there has |G| < 2^(w−40): the highest of its units starts u bits below the slot and is a sum of at
//! most two cross terms, each below 2^(S−1) in magnitude by the certificate, so |G| < 2^(w−u+S)·(1 + ε)
//! with u − S = 41 and ε < 2^−40, for the lower units. So 0 ≤ G + M < 2^w: nothing borrows from the
//! slot and nothing carries into it, whatever M is. And G + M is uniform up to a statistical
//! distance
//! |G|/(2^w − 2^(w−39)) < 2^−40: garbage is independent of the weights within 2^−40 per gap.
//!
//! The slots of vouchers hold the lowest S bits of sums Y with |Y| < 2^(g−1), and the gaps above them are g + 40 − S bits wide:
//! with the mask of the slot and the gap together as M, 2^g ≤ M < 2^(g+40) − 2^g, the same holds. Nothing borrows or carries, and
//! the bits above the slot are independent of the weights within 2^−40.
//!
//! **Above the slots.** With P the end of the slots, ⌊n/2^P⌋ = Q, and the content above them at
//! most D in magnitude (in units of 2^P), the mask is ρ, uniform with D ≤ ρ < Q − D. That content
//! and ρ together lie between 0 and Q: nothing passes n, so that slots are exact; and they are
//! uniform up to D/(Q − 2D) ≤ 2^−40, for which [`most_slots`](crate::arrangement::most_slots) and
//! [`SeededForm`](crate::seeded::SeededForm) leave room.
//!
//! **Whatever the client encrypted,** the same masks hold. With x_i = 2^(32·i) in place of
//! features, an unmasked answer would hold many weights at once. For any V, V + ρ·2^P modulo n is
//! uniform above bit P up to 2D/Q and 2^P/n, both at most 2^−39; and within a gap V + M is uniform
//! up to 2^−39. So an answer reveals its slots, S bits each and a carry that may come from below,
//! and once whether the sum passed n.

use crypto_bigint::BoxedUint;
use veilcast_paillier::{Plaintext, PublicKey};

use crate::arrangement::{Arrangement, HIDING_BITS};
use crate::bits;

/// The masks of answers with a given number of slots under a key.
pub(crate) struct Mask<'a> {
    key: &'a PublicKey,
    slot_bits: u32,
    /// Where slots start.
    slots: Vec<u32>,
    /// P.
    end: u32,
    /// D.
    least: BoxedUint,
    /// Q − D.
    bound: BoxedUint,
}

impl<'a> Mask<'a> {
    /// Masks for answers with `slots` slots, and junk of at most this magnitude above them, in units
    /// of 2^P.
    ///
    /// # Panics
    /// If there is no slot, or no room for masks; an [`Arrangement`] for the key has it.
    pub(crate) fn new(
        key: &'a PublicKey,
        arrangement: &Arrangement,
        slots: usize,
        junk: &BoxedUint,
    ) -> Self {
        let end = arrangement.slots_end(slots);
        let least = garbage(key.bits(), arrangement).wrapping_add(junk);
        let quotient = number(key.modulus_limbs()) >> end;
        assert!(
            quotient.bits() > HIDING_BITS && &quotient >> HIDING_BITS >= least,
            "an arrangement leaves room for masks"
        );
        Self {
            key,
            slot_bits: arrangement.slot_bits(),
            slots: (0..slots).map(|index| arrangement.slot(index)).collect(),
            end,
            bound: quotient.wrapping_sub(&least),
            least,
        }
    }

    /// A fresh mask, with these numbers of at most S bits in the slots.
    ///
    /// # Panics
    /// If there are not as many numbers as slots, or the operating system's generator fails.
    pub(crate) fn sample(&self, numbers: &[u128]) -> Plaintext {
        assert_eq!(numbers.len(), self.slots.len(), "a number for each slot");
        loop {
            // One uniform number below n holds all: given that its bits above P are not those of
            // the last, incomplete block, the bits below are uniform and independent.
            let uniform = self.key.random_plaintext();
            let mut limbs = uniform.limbs().to_vec();
            let above = number(&limbs) >> self.end;
            if above < self.least || above >= self.bound || !self.gaps_are_inside(&limbs) {
                continue;
            }
            for (&slot, &number) in self.slots.iter().zip(numbers) {
                bits::set_wide(&mut limbs, slot, self.slot_bits, number);
            }
            return self
                .key
                .plaintext(&limbs)
                .expect("all of a complete block is below n");
        }
    }

    /// Whether in each gap the highest bits are neither all zeros nor all ones.
    fn gaps_are_inside(&self, limbs: &[u64]) -> bool {
        let starts = std::iter::once(0).chain(self.slots.iter().map(|slot| slot + self.slot_bits));
        let mut gaps = starts.zip(&self.slots);
        gaps.all(|(start, &slot)| {
            if start == slot {
                return true;
            }
            let highest = bits::get(limbs, slot - HIDING_BITS, HIDING_BITS);
            highest != 0 && highest != bits::ones(HIDING_BITS)
        })
    }
}

/// The least D for garbage alone, under a key of this many bits.
pub(crate) fn garbage(key_bits: u32, arrangement: &Arrangement) -> BoxedUint {
    match arrangement.bits_above() {
        Some(bits) => power_of_two(key_bits, bits),
        None => BoxedUint::zero_with_precision(key_bits),
    }
}

/// 2^exponent, in as many limbs as a key of this many bits has.
pub(crate) fn power_of_two(key_bits: u32, exponent: u32) -> BoxedUint {
    BoxedUint::one_with_precision(key_bits) << exponent
}

/// The number of limbs of a key of this many bits.
pub(crate) fn number(limbs: &[u64]) -> BoxedUint {
    BoxedUint::from_words(limbs.iter().copied())
}
