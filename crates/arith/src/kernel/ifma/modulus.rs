//! A modulus in digits, and the proof that the processor can compute with it.

#![allow(clippy::needless_range_loop)] // Digits go by their numbers here.

use std::arch::is_x86_feature_detected;
use std::array;

use crypto_bigint::U448;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::digits::{BITS, ONES};
use crate::limbs::bit_window;

/// The most vectors to a number: 64 limbs are 79 digits.
const MAX_VECTORS: usize = 10;

/// Proof that the processor has AVX-512 with IFMA and VBMI.
#[derive(Clone, Copy)]
pub(in super::super) struct Ifma(());

impl Ifma {
    pub(in super::super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512ifma")
            && is_x86_feature_detected!("avx512vbmi"))
        .then_some(Self(()))
    }

    /// The kernel for an odd n, or `None` if there is none for its number of limbs.
    pub(in super::super) fn kernel(self, n: &[u64]) -> Option<Modulus> {
        let vectors = match n.len() {
            16 => 3,
            24 => 4,
            32 => 5,
            48 => 8,
            64 => 10,
            _ => return None,
        };
        Some(Modulus::new(self, n, vectors))
    }
}

/// A number's digits with a vector of zeros below and above, so that it can be read shifted.
#[derive(Zeroize)]
#[repr(C, align(64))]
pub(super) struct Padded(pub(super) [u64; 8 * (MAX_VECTORS + 2)]);

/// An odd modulus n prepared for products of pairs.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(in super::super) struct Modulus {
    pub(super) limbs: usize,
    pub(super) vectors: usize,
    pub(super) n: Padded,
    /// −n⁻¹ modulo 2⁴¹⁶, above eight zeros.
    pub(super) negated_inverse: [u64; 16],
    /// 2n·R'/R in digits that are each at least 2⁵² − 1, so that any m can be subtracted.
    pub(super) multiple: [u64; 8 * MAX_VECTORS],
    /// R' − n.
    pub(super) complement: [u64; 8 * MAX_VECTORS],
    #[zeroize(skip)]
    _processor: Ifma,
}

impl Modulus {
    fn new(processor: Ifma, n: &[u64], vectors: usize) -> Self {
        let digit = |number: &[u64], i: usize| bit_window(number, BITS * i, BITS);
        let count = 8 * vectors;

        let mut padded = Padded([0; _]);
        for i in 0..count {
            padded.0[8 + i] = digit(n, i);
        }

        let mut complement = [0; 8 * MAX_VECTORS];
        for i in 0..count {
            // n is odd: the 1 at the bottom makes no carry.
            complement[i] = ONES as u64 - digit(n, i) + u64::from(i == 0);
        }

        let low = U448::from_words(array::from_fn(|i| n[i]));
        let inverse = low.invert_mod2k(U448::BITS).expect_copied("n is odd");
        let inverse = inverse.wrapping_neg().to_words();
        let mut negated_inverse = [0; 16];
        for i in 0..8 {
            negated_inverse[8 + i] = digit(&inverse, i);
        }

        // 2n·R'/R lies between R' and 2R': its digit above all vectors is 1. That one is lent to
        // the digit below as 2⁵², of which it lends 1 further down, and so on.
        let shift = 8 * Self::shift_in_bytes(n.len(), vectors) + 1;
        let mut shifted = vec![0; shift / 64];
        let mut below = 0;
        for limb in n.iter().copied().chain([0]) {
            shifted.push((limb << (shift % 64)) | below);
            below = limb >> (64 - shift % 64);
        }
        let mut multiple = [0; 8 * MAX_VECTORS];
        for i in 0..count {
            multiple[i] = digit(&shifted, i) + (1 << BITS) - u64::from(i > 0);
        }

        shifted.zeroize();
        Self {
            limbs: n.len(),
            vectors,
            n: padded,
            negated_inverse,
            multiple,
            complement,
            _processor: processor,
        }
    }

    /// R'/R is 2 to eight times this.
    pub(super) const fn shift_in_bytes(limbs: usize, vectors: usize) -> usize {
        BITS * vectors - 8 * limbs
    }
}
