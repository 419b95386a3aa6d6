//! Decrypting many small numbers together.
//!
//! The ciphertexts of T numbers below 2^b in magnitude are packed into one with T [`Slots`] of s = b + 1 bits,
//! Π cᵢ^(2^(s·i)) by Horner's rule, and one decryption gives all T numbers. Horner's rule takes s squarings per
//! number, and a decryption about as long as 5/16·|n| of them: for numbers of 64 bits under a key of 3072
//! bits, less than a tenth of the time.
//!
//! A number above its bound would spill into its neighbours' bits. So the result is checked: with uniform ρᵢ
//! below 2⁶⁰, drawn afterwards, Π cᵢ^ρᵢ must decrypt to Σ ρᵢ·vᵢ. If any vᵢ is wrong, at most one ρᵢ
//! satisfies that, whatever the other ρ are: the primes are longer than 60 bits. Then, or if a number is
//! out of bounds, each is decrypted by itself.

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{DecryptError, SecretKey};
use crate::ciphertext::Ciphertext;
use crate::plaintext::Plaintext;
use crate::public_values::{public, public_numbers};
use crate::random;
use crate::slots::Slots;

/// Bits of each of the two parts of ρ, which are exponents of the weighted sums.
const RHO_PART: u32 = 30;

/// About how many squarings' time the check takes per number.
const CHECK: usize = 20;

impl SecretKey {
    /// The plaintexts of ciphertexts whose signed numbers should be of at most `bits` bits in magnitude,
    /// spread over the cores. For many numbers that are small this takes a fraction of the time of
    /// [`decrypt_many`](Self::decrypt_many), which returns the same.
    ///
    /// If a number is larger, all are decrypted as by `decrypt_many`. The probability that this isn't noticed
    /// is 2⁻⁶⁰, whatever the ciphertexts are. Constant time, except that it shows whether all numbers are
    /// within the bound.
    ///
    /// # Errors
    /// If any of them can't be decrypted.
    ///
    /// # Panics
    /// As [`decrypt`](Self::decrypt).
    pub fn decrypt_bounded(
        &self,
        ciphertexts: &[Ciphertext],
        bits: u32,
    ) -> Result<Vec<Plaintext>, DecryptError> {
        let Some((slots, in_each)) = self.slots(ciphertexts.len(), bits) else {
            return self.decrypt_many(ciphertexts);
        };
        let lists: Vec<Vec<Ciphertext>> = ciphertexts.chunks(in_each).map(<[_]>::to_vec).collect();
        let packed = self.public.horner_vartime(&lists, slots.width() as u32);
        let packed = self.decrypt_many(&packed)?;
        let raised = packed
            .iter()
            .zip(&lists)
            .map(|(packed, list)| slots.raised(packed, list.len()));
        let raised: Result<Vec<_>, _> = raised.collect();
        match raised.map(|raised| raised.concat()) {
            Ok(raised) if self.are_held(ciphertexts, &raised, &slots)? => {
                let half = slots.shifted_up(&[1]);
                let integer = |raised: &Zeroizing<Vec<u64>>| {
                    Plaintext::from_checked(self.public.difference(raised, &half).to_vec())
                };
                Ok(raised.iter().map(integer).collect())
            }
            _ => self.decrypt_many(ciphertexts),
        }
    }

    /// Slots for `count` numbers of `bits` bits, and how many to pack together, if that is faster than one by
    /// one.
    fn slots(&self, count: usize, bits: u32) -> Option<(Slots, usize)> {
        let slots = Slots::new(&self.public, bits)?;
        let packed = count.div_ceil(slots.most());
        let decryption = self.public.bits() as usize * 5 / 16;
        let shifts = (count - packed) * slots.width();
        let time = (packed + 1) * decryption + shifts + count * CHECK;
        (time < count * decryption).then(|| (slots, count.div_ceil(packed)))
    }

    /// Whether the ciphertexts hold these numbers.
    fn are_held(
        &self,
        ciphertexts: &[Ciphertext],
        raised: &[Zeroizing<Vec<u64>>],
        slots: &Slots,
    ) -> Result<bool, DecryptError> {
        // They are drawn after the ciphertexts were made, and are never used again.
        let rho = public_numbers(random::limbs(ciphertexts.len()));
        let part = |from: u32| -> Vec<i32> {
            let bits = |rho: &u64| (rho >> from) as i32 & ((1 << RHO_PART) - 1);
            rho.iter().map(bits).collect()
        };
        let parts = [part(0), part(RHO_PART)];
        let rows = parts.each_ref().map(Vec::as_slice);
        let sums = self
            .public
            .weighted_sums_vartime(ciphertexts, rows.to_vec());
        let sum = self.public.horner_vartime(&[sums], RHO_PART);
        let found = self.decrypt_many(&sum)?;

        let mut expected = Zeroizing::new(vec![0; self.public.limbs()]);
        let mut total: u128 = 0;
        for ((number, &low), &high) in raised.iter().zip(&parts[0]).zip(&parts[1]) {
            let rho = low as u64 + ((high as u64) << RHO_PART);
            total += u128::from(rho);
            add_multiple(&mut expected, rho, number);
        }
        let raised_by = slots.shifted_up(&[total as u64, (total >> 64) as u64]);
        let expected = self.public.difference(&expected, &raised_by);
        Ok(found
            .iter()
            .all(|found| public(found.limbs().ct_eq(&expected).into())))
    }
}

/// sum ← sum + factor·x.
fn add_multiple(sum: &mut [u64], factor: u64, x: &[u64]) {
    let mut carry = 0;
    for (sum, &x) in sum.iter_mut().zip(x) {
        let wide = u128::from(factor) * u128::from(x) + u128::from(*sum) + u128::from(carry);
        (*sum, carry) = (wide as u64, (wide >> 64) as u64);
    }
}
