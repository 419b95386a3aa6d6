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
//! 3. The i-th block of a multiple of n above R', less mᵢ, is added to U, and U is reduced like T,
//!    one block later, so that neither waits for the other's multipliers.
//!
//! Cost: 10·8V·(V + 1) vector multiplications, a square 8·8V·(V + 1), of which processors start
//! one or two a cycle. No branch and no address depends on a digit.

mod carries;
mod digits;
mod modulus;
mod product;

pub(super) use self::modulus::Ifma;
use self::modulus::Modulus;
use self::product::{mul, square};
use super::interface::PairKernel;

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
