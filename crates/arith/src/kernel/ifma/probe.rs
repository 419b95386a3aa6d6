//! How often the processor starts a multiplication, for benchmarks.

use std::arch::x86_64::*;
use std::hint::black_box;

use super::modulus::Ifma;

/// Chains side by side: more than multiplications are under way at once.
const CHAINS: usize = 16;

/// `count` vector multiplications and nothing else; the proof is that the processor has them.
pub(in super::super) fn multiplications(_: Ifma, count: u64) {
    // SAFETY: an `Ifma` proves that the processor has the instructions.
    unsafe { chains(count / CHAINS as u64) }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn chains(rounds: u64) {
    let factor = _mm512_set1_epi64(black_box(0x9_e377_9b97_f4a7));
    let mut sums = [_mm512_set1_epi64(black_box(1)); CHAINS];
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = _mm512_madd52lo_epu64(*sum, factor, factor);
        }
    }
    black_box(sums);
}
