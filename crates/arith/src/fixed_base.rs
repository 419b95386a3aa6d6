//! [`FixedBase`]: powers of one base with secret exponents, from a table that is computed once.
//!
//! Fixed-base windowing (Brickell, Gordon, McCurley and Wilson 1992; Handbook of Applied
//! Cryptography, 14.109): with the exponent in digits of w bits, base^e = Π base^(dᵢ·2^(w·i)), and
//! the table holds every such factor. A power costs one product per digit and no squarings. Each
//! factor is selected by reading all 2^w candidates, so that memory accesses don't reveal the
//! digits.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::kernel::Block;
use crate::lanes::SharedLanes;
use crate::limbs::bit_window;
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

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
    table: Table,
    /// Bits of a digit.
    window: usize,
    /// Limbs that exponents have.
    exponent_limbs: usize,
}

/// For each digit, the lowest first, the factors for the digit's values from 0.
#[derive(Zeroize, ZeroizeOnDrop)]
enum Table {
    /// The limbs of the factors, one factor after another.
    Residues(Vec<u64>),
    /// Their digits, for computing several powers at a time.
    Lanes(SharedLanes, Vec<Block>),
}

impl FixedBase {
    /// Computes a table for exponents of up to `exponent_limbs` limbs, with 32 products per five bits.
    pub fn new(modulus: &SquareModulus, base: &Residue, exponent_limbs: usize) -> Self {
        Self::with_table(
            modulus,
            base,
            exponent_limbs,
            WINDOW,
            Table::Residues(vec![]),
        )
    }

    /// Computes a table for many powers, with 64 products per six bits. On processors with AVX-512 IFMA
    /// several at a time then take a quarter of the time each; a single power takes as long as with the
    /// other table.
    pub fn for_many(modulus: &SquareModulus, base: &Residue, exponent_limbs: usize) -> Self {
        let table = match SharedLanes::new(modulus) {
            Some(lanes) => Table::Lanes(lanes, vec![]),
            None => Table::Residues(vec![]),
        };
        Self::with_table(modulus, base, exponent_limbs, WIDE_WINDOW, table)
    }

    /// Fills the table.
    fn with_table(
        modulus: &SquareModulus,
        base: &Residue,
        exponent_limbs: usize,
        window: usize,
        mut table: Table,
    ) -> Self {
        let digits = (64 * exponent_limbs).div_ceil(window);
        // The base of the digit at hand: base^(2^(w·i)).
        let mut digit_base = base.clone();
        for _ in 0..digits {
            let mut factors = vec![modulus.one()];
            for i in 0..1 << window {
                let next = modulus.mul(&factors[i], &digit_base);
                factors.push(next);
            }
            digit_base = factors.pop().expect("there are 2^w + 1");
            // Memory for all parts is allocated with the first: what a growing vector leaves behind
            // isn't wiped.
            match &mut table {
                Table::Residues(limbs) => {
                    limbs.reserve_exact((digits << window) * 2 * modulus.limbs() - limbs.len());
                    (factors.iter()).for_each(|factor| limbs.extend_from_slice(factor.limbs()));
                }
                Table::Lanes(lanes, blocks) => {
                    let part = lanes.part(&factors);
                    blocks.reserve_exact(digits * part.len() - blocks.len());
                    blocks.extend_from_slice(&part);
                }
            }
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
        let count = (64 * self.exponent_limbs).div_ceil(window);
        let digits = |exponent: &&[u64]| {
            (0..count)
                .map(|i| bit_window(exponent, i * window, window))
                .collect()
        };
        let digits: Zeroizing<Vec<Vec<u64>>> =
            Zeroizing::new(exponents.iter().map(digits).collect());
        match &self.table {
            Table::Lanes(lanes, blocks) => {
                lanes.products(modulus, blocks, blocks.len() / count.max(1), &digits)
            }
            Table::Residues(limbs) => {
                let part = (2 * modulus.limbs()) << window;
                products(modulus, limbs.chunks_exact(part), &digits)
            }
        }
    }
}

/// The product of the factors of these digits, for each exponent.
fn products<'a>(
    modulus: &SquareModulus,
    parts: impl Iterator<Item = &'a [u64]>,
    digits: &[Vec<u64>],
) -> Vec<Residue> {
    let mut products: Vec<Residue> = Vec::with_capacity(digits.len());
    // Part by part, so that each is read from memory once for all exponents.
    for (i, part) in parts.enumerate() {
        for (j, digits) in digits.iter().enumerate() {
            let factor = modulus.select(part, digits[i]);
            match products.get_mut(j) {
                Some(product) => modulus.mul_assign(product, &factor),
                None => products.push(factor),
            }
        }
    }
    products.resize_with(digits.len(), || modulus.one());
    products
}

impl std::fmt::Debug for FixedBase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = (64 * self.exponent_limbs).div_ceil(self.window);
        write!(f, "FixedBase({digits} digits of {} bits)", self.window)
    }
}
