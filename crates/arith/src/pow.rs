//! Powers modulo n², with secret exponents in constant time and with public ones in variable time,
//! and powers modulo n with public exponents.

use zeroize::Zeroizing;

use crate::chain::{Chain, Numbers};
use crate::horner::horner_powers_vartime;
use crate::limbs::bit_window;
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// Bits of the exponent that are processed at a time in constant time: 2⁵ table entries.
pub(crate) const SECRET_WINDOW: usize = 5;

impl SquareModulus {
    /// base^exponent, in time that depends only on the exponent's length in limbs.
    ///
    /// Fixed windows of five bits: 64 squarings and 13 products per limb, and 30 products for the
    /// table, which is read completely at each look-up and wiped at the end.
    pub fn pow(&self, base: &Residue, exponent: &[u64]) -> Residue {
        let base = self.enter(base);
        let mut entry = self.enter(&self.one());
        let length = entry.as_slice().len();
        let mut table = Zeroizing::new(Vec::with_capacity(length << SECRET_WINDOW));
        for _ in 0..1 << SECRET_WINDOW {
            table.extend_from_slice(entry.as_slice());
            self.multiply(&mut entry, &base);
        }

        let windows = (64 * exponent.len()).div_ceil(SECRET_WINDOW);
        let factor = |window: usize| {
            let digit = bit_window(exponent, window * SECRET_WINDOW, SECRET_WINDOW);
            self.select_number(&table, length, digit)
        };
        let Some(highest) = windows.checked_sub(1) else {
            return self.one();
        };
        let mut power = factor(highest);
        for window in (0..highest).rev() {
            for _ in 0..SECRET_WINDOW {
                self.square(&mut power);
            }
            self.multiply(&mut power, &factor(window));
        }
        self.leave(&power)
    }

    /// base^exponent for a public exponent; the base may be secret.
    pub fn pow_vartime(&self, base: &Residue, exponent: &[u64]) -> Residue {
        let bases = std::slice::from_ref(base);
        let power = horner_powers_vartime(self, &[vec![]], 0, bases, exponent).pop();
        power.expect("a power for each base")
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
        let power = Chain::new(exponent, 0, 0).run(&ModN(self, base));
        let mut one = vec![0; self.limbs()];
        one[0] = 1;
        match power {
            Some(power) => self.half_product(&power, &one),
            None => one,
        }
    }
}

/// Numbers modulo n, and a base.
struct ModN<'a>(&'a SquareModulus, Vec<u64>);

impl Numbers for ModN<'_> {
    type Number = Vec<u64>;

    fn square(&self, x: &mut Vec<u64>) {
        *x = self.0.half_square(x);
    }

    fn multiply(&self, x: &mut Vec<u64>, y: &Vec<u64>) {
        *x = self.0.half_product(x, y);
    }

    fn base(&self) -> Vec<u64> {
        self.1.clone()
    }

    fn term(&self, _: usize) -> Vec<u64> {
        unreachable!("a power has no terms")
    }
}
