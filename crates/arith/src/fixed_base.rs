//! [`FixedBase`], powers of one base with secret exponents, from a table made once.
//!
//! Fixed-base windowing (Brickell, Gordon, McCurley and Wilson 1992; Handbook of Applied
//! Cryptography, 14.109): with the exponent in digits of w bits, base^e = Π base^(dᵢ·2^(w·i)), and
//! the table holds every such factor. A power takes one product a digit and no squarings; each
//! factor is picked by reading all 2^w candidates, so that the digits don't show in the memory
//! accesses.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::limbs::{bit_window, select};
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// Bits of a digit: a product saved by wider digits costs more in reading the table.
const WINDOW: usize = 5;

/// A table of powers of one base, for exponents up to a given length.
///
/// It takes 2⁵ residues for each five bits of the exponent: at 1024-bit exponents modulo a 1024-bit
/// p², 1.6 MiB; at 1536 bits 3.7 MiB. It is wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct FixedBase {
    /// For each digit, from the lowest, the factors of the digit's values from 0.
    table: Vec<u64>,
    /// Limbs that exponents have.
    exponent_limbs: usize,
}

impl FixedBase {
    /// A table for exponents of up to `exponent_limbs` limbs; costs 31 products for each digit.
    pub fn new(modulus: &SquareModulus, base: &Residue, exponent_limbs: usize) -> Self {
        let digits = (64 * exponent_limbs).div_ceil(WINDOW);
        let mut table = Vec::with_capacity((digits << WINDOW) * base.limbs().len());
        // The base of the digit at hand: base^(2^(w·i)).
        let mut digit_base = base.clone();
        for _ in 0..digits {
            let mut factor = modulus.one();
            for _ in 0..1 << WINDOW {
                table.extend_from_slice(factor.limbs());
                modulus.mul_assign(&mut factor, &digit_base);
            }
            digit_base = factor;
        }
        Self {
            table,
            exponent_limbs,
        }
    }

    /// base^exponent, in time that depends on the table's size alone.
    ///
    /// # Panics
    /// If the exponent has more limbs than the table serves.
    pub fn pow(&self, modulus: &SquareModulus, exponent: &[u64]) -> Residue {
        assert!(
            exponent.len() <= self.exponent_limbs,
            "the exponent is longer than the table"
        );
        let width = 2 * modulus.limbs();
        let mut power: Option<Residue> = None;
        for (i, factors) in self.table.chunks_exact(width << WINDOW).enumerate() {
            let factor = Residue::from_limbs(select(
                factors,
                width,
                bit_window(exponent, i * WINDOW, WINDOW),
            ));
            match &mut power {
                Some(power) => modulus.mul_assign(power, &factor),
                None => power = Some(factor),
            }
        }
        power.unwrap_or_else(|| modulus.one())
    }
}

impl std::fmt::Debug for FixedBase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FixedBase({} bytes)", 8 * self.table.len())
    }
}
