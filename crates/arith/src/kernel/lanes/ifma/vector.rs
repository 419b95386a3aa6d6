//! Vectors of eight and of four lanes, and the operations on them.

use std::arch::x86_64::*;

use crate::kernel::interface::Block;
use crate::kernel::lane_kernel::IfmaLanes;
use crate::kernel::lanes::vector::{Lanes4, Lanes8, Transposed, Vector};

/// What AVX-512 IFMA adds.
pub(in crate::kernel::lanes) trait Fused:
    Vector<Proof = IfmaLanes>
{
    /// What is above the lowest 52 bits; the sign stays.
    fn above_digit(self) -> Self;
    /// self plus the low 52 bits of x·y.
    fn add_low(self, x: Self, y: Self) -> Self;
    /// self plus the high 52 bits of x·y.
    fn add_high(self, x: Self, y: Self) -> Self;
    /// The lanes in the first ones of eight.
    fn widened(self) -> Vector8;
    /// The first lanes of eight.
    fn narrowed(eight: Vector8) -> Self;
}

/// Eight lanes.
#[derive(Clone, Copy)]
pub(in crate::kernel::lanes) struct Vector8(__m512i);

/// Four lanes.
#[derive(Clone, Copy)]
pub(in crate::kernel::lanes) struct Vector4(__m256i);

// SAFETY of all operations: `all`, `load` and `load_part` are given an `IfmaLanes`, which proves
// that the processor has the instructions, and no vector is made without one of them.

impl Vector for Vector8 {
    type Digit = Lanes8;
    type Proof = IfmaLanes;

    #[inline(always)]
    fn all(_: IfmaLanes, x: i64) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_set1_epi64(x) })
    }

    #[inline(always)]
    fn load(_: IfmaLanes, x: &Lanes8) -> Self {
        // SAFETY: as above; eight limbs are 64 bytes, and aligned to that.
        Self(unsafe { _mm512_load_si512(x.0.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self, x: &mut Lanes8) {
        // SAFETY: as above; eight limbs are 64 bytes, and aligned to that.
        unsafe { _mm512_store_si512(x.0.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    fn add(self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_add_epi64(self.0, y.0) })
    }

    #[inline(always)]
    fn subtract(self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_sub_epi64(self.0, y.0) })
    }

    #[inline(always)]
    fn and(self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_and_si512(self.0, y.0) })
    }

    #[inline(always)]
    fn replaced_where_equal(self, then: Self, x: Self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_mask_mov_epi64(self.0, _mm512_cmpeq_epi64_mask(x.0, y.0), then.0) })
    }
}

impl Fused for Vector8 {
    #[inline(always)]
    fn above_digit(self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_srai_epi64::<52>(self.0) })
    }

    #[inline(always)]
    fn add_low(self, x: Self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_madd52lo_epu64(self.0, x.0, y.0) })
    }

    #[inline(always)]
    fn add_high(self, x: Self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_madd52hi_epu64(self.0, x.0, y.0) })
    }

    #[inline(always)]
    fn widened(self) -> Vector8 {
        self
    }

    #[inline(always)]
    fn narrowed(eight: Vector8) -> Self {
        eight
    }
}

impl Vector8 {
    /// In each lane, the one of the sixteen numbers in self and `other` that the four lowest bits of its
    /// index name.
    #[inline(always)]
    pub(super) fn taken_from_both(self, other: Self, indices: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_permutex2var_epi64(self.0, indices.0, other.0) })
    }

    /// The lanes of self, except those of `then` where the index lies in that sixteen.
    #[inline(always)]
    pub(super) fn replaced_in_sixteen(self, then: Self, indices: Self, sixteen: usize) -> Self {
        // SAFETY: as above.
        let [above, number] = unsafe {
            let number = _mm512_set1_epi64(sixteen as i64);
            [_mm512_srli_epi64::<4>(indices.0), number]
        };
        self.replaced_where_equal(then, Self(above), Self(number))
    }
}

impl Transposed<8> for Vector8 {
    #[inline(always)]
    fn load_part(_: IfmaLanes, block: &Block, part: usize) -> Self {
        let digits = &block.0.as_chunks::<8>().0[part];
        // SAFETY: as above; eight digits are 64 bytes.
        Self(unsafe { _mm512_loadu_si512(digits.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store_part(self, block: &mut Block, part: usize) {
        let place = &mut block.0.as_chunks_mut::<8>().0[part];
        // SAFETY: as above; eight digits are 64 bytes.
        unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    fn transposed(rows: [Self; 8]) -> [Self; 8] {
        // SAFETY: as above.
        unsafe { transposed_eight(rows.map(|row| row.0)) }.map(Self)
    }
}

/// Pairs of rows, then of pairs, then of fours.
#[target_feature(enable = "avx512f")]
#[inline]
fn transposed_eight(rows: [__m512i; 8]) -> [__m512i; 8] {
    let pair = |i: usize, odd: bool| match odd {
        false => _mm512_unpacklo_epi64(rows[2 * i], rows[2 * i + 1]),
        true => _mm512_unpackhi_epi64(rows[2 * i], rows[2 * i + 1]),
    };
    let even_lanes = |x, y| _mm512_shuffle_i64x2::<0x88>(x, y);
    let odd_lanes = |x, y| _mm512_shuffle_i64x2::<0xdd>(x, y);
    let columns = |odd: bool| {
        let pairs = [pair(0, odd), pair(1, odd), pair(2, odd), pair(3, odd)];
        let (low, high) = (
            even_lanes(pairs[0], pairs[1]),
            even_lanes(pairs[2], pairs[3]),
        );
        let (low_odd, high_odd) = (odd_lanes(pairs[0], pairs[1]), odd_lanes(pairs[2], pairs[3]));
        [
            even_lanes(low, high),
            even_lanes(low_odd, high_odd),
            odd_lanes(low, high),
            odd_lanes(low_odd, high_odd),
        ]
    };
    let ([c0, c2, c4, c6], [c1, c3, c5, c7]) = (columns(false), columns(true));
    [c0, c1, c2, c3, c4, c5, c6, c7]
}

impl Vector for Vector4 {
    type Digit = Lanes4;
    type Proof = IfmaLanes;

    #[inline(always)]
    fn all(_: IfmaLanes, x: i64) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_set1_epi64x(x) })
    }

    #[inline(always)]
    fn load(_: IfmaLanes, x: &Lanes4) -> Self {
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
        Self(unsafe { _mm256_mask_mov_epi64(self.0, _mm256_cmpeq_epi64_mask(x.0, y.0), then.0) })
    }
}

impl Fused for Vector4 {
    #[inline(always)]
    fn above_digit(self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_srai_epi64::<52>(self.0) })
    }

    #[inline(always)]
    fn add_low(self, x: Self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_madd52lo_epu64(self.0, x.0, y.0) })
    }

    #[inline(always)]
    fn add_high(self, x: Self, y: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_madd52hi_epu64(self.0, x.0, y.0) })
    }

    #[inline(always)]
    fn widened(self) -> Vector8 {
        // SAFETY: as above.
        Vector8(unsafe { _mm512_zextsi256_si512(self.0) })
    }

    #[inline(always)]
    fn narrowed(eight: Vector8) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_castsi512_si256(eight.0) })
    }
}

impl Transposed<4> for Vector4 {
    #[inline(always)]
    fn load_part(_: IfmaLanes, block: &Block, part: usize) -> Self {
        let digits = &block.0.as_chunks::<4>().0[part];
        // SAFETY: as above; four digits are 32 bytes.
        Self(unsafe { _mm256_loadu_si256(digits.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store_part(self, block: &mut Block, part: usize) {
        let place = &mut block.0.as_chunks_mut::<4>().0[part];
        // SAFETY: as above; four digits are 32 bytes.
        unsafe { _mm256_storeu_si256(place.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    fn transposed(rows: [Self; 4]) -> [Self; 4] {
        // SAFETY: as above.
        unsafe { transposed_four(rows.map(|row| row.0)) }.map(Self)
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn transposed_four([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (low, low_odd) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
    let (high, high_odd) = (_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
    [
        _mm256_permute2x128_si256::<0x20>(low, high),
        _mm256_permute2x128_si256::<0x20>(low_odd, high_odd),
        _mm256_permute2x128_si256::<0x31>(low, high),
        _mm256_permute2x128_si256::<0x31>(low_odd, high_odd),
    ]
}
