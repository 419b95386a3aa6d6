//! Seeded uploads: a seed and a few bits per ciphertext in place of ciphertexts.
//!
//! Every unit modulo n² is a ciphertext of something. So both sides make pseudo-random ciphertexts z_i
//! from a seed ([`PublicKey::seeded_ciphertexts`]), and the key's owner, who can decrypt them to μ_i,
//! sends what turns them into encryptions of the plaintexts. With P the end of an answer's slots, m
//! < 2^P (or m modulo 2^P, where the weights don't reach the rest), the owner sends
//!
//! > lo = (m − μ) mod 2^P  and  top = ⌊(μ + lo)/2^(P+U)⌋,
//!
//! and the service forms c = z·(1 + n)^(lo − top·2^(P+U)), which encrypts
//!
//! > μ + lo − top·2^(P+U) = m + 2^P·u,  0 ≤ u < 2^U.
//!
//! u is *junk*, uniform and known only to the client. Weighted, it lies above the slots, where the
//! [`mask`](crate::mask) hides the result. An answer's weights W_g have Σ_g |W_g| ≤ 2^P/x_max,
//! since Σ_f |w_of|·x_max < 2^S − 1 for each output by the certificate; so junk is at most D =
//! 2^U·(⌊2^P/x_max⌋ + 1) in units of 2^P, and U is the largest with Q ≥ (2^40 + 2)·D, Q = ⌊n/2^P⌋.
//! A correction has P + |n| − P − U = |n| − U bits: about 2P + 40, whatever the key's size.
//!
//! **Why this is safe.** Given z, the correction (lo, top) is a function of m and μ. Model the XOF as a
//! random oracle: z is then a uniform unit, that is, a fresh encryption of a uniform μ under fresh
//! randomness, which nobody without the key can tell from an encryption of anything else
//! (decisional composite residuosity). Replace each μ by μ′ independent of z: for uniform μ′, lo is
//! uniform whatever m is, and top is ⌊(μ′ + lo)/2^(P+U)⌋, which depends on m only through the
//! carries of the lowest P + U bits: a statistical distance of at most 2^(P+1)/n. So corrections to
//! random ciphertexts reveal nothing about m that the ciphertexts don't.
//!
//! **Once.** Two corrections to one z reveal the difference of their plaintexts: a two-time pad. So
//! [`SeededEntries`](crate::SeededEntries) are consumed by the encryption that uses them.

use std::ops::Range;

use crypto_bigint::{BoxedUint, NonZero};
use rayon::prelude::*;
use veilcast_card::Card;
use veilcast_paillier::{Ciphertext, CiphertextError, Plaintext, PublicKey};
use veilcast_protocol::SeededUpload;
use zeroize::Zeroizing;

use crate::arrangement::{Arrangement, HIDING_BITS};
use crate::bits;
use crate::error::{EvaluateError, LayoutError};
use crate::mask::{garbage, number, power_of_two};

/// How a seeded upload is written for an arrangement under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeededForm {
    /// P.
    low_bits: u32,
    /// U.
    junk_bits: u32,
    /// |n| − P − U.
    top_bits: u32,
    /// The largest feature.
    max_input: u32,
    ciphertexts_per_row: usize,
}

impl SeededForm {
    /// The form for this key.
    ///
    /// # Errors
    /// The card must allow seeded uploads, and the key must have room for junk.
    pub(crate) fn new(
        card: &Card,
        arrangement: &Arrangement,
        key: &PublicKey,
    ) -> Result<Self, LayoutError> {
        Self::under(card, arrangement, &number(key.modulus_limbs()))
    }

    /// The form for the modulus n; if one modulus has room, so has every larger one of the same
    /// number of bits.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn under(
        card: &Card,
        arrangement: &Arrangement,
        n: &BoxedUint,
    ) -> Result<Self, LayoutError> {
        let key_bits = n.bits();
        if card.layouts().seeded.is_none() || arrangement.records_per_row() != 1 {
            return Err(LayoutError::SeededNotAllowed);
        }
        let (low_bits, max_input) = (arrangement.full_end(), card.quantization().max());
        // (2^40 + 2)·(garbage + 2^U·weights) ≤ Q, with U as large as can be.
        let hiding = BoxedUint::from_words_with_precision([(1 << HIDING_BITS) + 2], key_bits);
        let room = &(n >> low_bits) / non_zero(hiding);
        let weights = weight_sum(key_bits, low_bits, max_input);
        let garbage = garbage(key_bits, arrangement);
        let junk = room.wrapping_sub(&garbage) / non_zero(weights);
        let is_room = garbage < room && junk.bits() > 1;
        if !is_room {
            return Err(LayoutError::NoRoomForSeeded);
        }
        let junk_bits = junk.bits() - 1;
        Ok(Self {
            low_bits,
            junk_bits,
            top_bits: key_bits - low_bits - junk_bits,
            max_input,
            ciphertexts_per_row: arrangement.ciphertexts_per_row(),
        })
    }

    /// The bits of a correction.
    pub(crate) fn correction_bits(&self) -> u32 {
        self.low_bits + self.top_bits
    }

    /// The bytes of a row's corrections.
    pub(crate) fn row_bytes(&self) -> usize {
        (self.ciphertexts_per_row * self.correction_bits() as usize).div_ceil(8)
    }

    /// The largest magnitude of junk in an answer with this P, in units of 2^P.
    pub(crate) fn junk(&self, key: &PublicKey, end: u32) -> BoxedUint {
        weight_sum(key.bits(), end, self.max_input) << (self.junk_bits + self.low_bits - end)
    }

    /// The corrections that turn pseudo-random ciphertexts, given by their plaintexts, into encryptions
    /// of a row's plaintexts.
    ///
    /// # Panics
    /// If there are not as many of both as a row has ciphertexts; or, with a chance below
    /// 2^(P−|n|), if a pseudo-random plaintext is so large that adding to it passes n.
    pub(crate) fn corrections(
        &self,
        key: &PublicKey,
        plaintexts: &[Plaintext],
        randoms: &[Plaintext],
    ) -> Vec<u8> {
        assert_eq!(plaintexts.len(), self.ciphertexts_per_row, "a row's");
        assert_eq!(randoms.len(), self.ciphertexts_per_row, "one each");
        let mut row = vec![0u64; self.row_bytes().div_ceil(8)];
        let width = self.correction_bits() as usize;
        let slots = power_of_two(key.bits(), self.low_bits).wrapping_sub(BoxedUint::one());
        for (index, (m, random)) in plaintexts.iter().zip(randoms).enumerate() {
            let random = Zeroizing::new(number(random.limbs()));
            let low = Zeroizing::new(number(m.limbs()).wrapping_sub(&*random) & &slots);
            let sum = Zeroizing::new(random.wrapping_add(&*low));
            assert!(
                *sum < number(key.modulus_limbs()) && *sum >= *low,
                "a random number so close to n does not occur"
            );
            let top = &*sum >> (self.low_bits + self.junk_bits);
            let start = index * width;
            bits::copy(low.as_words(), 0, &mut row, start, self.low_bits);
            let start = start + self.low_bits as usize;
            bits::copy(top.as_words(), 0, &mut row, start, self.top_bits);
        }
        let mut bytes: Vec<u8> = row.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        bytes.truncate(self.row_bytes());
        bytes
    }

    /// # Errors
    /// The corrections of an upload must have the width that the form requires.
    pub(crate) fn check_width(&self, upload: &SeededUpload) -> Result<(), EvaluateError> {
        let corrections = &upload.corrections;
        let found = [corrections.columns(), corrections.width()];
        if found == [1, self.row_bytes()] {
            return Ok(());
        }
        Err(EvaluateError::Corrections {
            expected: self.row_bytes(),
            columns: found[0],
            found: found[1],
        })
    }

    /// The ciphertexts of an upload of the right [width](Self::check_width).
    ///
    /// # Errors
    /// The corrections must have zeros after the last one of a row, and the seed must make
    /// ciphertexts.
    pub(crate) fn expand(
        &self,
        key: &PublicKey,
        upload: &SeededUpload,
        rows: Range<usize>,
    ) -> Result<Vec<Ciphertext>, EvaluateError> {
        let SeededUpload {
            seed,
            first,
            corrections,
        } = upload;
        let count = rows.len() * self.ciphertexts_per_row;
        let before = (rows.start * self.ciphertexts_per_row) as u64;
        let first = (first.checked_add(before)).ok_or(CiphertextError::SeedUsedUp)?;
        let mut shifts = Vec::with_capacity(count);
        for row in corrections.iter().skip(rows.start).take(rows.len()) {
            self.read_row(key, row, &mut shifts)?;
        }
        let randoms = key.seeded_ciphertexts(seed, first, count)?;
        let corrected = randoms
            .par_iter()
            .zip(&shifts)
            .map(|(z, shift)| key.add_plaintext(z, shift));
        Ok(corrected.collect())
    }

    /// lo − top·2^(P+U) modulo n for each of a row's ciphertexts.
    fn read_row(
        &self,
        key: &PublicKey,
        row: &[u8],
        shifts: &mut Vec<Plaintext>,
    ) -> Result<(), EvaluateError> {
        let limbs: Vec<u64> = row
            .chunks(8)
            .map(|chunk| {
                let mut bytes = [0; 8];
                bytes[..chunk.len()].copy_from_slice(chunk);
                u64::from_le_bytes(bytes)
            })
            .collect();
        let n = non_zero(number(key.modulus_limbs()));
        let mut bit = 0;
        for _ in 0..self.ciphertexts_per_row {
            let mut low = vec![0; key.limbs()];
            bits::copy(&limbs, bit, &mut low, 0, self.low_bits);
            bit += self.low_bits;
            let mut top = vec![0; key.limbs()];
            let place = (self.low_bits + self.junk_bits) as usize;
            bits::copy(&limbs, bit, &mut top, place, self.top_bits);
            bit += self.top_bits;
            let top = number(&top).rem_vartime(&n);
            let shift = number(&low).sub_mod(&top, &n);
            shifts.push(
                key.plaintext(shift.as_words())
                    .expect("a remainder is below n"),
            );
        }
        let padding = (8 * row.len()) as u32 - bit;
        if bits::get(&limbs, bit, padding) != 0 {
            return Err(EvaluateError::CorrectionPadding);
        }
        Ok(())
    }
}

/// ⌊2^P/x_max⌋ + 1, which Σ_g |W_g| does not exceed.
fn weight_sum(key_bits: u32, end: u32, max_input: u32) -> BoxedUint {
    let max_input = BoxedUint::from_words_with_precision([u64::from(max_input)], key_bits);
    (power_of_two(key_bits, end) / non_zero(max_input)).wrapping_add(BoxedUint::one())
}

fn non_zero(number: BoxedUint) -> NonZero<BoxedUint> {
    NonZero::new(number).expect("it is not zero")
}
