//! Powers modulo n²: with secret exponents in constant time, with public ones in variable time.

use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::limbs::bit_window;
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// Bits of the exponent taken at a time in constant time: 2⁵ table entries.
const SECRET_WINDOW: usize = 5;

/// Bits of the exponent taken at a time in variable time: 2⁵ odd powers in the table.
const PUBLIC_WINDOW: usize = 6;

impl SquareModulus {
    /// base^exponent, in time that depends on the exponent's length in limbs alone.
    ///
    /// Fixed windows of five bits: 64 squarings and 13 products a limb, 30 products for the
    /// table, which is scanned whole at each look-up and wiped at the end.
    pub fn pow(&self, base: &Residue, exponent: &[u64]) -> Residue {
        let mut table = Zeroizing::new(Vec::with_capacity(1 << SECRET_WINDOW));
        table.push(self.one());
        for i in 1..1 << SECRET_WINDOW {
            let next = self.mul(&table[i - 1], base);
            table.push(next);
        }

        let windows = (64 * exponent.len()).div_ceil(SECRET_WINDOW);
        let mut power = self.one();
        for window in (0..windows).rev() {
            for _ in 0..SECRET_WINDOW {
                self.square_assign(&mut power);
            }
            let digit = bit_window(exponent, window * SECRET_WINDOW, SECRET_WINDOW);
            self.mul_assign(&mut power, &select(&table, digit));
        }
        power
    }

    /// base^exponent for a public exponent; the base may be secret.
    ///
    /// Sliding windows over odd powers (Handbook of Applied Cryptography, 14.85).
    pub fn pow_vartime(&self, base: &Residue, exponent: &[u64]) -> Residue {
        let mut square = base.clone();
        self.square_assign(&mut square);
        let mut odd_powers = Vec::with_capacity(1 << (PUBLIC_WINDOW - 1));
        odd_powers.push(base.clone());
        for i in 1..1 << (PUBLIC_WINDOW - 1) {
            let next = self.mul(&odd_powers[i - 1], &square);
            odd_powers.push(next);
        }

        let is_set = |i: usize| bit_window(exponent, i, 1) == 1;
        let mut power: Option<Residue> = None;
        let mut remaining = 64 * exponent.len();
        while remaining > 0 {
            if !is_set(remaining - 1) {
                remaining -= 1;
                if let Some(power) = &mut power {
                    self.square_assign(power);
                }
                continue;
            }
            // The longest window below `remaining` that ends in a set bit.
            let start = remaining.saturating_sub(PUBLIC_WINDOW);
            let low = (start..remaining)
                .find(|&i| is_set(i))
                .unwrap_or(remaining - 1);
            let digit = bit_window(exponent, low, remaining - low);
            let factor = &odd_powers[(digit / 2) as usize];
            power = Some(match power {
                None => factor.clone(),
                Some(mut power) => {
                    for _ in low..remaining {
                        self.square_assign(&mut power);
                    }
                    self.mul_assign(&mut power, factor);
                    power
                }
            });
            remaining = low;
        }
        power.unwrap_or_else(|| self.one())
    }
}

/// The table's entry at a secret index: every entry is read, whatever the index.
fn select(table: &[Residue], index: u64) -> Residue {
    let mut chosen = table[0].clone();
    for (i, entry) in table.iter().enumerate() {
        let choice = (i as u64).ct_eq(&index);
        for (chosen, limb) in chosen.limbs_mut().iter_mut().zip(entry.limbs()) {
            chosen.conditional_assign(limb, choice);
        }
    }
    chosen
}
