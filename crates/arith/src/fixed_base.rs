//! [`FixedBase`]: powers of one base with secret exponents, from a table that is computed once.
//!
//! Fixed-base windowing (Brickell, Gordon, McCurley and Wilson 1992; Handbook of Applied
//! Cryptography, 14.109): with the exponent in digits of w bits, base^e = Π base^(dᵢ·2^(w·i)), and
//! the table holds every such factor. A power costs one product per digit and no squarings. Each
//! factor is selected by reading all 2^w candidates, so that memory accesses don't reveal the
//! digits.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::lanes::SharedLanes;
use crate::limbs::{bit_window, select};
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// Bits of a digit. With wider digits, reading the table would cost more than the products saved.
const WINDOW: usize = 5;

/// A table of powers of one base, for exponents up to a given length.
///
/// It holds 2⁵ residues per five bits of the exponent: 1.6 MiB for exponents and a p of 1024 bits,
/// 3.7 MiB for 1536 bits, and a quarter more if it serves many at once. It is wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct FixedBase {
    /// For each digit, the lowest first, the factors for the digit's values from 0.
    table: Vec<u64>,
    /// Limbs that exponents have.
    exponent_limbs: usize,
    /// What computes several powers at a time with the table, if it was made for that.
    #[zeroize(skip)] // wipes itself
    lanes: Option<SharedLanes>,
}

impl FixedBase {
    /// Computes a table for exponents of up to `exponent_limbs` limbs, with 32 products per digit.
    pub fn new(modulus: &SquareModulus, base: &Residue, exponent_limbs: usize) -> Self {
        Self::with_lanes(modulus, base, exponent_limbs, None)
    }

    /// Computes a table for several powers at a time. On processors with AVX-512 IFMA each then
    /// takes a quarter of the time; a single power takes as long as with the other table.
    pub fn for_many(modulus: &SquareModulus, base: &Residue, exponent_limbs: usize) -> Self {
        Self::with_lanes(modulus, base, exponent_limbs, SharedLanes::new(modulus))
    }

    fn with_lanes(
        modulus: &SquareModulus,
        base: &Residue,
        exponent_limbs: usize,
        lanes: Option<SharedLanes>,
    ) -> Self {
        let digits = (64 * exponent_limbs).div_ceil(WINDOW);
        let entry_limbs = lanes
            .as_ref()
            .map_or(2 * modulus.limbs(), SharedLanes::entry_limbs);
        let mut table = Vec::with_capacity((digits << WINDOW) * entry_limbs);
        // The base of the digit at hand: base^(2^(w·i)).
        let mut digit_base = base.clone();
        for _ in 0..digits {
            let mut factors = vec![modulus.one()];
            for i in 0..1 << WINDOW {
                let next = modulus.mul(&factors[i], &digit_base);
                factors.push(next);
            }
            digit_base = factors.pop().expect("there are 33");
            match &lanes {
                Some(lanes) => factors.as_chunks::<8>().0.iter().for_each(|eight| {
                    let entries = Zeroizing::new(lanes.entries(eight.each_ref()));
                    entries
                        .iter()
                        .for_each(|entry| table.extend_from_slice(entry));
                }),
                None => factors
                    .iter()
                    .for_each(|factor| table.extend_from_slice(factor.limbs())),
            }
        }
        Self {
            table,
            exponent_limbs,
            lanes,
        }
    }

    /// base^exponent, in time that depends on the table's size alone.
    ///
    /// # Panics
    /// If the exponent has more limbs than the table was computed for.
    pub fn pow(&self, modulus: &SquareModulus, exponent: &[u64]) -> Residue {
        self.pow_many(modulus, &[exponent])
            .pop()
            .expect("a power for each exponent")
    }

    /// base^exponent for each exponent, in time that depends on their number and the table's size
    /// alone.
    ///
    /// # Panics
    /// If an exponent has more limbs than the table was computed for.
    pub fn pow_many(&self, modulus: &SquareModulus, exponents: &[&[u64]]) -> Vec<Residue> {
        let fits = |exponent: &&[u64]| exponent.len() <= self.exponent_limbs;
        assert!(
            exponents.iter().all(fits),
            "an exponent is longer than the table"
        );
        let count = (64 * self.exponent_limbs).div_ceil(WINDOW);
        let digits = |exponent: &&[u64]| {
            (0..count)
                .map(|i| bit_window(exponent, i * WINDOW, WINDOW))
                .collect()
        };
        let digits: Zeroizing<Vec<Vec<u64>>> =
            Zeroizing::new(exponents.iter().map(digits).collect());
        match &self.lanes {
            Some(lanes) => lanes.products(modulus, &self.table, 1 << WINDOW, &digits),
            None => digits
                .iter()
                .map(|digits| self.product(modulus, digits))
                .collect(),
        }
    }

    /// The product of the factors of these digits.
    fn product(&self, modulus: &SquareModulus, digits: &[u64]) -> Residue {
        let width = 2 * modulus.limbs();
        let parts = self.table.chunks_exact(width << WINDOW).zip(digits);
        let mut factors =
            parts.map(|(part, &digit)| Residue::from_limbs(select(part, width, digit)));
        let mut product = factors.next().unwrap_or_else(|| modulus.one());
        for factor in factors {
            modulus.mul_assign(&mut product, &factor);
        }
        product
    }
}

impl std::fmt::Debug for FixedBase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FixedBase({} bytes)", 8 * self.table.len())
    }
}
