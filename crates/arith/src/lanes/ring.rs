//! Rings of one size in lanes: numbers in digits, and the way there and back.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::kernel::{Digits, LaneKernel, Lanes};
use crate::limbs::{add_word, bit_window, subtract_if_reached};
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// The kernel and the digits for numbers of `limbs` limbs, if there is a kernel for them.
pub(super) fn kernel(limbs: usize) -> Option<(LaneKernel, Digits)> {
    let kernel = LaneKernel::detect()?;
    Some((kernel, kernel.digits(limbs)?))
}

/// The most numbers that are computed with at once.
pub(crate) fn widest() -> usize {
    LaneKernel::detect().map_or(8, LaneKernel::widest)
}

/// A ring's numbers in digits, for one lane.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Lane {
    pub(super) n: Vec<u64>,
    n_inv: u64,
    /// Bits of a digit.
    bits: usize,
    /// The pair R'²/R modulo n², which brings a residue into the lanes' Montgomery form.
    enter: Vec<u64>,
    /// The pair R modulo n², which brings it back.
    leave: Vec<u64>,
}

impl Lane {
    pub(super) fn new(modulus: &SquareModulus, digits: Digits) -> Self {
        // The pair 2^e is the Montgomery form of 2^e/R.
        let mut enter = modulus.one();
        for _ in 0..2 * digits.bits * digits.count - 128 * modulus.limbs() {
            enter = modulus.add(&enter, &enter);
        }
        Self {
            n: to_digits(modulus.n(), digits).collect(),
            n_inv: modulus.n_inv & ((1 << digits.bits) - 1),
            bits: digits.bits,
            enter: pair_digits(&enter, digits),
            leave: pair_digits(&modulus.one(), digits),
        }
    }
}

/// Rings of the same size, one per lane.
pub(super) struct Ring<L: Lanes> {
    kernel: L::Kernel,
    /// Bits of a digit.
    bits: usize,
    n: Zeroizing<Vec<L>>,
    n_inv: L,
    enter: Zeroizing<Vec<L>>,
    leave: Zeroizing<Vec<L>>,
}

impl<L: Lanes> Ring<L> {
    /// The rings of these lanes; the last is repeated in lanes that are left over.
    pub(super) fn new(kernel: L::Kernel, lanes: &[&Lane]) -> Self {
        let lane = |i: usize| lanes[i.min(lanes.len() - 1)];
        Self {
            kernel,
            bits: lanes[0].bits,
            n: transposed(|i| &lane(i).n),
            n_inv: L::from_fn(|i| lane(i).n_inv),
            enter: transposed(|i| &lane(i).enter),
            leave: transposed(|i| &lane(i).leave),
        }
    }

    pub(super) fn mul(&self, x: &mut [L], y: &[L]) {
        L::mul(self.kernel, x, y, &self.n, &self.n_inv);
    }

    pub(super) fn square(&self, x: &mut [L]) {
        L::square(self.kernel, x, &self.n, &self.n_inv);
    }

    /// Residues as lanes; the last is repeated in lanes that are left over.
    pub(super) fn enter(&self, residues: &[&Residue]) -> Zeroizing<Vec<L>> {
        let format = Digits {
            bits: self.bits,
            count: self.n.len(),
        };
        let digits = |residue: &&Residue| Zeroizing::new(pair_digits(residue, format));
        let digits: Vec<_> = residues.iter().map(digits).collect();
        let mut lanes = transposed(|i| &digits[i.min(digits.len() - 1)]);
        self.mul(&mut lanes, &self.enter);
        lanes
    }

    /// The residues of the first lanes, one per modulus.
    pub(super) fn leave<'m>(
        &self,
        mut lanes: Zeroizing<Vec<L>>,
        moduli: impl Iterator<Item = &'m SquareModulus>,
    ) -> Vec<Residue> {
        self.mul(&mut lanes, &self.leave);
        let (a, b) = lanes.split_at(self.n.len());
        let lane = |digits: &[L], i: usize| -> Zeroizing<Vec<u64>> {
            Zeroizing::new(digits.iter().map(|digit| digit.lane(i)).collect())
        };
        let residue = |(i, modulus)| reduced(modulus, &lane(a, i), &lane(b, i), self.bits);
        moduli.enumerate().map(residue).collect()
    }
}

/// The residue of halves a < 2n and b < 3n, given in digits.
pub(super) fn reduced(modulus: &SquareModulus, a: &[u64], b: &[u64], bits: usize) -> Residue {
    let l = modulus.limbs();
    let (mut a, mut b) = (to_limbs(a, l + 1, bits), to_limbs(b, l + 1, bits));
    let (a_low, a_high) = a.split_at_mut(l);
    let (_, one) = subtract_if_reached(a_low, a_high[0], modulus.n());
    add_word(&mut b, one);
    let (b_low, b_high) = b.split_at_mut(l);
    let mut high = b_high[0];
    for _ in 0..3 {
        (high, _) = subtract_if_reached(b_low, high, modulus.n());
    }
    let residue = Residue::from_halves(a_low, b_low);
    a.zeroize();
    b.zeroize();
    residue
}

fn to_digits(limbs: &[u64], Digits { bits, count }: Digits) -> impl Iterator<Item = u64> {
    (0..count).map(move |i| bit_window(limbs, bits * i, bits))
}

fn pair_digits(residue: &Residue, digits: Digits) -> Vec<u64> {
    let (a, b) = residue.halves();
    // All at once: what a growing vector leaves behind isn't wiped.
    let mut pair = Vec::with_capacity(2 * digits.count);
    pair.extend(to_digits(a, digits).chain(to_digits(b, digits)));
    pair
}

fn to_limbs(digits: &[u64], limbs: usize, bits: usize) -> Vec<u64> {
    let mut number = vec![0; limbs];
    for (i, &digit) in digits.iter().enumerate() {
        let (limb, shift) = (bits * i / 64, bits * i % 64);
        let wide = u128::from(digit) << shift;
        for (j, part) in [(limb, wide as u64), (limb + 1, (wide >> 64) as u64)] {
            if let Some(limb) = number.get_mut(j) {
                *limb |= part;
            }
        }
    }
    number
}

/// The numbers of all lanes, digit by digit.
fn transposed<'a, L: Lanes>(number: impl Fn(usize) -> &'a [u64]) -> Zeroizing<Vec<L>> {
    let digit = |i| L::from_fn(|lane| number(lane)[i]);
    Zeroizing::new((0..number(0).len()).map(digit).collect())
}
