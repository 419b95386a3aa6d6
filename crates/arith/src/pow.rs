//! Powers modulo n², with secret exponents in constant time and with public ones in variable time,
//! and powers modulo n with public exponents.

use zeroize::Zeroizing;

use crate::limbs::{bit_window, select};
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// Bits of the exponent that are processed at a time in constant time: 2⁵ table entries.
pub(crate) const SECRET_WINDOW: usize = 5;

/// Most bits of the exponent that are processed at a time in variable time.
const LARGEST_PUBLIC_WINDOW: usize = 7;

impl SquareModulus {
    /// base^exponent, in time that depends on the exponent's length in limbs alone.
    ///
    /// Fixed windows of five bits: 64 squarings and 13 products per limb, and 30 products for the
    /// table, which is read completely at each look-up and wiped at the end.
    pub fn pow(&self, base: &Residue, exponent: &[u64]) -> Residue {
        let width = base.limbs().len();
        let mut table = Zeroizing::new(Vec::with_capacity(width << SECRET_WINDOW));
        let mut entry = self.one();
        for _ in 0..1 << SECRET_WINDOW {
            table.extend_from_slice(entry.limbs());
            self.mul_assign(&mut entry, base);
        }

        let windows = (64 * exponent.len()).div_ceil(SECRET_WINDOW);
        let factor = |window: usize| {
            let digit = bit_window(exponent, window * SECRET_WINDOW, SECRET_WINDOW);
            Residue::from_limbs(select(&table, width, digit))
        };
        let Some(highest) = windows.checked_sub(1) else {
            return self.one();
        };
        let mut power = factor(highest);
        for window in (0..highest).rev() {
            for _ in 0..SECRET_WINDOW {
                self.square_assign(&mut power);
            }
            self.mul_assign(&mut power, &factor(window));
        }
        power
    }

    /// base^exponent for a public exponent; the base may be secret.
    ///
    /// Sliding windows over odd powers (Handbook of Applied Cryptography, 14.85).
    pub fn pow_vartime(&self, base: &Residue, exponent: &[u64]) -> Residue {
        let square = |x: &mut Residue| self.square_assign(x);
        let multiply = |x: &mut Residue, y: &Residue| self.mul_assign(x, y);
        sliding_window(base, exponent, square, multiply).unwrap_or_else(|| self.one())
    }

    /// base^exponent modulo n itself, as L limbs, for a base of L limbs below n. Both are public.
    ///
    /// A product costs 2L² limb products and a square 1.5L²: 0.4 times as many as modulo n².
    ///
    /// # Panics
    /// If the base has another number of limbs or is not below n.
    pub fn pow_mod_n_vartime(&self, base: &[u64], exponent: &[u64]) -> Vec<u64> {
        assert!(self.is_below_n(base), "the base must be below n");
        let base = self.half_product(base, self.r_mod_n());
        let square = |x: &mut Vec<u64>| *x = self.half_square(x);
        let multiply = |x: &mut Vec<u64>, y: &Vec<u64>| *x = self.half_product(x, y);
        let power = sliding_window(&base, exponent, square, multiply);
        let mut one = vec![0; self.limbs()];
        one[0] = 1;
        match power {
            Some(power) => self.half_product(&power, &one),
            None => one,
        }
    }
}

/// base^exponent by sliding windows over odd powers, or `None` if the exponent is 0. Variable time
/// in the exponent.
fn sliding_window<T: Clone>(
    base: &T,
    exponent: &[u64],
    square: impl Fn(&mut T),
    multiply: impl Fn(&mut T, &T),
) -> Option<T> {
    let is_set = |i: usize| bit_window(exponent, i, 1) == 1;
    let bits = (0..64 * exponent.len())
        .rev()
        .find(|&i| is_set(i))
        .map_or(0, |highest| highest + 1);
    let window = public_window(bits);

    let mut odd_powers = vec![base.clone()];
    if window > 1 {
        let mut base_squared = base.clone();
        square(&mut base_squared);
        for i in 1..1 << (window - 1) {
            let mut next = odd_powers[i - 1].clone();
            multiply(&mut next, &base_squared);
            odd_powers.push(next);
        }
    }

    let mut power: Option<T> = None;
    let mut remaining = bits;
    while remaining > 0 {
        if !is_set(remaining - 1) {
            remaining -= 1;
            if let Some(power) = &mut power {
                square(power);
            }
            continue;
        }
        // The longest window below `remaining` that ends in a set bit.
        let start = remaining.saturating_sub(window);
        let low = (start..remaining)
            .find(|&i| is_set(i))
            .unwrap_or(remaining - 1);
        let digit = bit_window(exponent, low, remaining - low);
        let factor = &odd_powers[(digit / 2) as usize];
        power = Some(match power {
            None => factor.clone(),
            Some(mut power) => {
                for _ in low..remaining {
                    square(&mut power);
                }
                multiply(&mut power, factor);
                power
            }
        });
        remaining = low;
    }
    power
}

/// The window with the fewest products for an exponent of `bits` bits: those of the table, and one
/// per window, which are `window` + 1 bits apart on average.
fn public_window(bits: usize) -> usize {
    let products = |window: usize| (1 << (window - 1)) + bits / (window + 1);
    (1..=LARGEST_PUBLIC_WINDOW)
        .min_by_key(|&window| products(window))
        .unwrap_or(1)
}
