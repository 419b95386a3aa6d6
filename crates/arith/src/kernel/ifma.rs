//! Whole products of pairs for x86-64 processors with AVX-512 IFMA.
//!
//! Numbers are cut into digits of 52 bits, eight to a vector: `vpmadd52luq` and `vpmadd52huq` add
//! the low and the high halves of eight products of digits to eight 64-bit lanes, where hundreds
//! of them fit before a carry must be taken. (Gueron and Krasnov, *Accelerating big integer
//! arithmetic using Intel IFMA extensions*, 2016.)
//!
//! With V vectors to a number, R' = 2^(416·V) takes the place of R = 2^(64·L). One factor comes
//! multiplied by R'/R, which just fills its V vectors, so that the result is the same as the other
//! kernels': x·y·(R'/R)/R' = x·y/R. The steps are those of `product`, a block of eight digits of
//! the factors and of m at a time:
//!
//! 1. T += a₁ᵢ·a₂ and U += b₁ᵢ·a₂ + a₁ᵢ·b₂ for the i-th blocks of a₁ and b₁: a digit of the block,
//!    in all lanes, times each vector of a₂ and b₂, loaded that many digits lower.
//! 2. The lowest block of T times −n⁻¹ modulo 2⁴¹⁶ is the i-th block of m; T += mᵢ·n makes the
//!    lowest block of T vanish but for its carry.
//! 3. The i-th block of a multiple of n above R', less mᵢ, is added to U, and U is reduced like T,
//!    one block later, so that neither waits for the other's multipliers.
//!
//! Cost: 10·8V·(V + 1) vector multiplications, a square 8·8V·(V + 1), of which processors start
//! one or two a cycle. No branch and no address depends on a digit.

#![allow(clippy::needless_range_loop)] // Digits, rows and vectors go by their numbers here.

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::*;
use std::array;
use std::hint::black_box;

use crypto_bigint::U448;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::PairKernel;
use crate::limbs::bit_window;

/// The most vectors to a number: 64 limbs are 79 digits.
const MAX_VECTORS: usize = 10;

/// Bits of a digit, and the largest digit.
const BITS: usize = 52;
const ONES: i64 = (1 << BITS) - 1;

/// Proof that the processor has AVX-512 with IFMA and VBMI.
#[derive(Clone, Copy)]
pub(super) struct Ifma(());

impl Ifma {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512ifma")
            && is_x86_feature_detected!("avx512vbmi"))
        .then_some(Self(()))
    }

    /// The kernel for an odd n, or none if there is none for its number of limbs.
    pub(super) fn kernel(self, n: &[u64]) -> Option<Modulus> {
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
struct Padded([u64; 8 * (MAX_VECTORS + 2)]);

/// An odd modulus n prepared for products of pairs.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Modulus {
    limbs: usize,
    vectors: usize,
    n: Padded,
    /// −n⁻¹ modulo 2⁴¹⁶, above eight zeros.
    negated_inverse: [u64; 16],
    /// 2n·R'/R in digits that are each at least 2⁵² − 1, so that any m can be subtracted.
    multiple: [u64; 8 * MAX_VECTORS],
    /// R' − n.
    complement: [u64; 8 * MAX_VECTORS],
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
    const fn shift_in_bytes(limbs: usize, vectors: usize) -> usize {
        BITS * vectors - 8 * limbs
    }
}

impl PairKernel for Modulus {
    fn name(&self) -> &'static str {
        "ifma"
    }

    fn mul(&self, x: &mut [u64], y: &[u64]) {
        // SAFETY: an `Ifma` proves that the processor has the instructions.
        unsafe {
            match self.vectors {
                3 => mul::<3, 5, 7>(self, x, y),
                4 => mul::<4, 6, 9>(self, x, y),
                5 => mul::<5, 7, 11>(self, x, y),
                8 => mul::<8, 10, 17>(self, x, y),
                _ => mul::<10, 12, 21>(self, x, y),
            }
        }
    }

    fn square(&self, x: &mut [u64]) {
        // SAFETY: an `Ifma` proves that the processor has the instructions.
        unsafe {
            match self.vectors {
                3 => square::<3, 5, 7>(self, x),
                4 => square::<4, 6, 9>(self, x),
                5 => square::<5, 7, 11>(self, x),
                8 => square::<8, 10, 17>(self, x),
                _ => square::<10, 12, 21>(self, x),
            }
        }
    }
}

/// Bytes that bring each of eight digits, 6½ bytes apart, to a lane of its own.
const UNPACKED: [u8; 64] = {
    let mut index = [0; 64];
    let mut i = 0;
    while i < 64 {
        index[i] = (BITS * (i / 8) / 8 + i % 8) as u8;
        i += 1;
    }
    index
};

/// Bytes that bring four pairs of digits, each in the low 13 of 16 bytes, together.
const PACKED: [u8; 64] = {
    let mut index = [0; 64];
    let mut i = 0;
    while i < 52 {
        index[i] = (16 * (i / 13) + i % 13) as u8;
        i += 1;
    }
    index
};

/// Marks functions that run only where an [`Ifma`] was found.
macro_rules! with_ifma {
    ($($(#[$doc:meta])* fn $name:ident $(<$(const $c:ident: $kind:ty),*>)? ($($args:tt)*) $(-> $out:ty)? $body:block)*) => {
        $(
            $(#[$doc])*
            #[target_feature(enable = "avx512f,avx512bw,avx512ifma,avx512vbmi")]
            #[inline]
            fn $name $(<$(const $c: $kind),*>)? ($($args)*) $(-> $out)? $body
        )*
    };
}

/// Lanes of low and high halves of products; the high ones count one digit more.
type Sum = [__m512i; 2];

// V vectors to a number, W = V + 2 with zeros at both ends, S = 2V + 1 to a sum of products.
with_ifma! {
    fn mul<const V: usize, const W: usize, const S: usize>(modulus: &Modulus, x: &mut [u64], y: &[u64]) {
        let shift = Modulus::shift_in_bytes(modulus.limbs, V);
        let (a1, b1) = x.split_at(modulus.limbs);
        let (a2, b2) = y.split_at(modulus.limbs);
        let (a1, b1) = (digits::<V>(a1, 0), digits::<V>(b1, 0));
        let (a2, b2) = (padded::<V, W>(digits(a2, shift)), padded::<V, W>(digits(b2, shift)));
        product::<V, W, S, true>(modulus, x, [&a1, &b1], [&a2, &b2]);
    }

    /// U is a·2b: the products of b₂ fall away.
    fn square<const V: usize, const W: usize, const S: usize>(modulus: &Modulus, x: &mut [u64]) {
        let shift = Modulus::shift_in_bytes(modulus.limbs, V);
        let (a, b) = x.split_at(modulus.limbs);
        let (a1, b1) = (digits::<V>(a, 0), doubled(digits::<V>(b, 0), modulus));
        let a2 = padded::<V, W>(digits(a, shift));
        product::<V, W, S, false>(modulus, x, [&a1, &b1], [&a2, &a2]);
    }

    /// Step 1, with the others in between; a₁·b₂ is left out unless it is asked for.
    fn product<const V: usize, const W: usize, const S: usize, const CROSS: bool>(
        modulus: &Modulus, out: &mut [u64], [a1, b1]: [&[__m512i; V]; 2], [a2, b2]: [&[__m512i; W]; 2],
    ) {
        let [mut t_sum, mut u_sum] = [[[_mm512_setzero_si512(); 2]; S]; 2];
        let mut u_multipliers = _mm512_setzero_si512();
        for i in 0..V {
            if i > 0 {
                reduce::<V, S>(&mut u_sum, i - 1, u_multipliers, modulus);
            }
            let (xa, xb) = (spread_limbs(as_limbs(a1), i), spread_limbs(as_limbs(b1), i));
            for k in 0..=V {
                let ([mut t0, mut t1], [mut u0, mut u1]) = (t_sum[i + k], u_sum[i + k]);
                for r in 0..8 {
                    let ya = load(as_limbs(a2), 8 * (k + 1) - r);
                    t0 = _mm512_madd52lo_epu64(t0, xa[r], ya);
                    t1 = _mm512_madd52hi_epu64(t1, xa[r], ya);
                    u0 = _mm512_madd52lo_epu64(u0, xb[r], ya);
                    u1 = _mm512_madd52hi_epu64(u1, xb[r], ya);
                    if CROSS {
                        let yb = load(as_limbs(b2), 8 * (k + 1) - r);
                        u0 = _mm512_madd52lo_epu64(u0, xa[r], yb);
                        u1 = _mm512_madd52hi_epu64(u1, xa[r], yb);
                    }
                }
                (t_sum[i + k], u_sum[i + k]) = ([t0, t1], [u0, u1]);
            }
            u_multipliers = step::<V, S>(&mut t_sum, &mut u_sum, i, modulus);
        }
        reduce::<V, S>(&mut u_sum, V - 1, u_multipliers, modulus);
        finish::<V, S>(out, &t_sum, &u_sum, modulus);
    }

    /// Steps 2 and 3: reduces block i of T, and takes m from U; returns U's multipliers.
    fn step<const V: usize, const S: usize>(
        t: &mut [Sum; S], u: &mut [Sum; S], i: usize, modulus: &Modulus,
    ) -> __m512i {
        let m = multipliers(block(t, i), modulus);
        reduce::<V, S>(t, i, m, modulus);
        let minus_m = _mm512_sub_epi64(load(&modulus.multiple, 8 * i), m);
        u[i][0] = _mm512_add_epi64(u[i][0], minus_m);
        multipliers(block(u, i), modulus)
    }

    /// sum += m·n for block i's multipliers; what is left of that block is carried up.
    fn reduce<const V: usize, const S: usize>(sum: &mut [Sum; S], i: usize, m: __m512i, modulus: &Modulus) {
        let m = spread(m);
        for k in 0..=V {
            let [mut low, mut high] = sum[i + k];
            for r in 0..8 {
                let n = load(&modulus.n.0, 8 * (k + 1) - r);
                low = _mm512_madd52lo_epu64(low, m[r], n);
                high = _mm512_madd52hi_epu64(high, m[r], n);
            }
            sum[i + k] = [low, high];
        }
        // The block is a multiple of 2⁴¹⁶, and all but its top digit add less than 2¹⁰ to that
        // digit's place: rounding the top digit up to a multiple of 2⁵² makes up for them.
        let up = _mm512_add_epi64(block(sum, i), _mm512_set1_epi64(ONES));
        let carry = _mm512_alignr_epi64(_mm512_setzero_si512(), _mm512_srli_epi64(up, 52), 7);
        sum[i + 1][0] = _mm512_add_epi64(sum[i + 1][0], carry);
    }

    /// The lanes of block i, with the high halves where they belong.
    fn block<const S: usize>(sum: &[Sum; S], i: usize) -> __m512i {
        let below = if i == 0 { _mm512_setzero_si512() } else { sum[i - 1][1] };
        _mm512_add_epi64(sum[i][0], _mm512_alignr_epi64(sum[i][1], below, 7))
    }

    /// A block times −n⁻¹ modulo 2⁴¹⁶, in digits.
    fn multipliers(block: __m512i, modulus: &Modulus) -> __m512i {
        let x = spread(carried(block));
        let zero = _mm512_setzero_si512();
        // Two chains each, for the products' latency.
        let (mut low, mut high) = ([zero; 2], [zero; 2]);
        for r in 0..8 {
            let y = load(&modulus.negated_inverse, 8 - r);
            low[r % 2] = _mm512_madd52lo_epu64(low[r % 2], x[r], y);
            high[r % 2] = _mm512_madd52hi_epu64(high[r % 2], x[r], y);
        }
        let (low, high) = (_mm512_add_epi64(low[0], low[1]), _mm512_add_epi64(high[0], high[1]));
        carried(_mm512_add_epi64(low, _mm512_alignr_epi64(high, zero, 7)))
    }

    /// Lanes as digits modulo 2⁴¹⁶.
    fn carried(lanes: __m512i) -> __m512i {
        let (digits, _) = carried_once(lanes, _mm512_setzero_si512());
        let (over, full) = carry_marks(digits);
        rippled(digits, ripple(over.into(), full.into()) as u8)
    }

    /// Digits of at most 2⁵² + 2¹², from lanes and the excess of the vector below, and the excess.
    fn carried_once(lanes: __m512i, excess_below: __m512i) -> (__m512i, __m512i) {
        let excess = _mm512_srli_epi64(lanes, 52);
        let digits = _mm512_and_si512(lanes, _mm512_set1_epi64(ONES));
        (_mm512_add_epi64(digits, _mm512_alignr_epi64(excess, excess_below, 7)), excess)
    }

    /// Which digits are too large by 2⁵², and which would be if they were given a carry.
    fn carry_marks(digits: __m512i) -> (__mmask8, __mmask8) {
        let ones = _mm512_set1_epi64(ONES);
        (_mm512_cmpgt_epu64_mask(digits, ones), _mm512_cmpeq_epu64_mask(digits, ones))
    }

    /// Adds 1 to the marked digits, and cuts all to 52 bits.
    fn rippled(digits: __m512i, marks: __mmask8) -> __m512i {
        let digits = _mm512_mask_add_epi64(digits, marks, digits, _mm512_set1_epi64(1));
        _mm512_and_si512(digits, _mm512_set1_epi64(ONES))
    }

    /// The end of a product: both sums' upper halves, brought below n, as x's limbs.
    fn finish<const V: usize, const S: usize>(
        x: &mut [u64], t_sum: &[Sum; S], u_sum: &[Sum; S], modulus: &Modulus,
    ) {
        let mut t = upper_half::<V, S>(t_sum, 0);
        let one = subtract_if_reached(&mut t, modulus);
        let mut v = upper_half::<V, S>(u_sum, one);
        subtract_if_reached(&mut v, modulus);
        subtract_if_reached(&mut v, modulus);
        let (a, b) = x.split_at_mut(modulus.limbs);
        write(a, &t);
        write(b, &v);
    }

    /// The digits of a sum's upper half plus `more`, which is 0 or 1.
    fn upper_half<const V: usize, const S: usize>(sum: &[Sum; S], more: u8) -> [__m512i; V] {
        let mut digits = [_mm512_setzero_si512(); V];
        let mut excess = _mm512_setzero_si512();
        for k in 0..V {
            let mut lanes = block(sum, V + k);
            if k == 0 {
                lanes = _mm512_add_epi64(lanes, _mm512_maskz_set1_epi64(more, 1));
            }
            (digits[k], excess) = carried_once(lanes, excess);
        }
        let (digits, _) = all_rippled(&digits);
        digits
    }

    /// Subtracts n from a number that is at least n, below R'; returns 1 if it was, else 0.
    fn subtract_if_reached<const V: usize>(x: &mut [__m512i; V], modulus: &Modulus) -> u8 {
        // x + R' − n reaches R' exactly if x reaches n.
        let mut less = *x;
        for k in 0..V {
            less[k] = _mm512_add_epi64(x[k], load(&modulus.complement, 8 * k));
        }
        let (less, reached) = all_rippled(&less);
        let lanes = black_box(reached.wrapping_neg());
        for k in 0..V {
            x[k] = _mm512_mask_mov_epi64(x[k], lanes, less[k]);
        }
        reached
    }

    /// 2x modulo n.
    fn doubled<const V: usize>(mut x: [__m512i; V], modulus: &Modulus) -> [__m512i; V] {
        for x in &mut x {
            *x = _mm512_add_epi64(*x, *x);
        }
        let (mut x, _) = all_rippled(&x);
        subtract_if_reached(&mut x, modulus);
        x
    }

    /// Digits of at most 2⁵³ − 1 as digits of 52 bits, and the carry.
    fn all_rippled<const V: usize>(x: &[__m512i; V]) -> ([__m512i; V], u8) {
        let (mut over, mut full) = (0_u128, 0_u128);
        for k in 0..V {
            let marks = carry_marks(x[k]);
            over |= u128::from(marks.0) << (8 * k);
            full |= u128::from(marks.1) << (8 * k);
        }
        let carries = ripple(over, full);
        let mut digits = *x;
        for k in 0..V {
            digits[k] = rippled(x[k], (carries >> (8 * k)) as u8);
        }
        (digits, (carries >> (8 * V)) as u8)
    }

    /// Writes the number of these digits, which fits `out`.
    fn write<const V: usize>(out: &mut [u64], digits: &[__m512i; V]) {
        for k in 0..V {
            // Pairs of digits as 104 bits: the even lane gets the low 64 of them, the odd one the rest.
            let swapped = _mm512_shuffle_epi32(digits[k], 0x4e);
            let pairs = _mm512_or_si512(digits[k], _mm512_slli_epi64(swapped, 52));
            let pairs = _mm512_mask_srli_epi64(pairs, 0xaa, digits[k], 12);
            let bytes = _mm512_permutexvar_epi8(load_bytes(&PACKED), pairs);
            let within = (8 * out.len()).saturating_sub(52 * k).min(52) as u32;
            let marked = u64::MAX.checked_shr(64 - within).unwrap_or(0);
            let to = out.as_mut_ptr().cast::<u8>().wrapping_add(52 * k);
            // SAFETY: only bytes of `out` are marked, and no others are written.
            unsafe { _mm512_mask_storeu_epi8(to.cast(), marked, bytes) };
        }
    }

    /// The digits of x·2^(8·shift).
    fn digits<const V: usize>(x: &[u64], shift: usize) -> [__m512i; V] {
        let mut vectors = [_mm512_setzero_si512(); V];
        let odd_lanes = _mm512_set_epi64(4, 0, 4, 0, 4, 0, 4, 0);
        for k in 0..V {
            // x's bytes from 52·k − shift, zeros where x has none.
            let start = (52 * k) as isize - shift as isize;
            let below = (-start).clamp(0, 64) as u32;
            let within = (8 * x.len() as isize - start).clamp(0, 64) as u32;
            let marked = u64::MAX.checked_shr(64 - within).unwrap_or(0)
                & u64::MAX.checked_shl(below).unwrap_or(0);
            let from = x.as_ptr().cast::<u8>().wrapping_offset(start);
            // SAFETY: only bytes of x are marked, and no others are read.
            let bytes = unsafe { _mm512_maskz_loadu_epi8(marked, from.cast()) };
            let lanes = _mm512_permutexvar_epi8(load_bytes(&UNPACKED), bytes);
            let lanes = _mm512_srlv_epi64(lanes, odd_lanes);
            vectors[k] = _mm512_and_si512(lanes, _mm512_set1_epi64(ONES));
        }
        vectors
    }

    /// A vector of zeros below and above.
    fn padded<const V: usize, const W: usize>(x: [__m512i; V]) -> [__m512i; W] {
        let mut vectors = [_mm512_setzero_si512(); W];
        vectors[1..=V].copy_from_slice(&x);
        vectors
    }

    /// Each lane in all lanes of a vector of its own.
    fn spread(lanes: __m512i) -> [__m512i; 8] {
        let mut vectors = [lanes; 8];
        for (r, vector) in vectors.iter_mut().enumerate() {
            *vector = _mm512_permutexvar_epi64(_mm512_set1_epi64(r as i64), lanes);
        }
        vectors
    }

    /// The same for block i of a number in memory.
    fn spread_limbs(x: &[u64], i: usize) -> [__m512i; 8] {
        let mut vectors = [_mm512_setzero_si512(); 8];
        for (vector, &x) in vectors.iter_mut().zip(&x[8 * i..][..8]) {
            *vector = _mm512_set1_epi64(x as i64);
        }
        vectors
    }

    /// Eight limbs from `at` on.
    fn load(x: &[u64], at: usize) -> __m512i {
        let x = &x[at..][..8];
        // SAFETY: a slice of eight limbs is 64 bytes.
        unsafe { _mm512_loadu_si512(x.as_ptr().cast()) }
    }

    fn load_bytes(x: &[u8; 64]) -> __m512i {
        // SAFETY: an array of 64 bytes.
        unsafe { _mm512_loadu_si512(x.as_ptr().cast()) }
    }
}

/// Which digits get a carry, given which are too large and which pass a carry on, by the carries
/// of an addition.
fn ripple(over: u128, full: u128) -> u128 {
    ((over << 1) + full) ^ full
}

fn as_limbs(vectors: &[__m512i]) -> &[u64] {
    // SAFETY: a vector is eight limbs, and no less aligned.
    unsafe { std::slice::from_raw_parts(vectors.as_ptr().cast(), 8 * vectors.len()) }
}
