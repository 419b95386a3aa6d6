//! Seeded numbers, the same in every run.

use crypto_bigint::{BoxedUint, ConcatenatingSquare, Odd};
use veilcast_arith::SquareModulus;

/// SplitMix64 (Steele, Lea and Flood 2014): enough for operands of benchmarks.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn limb(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn limbs(&mut self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.limb()).collect()
    }
}

/// A ring modulo n² with two elements and an exponent of as many bits as n, all at random.
pub(crate) struct Operands {
    pub(crate) ring: SquareModulus,
    /// n², of 2L limbs.
    pub(crate) square: Odd<BoxedUint>,
    /// Two numbers below n², as 2L limbs.
    pub(crate) x: Vec<u64>,
    pub(crate) y: Vec<u64>,
    pub(crate) exponent: Vec<u64>,
}

impl Operands {
    /// For n of `bits` bits, a multiple of 64.
    pub(crate) fn of_bits(bits: usize) -> Self {
        let limbs = bits / 64;
        let mut numbers = Numbers::seeded(bits as u64);
        let mut n = numbers.limbs(limbs);
        n[0] |= 1;
        n[limbs - 1] |= 1 << 63;
        let ring = SquareModulus::new(&n).expect("n is odd and fills its limbs");
        let n = BoxedUint::from_words(n);
        let square = Odd::new(n.concatenating_square()).expect("n is odd, so n² is");
        let [x, y] = [(); 2].map(|()| ring.to_limbs(&ring.residue(&numbers.limbs(2 * limbs))));
        Self {
            exponent: numbers.limbs(limbs),
            ring,
            square,
            x,
            y,
        }
    }
}
