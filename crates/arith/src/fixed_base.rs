//! [`FixedBase`]: powers of one base with secret exponents, from a table that is computed once.
//!
//! Fixed-base windowing (Brickell, Gordon, McCurley and Wilson 1992; Handbook of Applied
//! Cryptography, 14.109): with the exponent in digits of w bits, base^e = Π base^(dᵢ·2^(w·i)), and
//! the table holds every such factor. A power costs one product per digit and no squarings. Each
//! factor is selected by reading all 2^w candidates, so that memory accesses don't reveal the
//! digits.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::limbs::bit_window;
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;
use crate::window_table::WindowTable;

/// Bits of a digit where few powers are computed.
const WINDOW: usize = 5;

/// Bits of a digit where many are: a table a fifth larger, and a sixth fewer products.
const WIDE_WINDOW: usize = 6;

/// A table of powers of one base, for exponents up to a given length.
///
/// It holds 2⁵ residues per five bits of the exponent: 1.6 MiB for exponents and a p of 1024 bits,
/// 3.7 MiB for 1536 bits; and 2⁶ per six bits if it serves many at once, 2.7 and 6.0 MiB, or up to a quarter more in
/// lanes. It is wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct FixedBase {
    /// For each digit, the lowest first, the factors for the digit's values from 0.
    table: WindowTable,
    /// Bits of a digit.
    window: usize,
    /// Limbs that exponents have.
    exponent_limbs: usize,
}

impl FixedBase {
    /// Computes a table for exponents of up to `exponent_limbs` limbs, with 32 products per five bits.
    pub fn new(modulus: &SquareModulus, base: &Residue, exponent_limbs: usize) -> Self {
        let table = WindowTable::with_capacity(digits(exponent_limbs, WINDOW));
        Self::with_table(modulus, base, exponent_limbs, WINDOW, table)
    }

    /// Computes a table for many powers, with 64 products per six bits. On processors with AVX-512 IFMA
    /// several at a time then take a quarter of the time each; a single power takes as long as with the
    /// other table.
    pub fn for_many(modulus: &SquareModulus, base: &Residue, exponent_limbs: usize) -> Self {
        let table = WindowTable::for_many(modulus, digits(exponent_limbs, WIDE_WINDOW));
        Self::with_table(modulus, base, exponent_limbs, WIDE_WINDOW, table)
    }

    /// Fills the table.
    fn with_table(
        modulus: &SquareModulus,
        base: &Residue,
        exponent_limbs: usize,
        window: usize,
        mut table: WindowTable,
    ) -> Self {
        // The base of the digit at hand: base^(2^(w·i)).
        let mut digit_base = base.clone();
        for _ in 0..digits(exponent_limbs, window) {
            let mut factors = vec![modulus.one()];
            for i in 0..1 << window {
                let next = modulus.mul(&factors[i], &digit_base);
                factors.push(next);
            }
            digit_base = factors.pop().expect("there are 2^w + 1");
            table.push(modulus, &factors);
        }
        Self {
            table,
            window,
            exponent_limbs,
        }
    }

    /// base^exponent, in time that depends only on the table's size.
    ///
    /// # Panics
    /// If the exponent has more limbs than the table was computed for.
    pub fn pow(&self, modulus: &SquareModulus, exponent: &[u64]) -> Residue {
        self.pow_many(modulus, &[exponent])
            .pop()
            .expect("a power for each exponent")
    }

    /// base^exponent for each exponent, in time that depends only on their number and the table's
    /// size.
    ///
    /// # Panics
    /// If an exponent has more limbs than the table was computed for.
    pub fn pow_many(&self, modulus: &SquareModulus, exponents: &[&[u64]]) -> Vec<Residue> {
        let fits = |exponent: &&[u64]| exponent.len() <= self.exponent_limbs;
        assert!(
            exponents.iter().all(fits),
            "an exponent is longer than the table"
        );
        let window = self.window;
        let parts = 0..self.table.parts();
        let digits = |exponent: &&[u64]| {
            let digits = parts.clone();
            digits
                .map(|i| bit_window(exponent, i * window, window))
                .collect()
        };
        let digits: Zeroizing<Vec<Vec<u64>>> =
            Zeroizing::new(exponents.iter().map(digits).collect());
        self.table.products(modulus, parts, &digits)
    }
}

/// How many digits of `window` bits exponents of this length have.
fn digits(exponent_limbs: usize, window: usize) -> usize {
    (64 * exponent_limbs).div_ceil(window)
}

impl std::fmt::Debug for FixedBase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.table.parts();
        write!(f, "FixedBase({digits} digits of {} bits)", self.window)
    }
}
