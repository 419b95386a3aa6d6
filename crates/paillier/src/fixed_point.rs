//! [`EncodedNumber`]: fractions as plaintexts, in the format that python-paillier uses.
//!
//! A number is mantissa·16^exponent. The mantissa is an integer from −(⌊n/3⌋ − 1) to ⌊n/3⌋ − 1,
//! kept as a plaintext with n added to negative ones; it is encrypted; the exponent is not. A
//! number between n/3 and 2n/3 isn't a mantissa, so that most overflows of computed numbers are
//! detected.
//!
//! Mantissas are secret: they are shifted, rounded and compared by masks, in constant time.

use std::hint::black_box;

use crate::limbs::{all_bits, choose, is_at_most, is_zero, shifted};
use crate::plaintext::Plaintext;
use crate::public_key::PublicKey;
use crate::public_values::{public, public_exponent};

/// Bits of a significand of an `f64`, the leading one included.
const SIGNIFICAND: u32 = f64::MANTISSA_DIGITS;

/// The exponent of an `f64`'s lowest bit, less what its exponent field holds.
const LOWEST_BIT: i64 = 1075;

/// The exponent of the leading bit of the smallest normal `f64`.
const SMALLEST_NORMAL: i64 = -1022;

/// A number mantissa·16^exponent, whose mantissa is a [`Plaintext`] for encryption.
///
/// The same format as python-paillier's `EncodedNumber`: encrypt [`plaintext`](Self::plaintext),
/// and send the exponent with the ciphertext, in the clear. Adding ciphertexts adds their numbers
/// if the exponents are equal; multiplying by a plaintext multiplies the numbers and adds the
/// exponents.
///
/// The mantissa is secret and wiped on drop. The exponent is public: that of
/// [`from_f64`](Self::from_f64) reveals the number's magnitude, the others only what you choose.
///
/// ```
/// # use veilcast_paillier::{KeyPolicy, SecretKey};
/// use veilcast_paillier::EncodedNumber;
///
/// # let policy = KeyPolicy { allow_insecure_1024: true };
/// # let secret = SecretKey::generate(1024, policy)?;
/// let key = secret.public_key();
/// let cents = |euros| EncodedNumber::from_f64_with_precision(key, euros, 0.01);
/// let (price, shipping) = (cents(19.99)?, cents(-4.5)?);
/// let sum = key.add(&key.encrypt(price.plaintext()), &key.encrypt(shipping.plaintext()));
///
/// let tax = EncodedNumber::from_f64(key, 1.25)?;
/// let product = key.mul_vartime(&sum, tax.plaintext());
///
/// let exponent = price.exponent() + tax.exponent();
/// let result = EncodedNumber::from_plaintext(secret.decrypt(&product)?, exponent);
/// assert!((result.to_f64(key)? - (19.99 - 4.5) * 1.25).abs() < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedNumber {
    exponent: i32,
    mantissa: Plaintext,
}

/// Why a number has no encoding, or an encoding doesn't represent a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodedNumberError {
    /// The number is infinite or not a number.
    #[error("only finite numbers can be encoded")]
    NotFinite,
    /// The precision is not a positive finite number.
    #[error("the precision must be a positive finite number")]
    Precision,
    /// The mantissa would be n/3 or more in magnitude.
    #[error("the number is too large for the key at this exponent: choose a larger exponent")]
    TooLarge,
    /// The exponent would have to grow, which loses digits.
    #[error("the exponent is {from} and can't be raised to {to}")]
    RaisedExponent {
        /// The exponent that the number has.
        from: i32,
        /// The exponent that it should have had.
        to: i32,
    },
    /// The plaintext lies between n/3 and 2n/3: a computation overflowed.
    #[error("the plaintext is between n/3 and 2n/3: a computation on it overflowed")]
    Overflow,
    /// The number is finite, and larger than every `f64`.
    #[error("the number is too large for a 64-bit floating-point number")]
    NoFloat,
}

impl EncodedNumber {
    /// An integer, with the exponent 0.
    pub fn from_integer(key: &PublicKey, value: i128) -> Self {
        Self::from_plaintext(key.encode(value), 0)
    }

    /// A number with all its bits: python-paillier's encoding without a precision.
    ///
    /// The exponent is the largest that leaves room for 53 bits, ⌊(e − 53)/4⌋ for a number from
    /// 2^(e − 1) to 2^e in magnitude, and −14 for 0. It is public, and reveals that magnitude.
    ///
    /// # Errors
    /// The number must be finite. Its mantissa has 56 bits at most and fits every accepted key.
    pub fn from_f64(key: &PublicKey, value: f64) -> Result<Self, EncodedNumberError> {
        let (significand, exponent) = parts(value)?;
        let bits = i64::from(u64::BITS - (significand | 1).leading_zeros());
        // 0 has the exponent of a number from ½ to 1.
        let e = (bits + exponent) & !is_zero(significand) as i64;
        let exponent = public_exponent((e - i64::from(SIGNIFICAND)).div_euclid(4) as i32);
        Self::from_f64_with_exponent(key, value, exponent)
    }

    /// A number rounded to a multiple of the largest power of 16 up to `precision`:
    /// python-paillier's encoding with a precision.
    ///
    /// Halves are rounded to even mantissas. The exponent, ⌊log₁₆(precision)⌋, is computed exactly;
    /// python-paillier's logarithm is off by one for a few powers of 16 below 16⁻²⁸.
    ///
    /// # Errors
    /// The number must be finite, the precision positive and finite, and the mantissa fit the key.
    pub fn from_f64_with_precision(
        key: &PublicKey,
        value: f64,
        precision: f64,
    ) -> Result<Self, EncodedNumberError> {
        let (significand, exponent) =
            parts(precision).map_err(|_| EncodedNumberError::Precision)?;
        if significand == 0 || precision < 0.0 {
            return Err(EncodedNumberError::Precision);
        }
        let log2 = i64::from(u64::BITS - 1 - significand.leading_zeros()) + exponent;
        Self::from_f64_with_exponent(key, value, log2.div_euclid(4) as i32)
    }

    /// A number rounded to a multiple of 16^exponent, halves to even mantissas.
    ///
    /// Constant time in the number, except that it shows whether there is an error.
    ///
    /// # Errors
    /// The number must be finite, and its mantissa fit the key.
    pub fn from_f64_with_exponent(
        key: &PublicKey,
        value: f64,
        exponent: i32,
    ) -> Result<Self, EncodedNumberError> {
        let (significand, lowest_bit) = parts(value)?;
        let shift = lowest_bit - 4 * i64::from(exponent);
        let rounded = rounded_shift(significand.into(), (-shift).clamp(0, 55) as u32);
        let limbs = shifted_up(
            rounded,
            shift.clamp(0, key.bits().into()) as u32,
            key.limbs(),
        );
        let (magnitude, above) = limbs.split_at(key.limbs());
        let fits = is_at_most(magnitude, &largest(key)) & is_zero(all_bits(above));
        if public(fits == 0) {
            return Err(EncodedNumberError::TooLarge);
        }
        let is_negative = (value.to_bits() >> 63).wrapping_neg();
        let magnitude = Plaintext::from_checked(magnitude.to_vec());
        let mantissa = key.with_sign(is_negative, magnitude);
        Ok(Self::from_plaintext(mantissa, exponent))
    }

    /// The number of a decrypted mantissa and an exponent that is known.
    ///
    /// [`to_f64`](Self::to_f64) checks that the plaintext is a mantissa.
    pub fn from_plaintext(mantissa: Plaintext, exponent: i32) -> Self {
        Self { mantissa, exponent }
    }

    /// The mantissa, to be encrypted or to multiply a ciphertext by.
    pub fn plaintext(&self) -> &Plaintext {
        &self.mantissa
    }

    /// The exponent of 16.
    pub fn exponent(&self) -> i32 {
        self.exponent
    }

    /// The same number with a smaller exponent, so that it can be added to another.
    ///
    /// # Errors
    /// The exponent must not be larger than the present one, the plaintext must be a mantissa, and
    /// the larger mantissa must fit the key.
    ///
    /// # Panics
    /// If the number belongs to a key of another size.
    pub fn decrease_exponent_to(
        &self,
        key: &PublicKey,
        exponent: i32,
    ) -> Result<Self, EncodedNumberError> {
        if exponent > self.exponent {
            let (from, to) = (self.exponent, exponent);
            return Err(EncodedNumberError::RaisedExponent { from, to });
        }
        let (is_negative, magnitude) = self.sign_and_magnitude(key)?;
        let shift = 4 * (i64::from(self.exponent) - i64::from(exponent));
        let shift = shift.min(key.bits().into()) as usize;
        let most = shifted(&largest(key), -(shift as isize));
        if public(is_at_most(magnitude.limbs(), &most) == 0) {
            return Err(EncodedNumberError::TooLarge);
        }
        let magnitude = Plaintext::from_checked(shifted(magnitude.limbs(), shift as isize));
        let mantissa = key.with_sign(is_negative, magnitude);
        Ok(Self::from_plaintext(mantissa, exponent))
    }

    /// The nearest `f64`, halves rounded to even; numbers below the smallest become 0.
    ///
    /// Constant time in the mantissa, except that it shows whether there is an error.
    ///
    /// # Errors
    /// The plaintext must be a mantissa, and the number not larger than every `f64`.
    ///
    /// # Panics
    /// If the number belongs to a key of another size.
    pub fn to_f64(&self, key: &PublicKey) -> Result<f64, EncodedNumberError> {
        let (is_negative, magnitude) = self.sign_and_magnitude(key)?;
        let bits = bit_length(magnitude.limbs());
        let (leading, sticky) = leading_bits(magnitude.limbs(), bits);
        // One bit represents all that are cut off: it distinguishes a half from more than a half.
        let wide = u128::from(leading) << 1 | u128::from(sticky & 1);
        let exponent = i64::from(bits) - 1 + 4 * i64::from(self.exponent);
        let dropped = 65 - i64::from(SIGNIFICAND) + (SMALLEST_NORMAL - exponent).clamp(0, 55);
        let significand = rounded_shift(wide, dropped as u32);
        // A normal number's leading bit adds 1 to the field; rounding up may carry into it.
        let field = (exponent - SMALLEST_NORMAL).clamp(0, 2046) as u64 & !is_zero(leading);
        let number = (field << (SIGNIFICAND - 1)) + significand;
        if public(number >= f64::INFINITY.to_bits()) {
            return Err(EncodedNumberError::NoFloat);
        }
        Ok(f64::from_bits(number | (is_negative << 63)))
    }

    /// Whether the mantissa is negative, as a mask, and its magnitude.
    fn sign_and_magnitude(&self, key: &PublicKey) -> Result<(u64, Plaintext), EncodedNumberError> {
        let (largest, negated) = (largest(key), key.negate(&self.mantissa));
        let is_positive = is_at_most(self.mantissa.limbs(), &largest);
        let is_negative = is_at_most(negated.limbs(), &largest);
        if public((is_positive | is_negative) == 0) {
            return Err(EncodedNumberError::Overflow);
        }
        let magnitude = choose(is_positive, self.mantissa.limbs(), negated.limbs());
        Ok((!is_positive, Plaintext::from_checked(magnitude)))
    }
}

impl std::fmt::Debug for EncodedNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EncodedNumber(secret · 16^{})", self.exponent)
    }
}

/// The largest mantissa, ⌊n/3⌋ − 1, in n's limbs.
fn largest(key: &PublicKey) -> Vec<u64> {
    let mut limbs = key.modulus_limbs().to_vec();
    let mut remainder = 0;
    for limb in limbs.iter_mut().rev() {
        let wide = u128::from(remainder) << 64 | u128::from(*limb);
        (*limb, remainder) = ((wide / 3) as u64, (wide % 3) as u64);
    }
    let mut borrow = true;
    for limb in &mut limbs {
        (*limb, borrow) = limb.overflowing_sub(borrow.into());
    }
    limbs
}

/// A finite number's magnitude as significand·2^exponent.
fn parts(value: f64) -> Result<(u64, i64), EncodedNumberError> {
    let bits = value.to_bits();
    let field = (bits >> (SIGNIFICAND - 1)) & 0x7ff;
    if public(is_zero(field ^ 0x7ff) != 0) {
        return Err(EncodedNumberError::NotFinite);
    }
    let fraction = bits & ((1 << (SIGNIFICAND - 1)) - 1);
    // Subnormal numbers have no leading one, and the exponent of the smallest normal numbers.
    let is_subnormal = is_zero(field);
    let leading = (!is_subnormal & 1) << (SIGNIFICAND - 1);
    let exponent = (field | (is_subnormal & 1)) as i64 - LOWEST_BIT;
    Ok((fraction | leading, exponent))
}

/// x/2^shift rounded, halves to even, for x below 2⁶⁶ and a shift below 126.
fn rounded_shift(x: u128, shift: u32) -> u64 {
    // One bit more, so that there is always a half.
    let x = x << 1;
    let half = 1_u128 << shift;
    let is_odd = x >> (shift + 1) & 1;
    ((x + half - 1 + is_odd) >> (shift + 1)) as u64
}

/// x·2^shift as two limbs more than `limbs`, for a secret shift up to 64·limbs.
fn shifted_up(x: u64, shift: u32, limbs: usize) -> Vec<u64> {
    let (whole, bits) = (u64::from(shift / 64), shift % 64);
    let (low, high) = (x << bits, x >> 1 >> (63 - bits));
    let limb = |i: u64| (low & is_zero(i ^ whole)) | (high & is_zero(i.wrapping_sub(1) ^ whole));
    (0..limbs as u64 + 2).map(limb).collect()
}

/// The number of bits up to the highest that is set.
fn bit_length(x: &[u64]) -> u32 {
    let mut length = 0;
    for (i, &limb) in (0..).zip(x) {
        let here = 64 * i + (u64::BITS - (limb | 1).leading_zeros());
        let is_zero = is_zero(limb) as u32;
        length = (length & is_zero) | (here & !is_zero);
    }
    length
}

/// The highest 64 of a number's `length` bits, with zeros below a shorter number, and a mask that
/// says whether any bit below them is set.
fn leading_bits(x: &[u64], length: u32) -> (u64, u64) {
    // With a limb of zeros below, the 64 bits start at bit `length`.
    let (whole, bits) = (u64::from(length / 64), length % 64);
    let (mut leading, mut below) = (0, 0);
    let limbs = [0].into_iter().chain(x.iter().copied()).chain([0]);
    let mut is_below = u64::MAX;
    for (i, limb) in (0..).zip(limbs) {
        let is_first = is_zero(i ^ whole);
        let is_second = is_zero(i ^ (whole + 1));
        is_below = black_box(is_below & !is_first);
        leading |= (limb >> bits) & is_first;
        leading |= (limb << 1 << (63 - bits)) & is_second;
        below |= limb & (is_below | (is_first & ((1 << bits) - 1)));
    }
    (leading, !is_zero(below))
}
