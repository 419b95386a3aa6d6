//! Vectors of four lanes, and the operations on them.

use std::arch::x86_64::*;

use crate::kernel::lane_kernel::Avx2Lanes;
use crate::kernel::lanes::vector::{Lanes4, Vector};

/// Four lanes.
#[derive(Clone, Copy)]
pub(in crate::kernel::lanes) struct Four(__m256i);

// SAFETY of all operations: `all`, `load` and `of_limbs` are given an `Avx2Lanes`, which proves that
// the processor has the instructions, and no vector is made without one of them.

impl Vector for Four {
    type Digit = Lanes4;
    type Proof = Avx2Lanes;

    #[inline(always)]
    fn all(_: Avx2Lanes, x: i64) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_set1_epi64x(x) })
    }

    #[inline(always)]
    fn load(_: Avx2Lanes, x: &Lanes4) -> Self {
        // SAFETY: as above; four limbs are 32 bytes, and aligned to that.
        Self(unsafe { _mm256_load_si256(x.0.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self, x: &mut Lanes4) {
        // SAFETY: as above; four limbs are 32 bytes, and aligned to that.
        unsafe { _mm256_store_si256(x.0.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    fn add(self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_add_epi64(self.0, y.0) })
    }

    #[inline(always)]
    fn subtract(self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_sub_epi64(self.0, y.0) })
    }

    #[inline(always)]
    fn and(self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_and_si256(self.0, y.0) })
    }

    #[inline(always)]
    fn replaced_where_equal(self, then: Self, x: Self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_blendv_epi8(self.0, then.0, _mm256_cmpeq_epi64(x.0, y.0)) })
    }
}

impl Four {
    /// self plus the product of the low halves of x and y.
    #[inline(always)]
    pub(super) fn add_product(self, x: Self, y: Self) -> Self {
        self.add(x.times(y))
    }

    /// The product of the low halves.
    #[inline(always)]
    pub(super) fn times(self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_mul_epu32(self.0, y.0) })
    }

    /// What is above the lowest BITS bits.
    #[inline(always)]
    pub(super) fn above<const BITS: i32>(self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_srli_epi64::<BITS>(self.0) })
    }

    /// All ones in lanes where x and y are equal, and zeros elsewhere.
    #[inline(always)]
    pub(super) fn where_equal(self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_cmpeq_epi64(self.0, y.0) })
    }

    #[inline(always)]
    pub(super) fn or(self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_or_si256(self.0, y.0) })
    }

    /// Four numbers of 64 bits.
    #[inline(always)]
    pub(super) fn of_limbs(_: Avx2Lanes, limbs: &[u64; 4]) -> Self {
        // SAFETY: as above; four limbs are 32 bytes.
        Self(unsafe { _mm256_loadu_si256(limbs.as_ptr().cast()) })
    }

    /// For each index below 4, those of its two halves among eight, as [`picked`](Self::picked) takes them.
    #[inline(always)]
    pub(super) fn of_halves(self) -> Self {
        // SAFETY: as above.
        Self(unsafe {
            let low = _mm256_add_epi64(self.0, self.0);
            let high = _mm256_add_epi64(low, _mm256_set1_epi64x(1));
            _mm256_or_si256(low, _mm256_slli_epi64::<32>(high))
        })
    }

    /// In each lane, the lane of self that the indices name.
    #[inline(always)]
    pub(super) fn picked(self, of_halves: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_permutevar8x32_epi32(self.0, of_halves.0) })
    }
}
