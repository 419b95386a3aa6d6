//! A modulus in digits, and the proof that the processor can compute with it.

#![allow(clippy::needless_range_loop)] // Digits go by their numbers here.

use std::arch::is_x86_feature_detected;
use std::array;
use std::sync::Arc;

use crypto_bigint::U448;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::digits::{BITS, Digits, ONES};
use crate::kernel::interface::PairKernel;
use crate::limbs::bit_window;

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
    pub(in super::super) fn kernel(self, n: &[u64]) -> Option<Arc<dyn PairKernel>> {
        Some(match n.len() {
            16 => Arc::new(Modulus::<3, 5, 7>::new(self, n)),
            24 => Arc::new(Modulus::<4, 6, 9>::new(self, n)),
            32 => Arc::new(Modulus::<5, 7, 11>::new(self, n)),
            48 => Arc::new(Modulus::<8, 10, 17>::new(self, n)),
            64 => Arc::new(Modulus::<10, 12, 21>::new(self, n)),
            _ => return None,
        })
    }
}

/// An odd modulus n prepared for products of pairs: V vectors to a number, W = V + 2 with zeros at both ends, so that
/// it can be read shifted, S = 2V + 1 to a sum of products.
#[derive(Zeroize, ZeroizeOnDrop)]
#[repr(C, align(64))]
pub(super) struct Modulus<const V: usize, const W: usize, const S: usize> {
    pub(super) n: Digits<W>,
    /// −n⁻¹ modulo 2⁴¹⁶, above eight zeros.
    pub(super) negated_inverse: Digits<2>,
    /// 2n·R'/R in digits that are each at least 2⁵² − 1, so that any m can be subtracted.
    pub(super) multiple: Digits<V>,
    /// R' − n.
    pub(super) complement: Digits<V>,
    pub(super) limbs: usize,
    #[zeroize(skip)]
    _processor: Ifma,
}

impl<const V: usize, const W: usize, const S: usize> Modulus<V, W, S> {
    /// log₂ R'/R, for `limbs` limbs: from 32 to 256, and a multiple of 16.
    pub(super) const fn extra_bits(limbs: usize) -> usize {
        8 * BITS * V - 64 * limbs
    }

    fn new(processor: Ifma, n: &[u64]) -> Self {
        let mut padded = [[0; 8]; W];
        write_digits(&mut padded[1..=V], n);

        // n is odd: the 1 at the bottom of R' − 1 − n + 1 makes no carry.
        let mut complement = [[0; 8]; V];
        write_digits(&mut complement, n);
        for digit in complement.as_flattened_mut() {
            *digit = ONES as u64 - *digit;
        }
        complement[0][0] += 1;

        let low = U448::from_words(array::from_fn(|i| n[i]));
        let inverse = low.invert_mod2k(U448::BITS).expect_copied("n is odd");
        let inverse = inverse.wrapping_neg().to_words();
        let mut negated_inverse = [[0; 8]; 2];
        write_digits(&mut negated_inverse[1..], &inverse);

        // 2n·R'/R lies between R' and 2R': its digit above all vectors is 1. That one is lent to
        // the digit below as 2⁵², of which it lends 1 further down, and so on.
        let shift = Self::extra_bits(n.len()) + 1;
        let mut shifted = vec![0; shift / 64];
        let mut below = 0;
        for limb in n.iter().copied().chain([0]) {
            shifted.push((limb << (shift % 64)) | below);
            below = limb >> (64 - shift % 64);
        }
        let mut multiple = [[0; 8]; V];
        write_digits(&mut multiple, &shifted);
        for (i, digit) in multiple.as_flattened_mut().iter_mut().enumerate() {
            *digit += (1 << BITS) - u64::from(i > 0);
        }

        shifted.zeroize();
        Self {
            n: padded,
            negated_inverse,
            multiple,
            complement,
            limbs: n.len(),
            _processor: processor,
        }
    }
}

/// The lowest digits of a number.
fn write_digits(digits: &mut [[u64; 8]], number: &[u64]) {
    for (i, digit) in digits.as_flattened_mut().iter_mut().enumerate() {
        *digit = bit_window(number, BITS * i, BITS);
    }
}
