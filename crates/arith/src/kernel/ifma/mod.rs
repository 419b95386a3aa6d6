//! Whole products of pairs for x86-64 processors with AVX-512 IFMA.
//!
//! Numbers are cut into digits of 52 bits, eight to a vector: `vpmadd52luq` and `vpmadd52huq` add
//! the low and the high halves of eight products of digits to eight 64-bit lanes, where hundreds
//! of them fit before a carry must be taken. (Gueron and Krasnov, *Accelerating big integer
//! arithmetic using Intel IFMA extensions*, 2016.)
//!
//! With V vectors per number, R' = 2^(416·V) takes the place of R = 2^(64·L). One factor is first
//! multiplied by R'/R, after which it just fills its V vectors, so that the result is the same as
//! that of the other kernels: x·y·(R'/R)/R' = x·y/R. The steps are those of `product`, a block of
//! eight digits of the factors and of m at a time:
//!
//! 1. T += a₁ᵢ·a₂ and U += b₁ᵢ·a₂ + a₁ᵢ·b₂ for the i-th blocks of a₁ and b₁: a digit of the block,
//!    in all lanes, times each vector of a₂ and b₂, loaded that many digits lower.
//! 2. The lowest block of T times −n⁻¹ modulo 2⁴¹⁶ is the i-th block of m; T += mᵢ·n makes the
//!    lowest block of T vanish but for its carry.
//! 3. The i-th block of a multiple of n above R', less mᵢ, is added to U, and U is reduced like T, both by
//!    the same vectors of n.
//!
//! Along a chain of products, numbers stay in digits, and R' alone counts. It has 32 bits or more above n: T/R' and
//! U/R' are small beside n, m·n/R' < n, and so results are below 2n without a comparison.
//!
//! Cost: 10·8V·(V + 1) vector multiplications, a square 8·8V·(V + 1), of which processors start one
//! or two per cycle. No branch and no address depends on a digit.

mod carries;
mod digits;
mod modulus;
pub(super) mod probe;
mod product;

use self::digits::Digits;
pub(super) use self::modulus::Ifma;
use self::modulus::Modulus;
use self::product::{halves, pair};
use super::interface::PairKernel;

// SAFETY, of all functions below: an `Ifma`, which a `Modulus` has, proves that the processor has the instructions.
impl<const V: usize, const W: usize, const S: usize> PairKernel for Modulus<V, W, S> {
    fn name(&self) -> &'static str {
        "ifma"
    }

    fn mul(&self, x: &mut [u64], y: &[u64]) {
        // SAFETY: as above.
        unsafe { product::mul(self, x, y) }
    }

    fn square(&self, x: &mut [u64]) {
        // SAFETY: as above.
        unsafe { product::square(self, x) }
    }

    fn extra_bits(&self) -> usize {
        Self::extra_bits(self.limbs)
    }

    fn to_digits(&self, limbs: &[u64]) -> Vec<u64> {
        // SAFETY: as above.
        let pair = unsafe { pair::<V, W>(limbs, 0) };
        pair.as_flattened().as_flattened().to_vec()
    }

    fn to_limbs(&self, x: &[u64], y: &[u64]) -> Box<[u64]> {
        let mut limbs = vec![0; 2 * self.limbs].into_boxed_slice();
        // SAFETY: as above.
        unsafe { product::leave(self, &mut limbs, x, y) };
        limbs
    }

    fn mul_digits(&self, x: &mut [u64], y: &[u64]) {
        // SAFETY: as above.
        unsafe { product::mul_digits(self, x, y) }
    }

    fn square_digits(&self, x: &mut [u64]) {
        // SAFETY: as above.
        unsafe { product::square_digits(self, x) }
    }

    fn note_length(&self) -> usize {
        8 * (W + V)
    }

    fn first_half(&self, a: &mut [u64], factor: Option<&[u64]>, note: &mut [u64]) {
        let (before, m) = note.split_at_mut(8 * W);
        before.copy_from_slice(a);
        let factor = factor.map(|factor| vectors(&factor[..8 * W]));
        // SAFETY: as above.
        unsafe { product::first_half(self, vectors_mut(a), factor, vectors_mut(m)) }
    }

    fn second_half(&self, b: &mut [u64], factor: Option<&[u64]>, note: &[u64]) {
        let (a, m) = note.split_at(8 * W);
        let pair = [vectors(a), vectors(b)];
        // SAFETY: as above.
        let half = unsafe { product::second_half(self, pair, factor.map(halves), vectors(m)) };
        b.copy_from_slice(half.as_flattened());
    }
}

/// Digits as N vectors.
fn vectors<const N: usize>(digits: &[u64]) -> &Digits<N> {
    let vectors = digits.as_chunks().0;
    vectors.try_into().expect("as many digits as asked for")
}

fn vectors_mut<const N: usize>(digits: &mut [u64]) -> &mut Digits<N> {
    let vectors = digits.as_chunks_mut().0;
    vectors.try_into().expect("as many digits as asked for")
}
