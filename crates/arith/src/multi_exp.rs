//! Products of many powers with small signed exponents, Π cᵢ^{wᵢ}, in time that depends on them.
//!
//! Pippenger's buckets: the exponents are cut into digits of a few bits; for each digit position,
//! every base is multiplied into the bucket of its digit, and the buckets are collapsed by two
//! running products. Positive and negative exponents are separated into numerator and denominator,
//! and all denominators are inverted together at the end. (Pippenger 1980; Bernstein, Doumen,
//! Lange and Oosterwijk 2012, section 4.)
//!
//! The time depends on the exponents. They must be public, or at least public to everyone who can
//! measure the time.

use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// A quotient of two residues that has not been computed yet.
#[derive(Debug, Clone)]
pub struct Fraction {
    numerator: Option<Residue>,
    denominator: Option<Residue>,
}

impl Fraction {
    /// numerator/denominator, where `None` means 1.
    pub fn new(numerator: Option<Residue>, denominator: Option<Residue>) -> Self {
        Self {
            numerator,
            denominator,
        }
    }
}

/// The product of bases\[i\]^exponents\[i\], as a fraction. Variable time in the exponents.
///
/// Costs about one product per non-zero digit of an exponent and two per bucket. The digits have
/// the width for which the largest exponent needs the fewest products.
///
/// # Panics
/// If there is not exactly one exponent per base.
pub fn multi_exp_vartime(
    modulus: &SquareModulus,
    bases: &[Residue],
    exponents: &[i32],
) -> Fraction {
    assert_eq!(
        bases.len(),
        exponents.len(),
        "there must be one exponent per base"
    );
    let largest = exponents
        .iter()
        .map(|w| w.unsigned_abs())
        .max()
        .unwrap_or(0);
    let width = digit_width(32 - largest.leading_zeros(), bases.len());

    let mut fraction = Fraction {
        numerator: None,
        denominator: None,
    };
    let positions = (32 - largest.leading_zeros()).div_ceil(width);
    for position in (0..positions).rev() {
        let shift = position * width;
        for sign in [1, -1] {
            let digits = exponents.iter().map(|&w| {
                let digit = (w.unsigned_abs() >> shift) & ((1 << width) - 1);
                if w.signum() == sign {
                    digit as usize
                } else {
                    0
                }
            });
            let side = if sign == 1 {
                &mut fraction.numerator
            } else {
                &mut fraction.denominator
            };
            if let Some(side) = side {
                for _ in 0..width {
                    modulus.square_assign(side);
                }
            }
            if let Some(product) = buckets(modulus, bases, digits, width) {
                multiply_into(modulus, side, &product);
            }
        }
    }
    fraction
}

/// The values of several fractions, with one inversion for all (Montgomery's trick: three products
/// per denominator), or `None` if a denominator has no inverse. Variable time.
pub fn divide_vartime(modulus: &SquareModulus, fractions: Vec<Fraction>) -> Option<Vec<Residue>> {
    // prefixes[i] is the product of the denominators before the i-th one.
    let mut prefixes = Vec::new();
    let mut product = modulus.one();
    for denominator in fractions.iter().filter_map(|f| f.denominator.as_ref()) {
        prefixes.push(product.clone());
        modulus.mul_assign(&mut product, denominator);
    }
    let mut inverse = if prefixes.is_empty() {
        modulus.one()
    } else {
        modulus.invert_vartime(&product)?
    };

    let mut values = Vec::with_capacity(fractions.len());
    for fraction in fractions.into_iter().rev() {
        let mut value = fraction.numerator.unwrap_or_else(|| modulus.one());
        if let Some(denominator) = fraction.denominator {
            let prefix = prefixes.pop()?;
            modulus.mul_assign(&mut value, &modulus.mul(&inverse, &prefix));
            modulus.mul_assign(&mut inverse, &denominator);
        }
        values.push(value);
    }
    values.reverse();
    Some(values)
}

/// The digits' width in bits with the fewest products for `count` exponents of `bits` bits.
fn digit_width(bits: u32, count: usize) -> u32 {
    let cost = |width: u32| bits.div_ceil(width) as usize * (count + (4 << width)) + bits as usize;
    (1..=bits.clamp(1, 16))
        .min_by_key(|&width| cost(width))
        .unwrap_or(1)
}

/// Π bases\[i\]^digits\[i\] for digits below 2^width, or `None` if all digits are zero.
fn buckets(
    modulus: &SquareModulus,
    bases: &[Residue],
    digits: impl Iterator<Item = usize>,
    width: u32,
) -> Option<Residue> {
    let mut buckets: Vec<Option<Residue>> = vec![None; 1 << width];
    for (base, digit) in bases.iter().zip(digits).filter(|&(_, digit)| digit != 0) {
        multiply_into(modulus, &mut buckets[digit], base);
    }
    // Σ d·bucket[d], written multiplicatively: the suffix products, multiplied together.
    let (mut suffix, mut total) = (None, None);
    for bucket in buckets.drain(1..).rev() {
        if let Some(bucket) = bucket {
            multiply_into(modulus, &mut suffix, &bucket);
        }
        if let Some(suffix) = &suffix {
            multiply_into(modulus, &mut total, suffix);
        }
    }
    total
}

/// x ← x·y, where `None` means 1.
fn multiply_into(modulus: &SquareModulus, x: &mut Option<Residue>, y: &Residue) {
    match x {
        Some(x) => modulus.mul_assign(x, y),
        None => *x = Some(y.clone()),
    }
}
