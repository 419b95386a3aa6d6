//! What every kernel offers, and how the rest of the crate uses it.

use zeroize::Zeroize;

use super::lane_kernel::IfmaLanes;

/// The inner loops for numbers of L limbs. All run in constant time.
#[derive(Clone, Copy)]
pub(crate) struct Kernel {
    /// The set's name, for tests and benchmarks.
    pub(crate) name: &'static str,
    /// out (2L limbs) += x·y (L limbs each); returns the carry.
    pub(crate) mul_add: fn(out: &mut [u64], x: &[u64], y: &[u64]) -> u64,
    /// out (2L limbs) = x² (L limbs).
    pub(crate) square: fn(out: &mut [u64], x: &[u64]),
    /// Montgomery reduction of t (2L limbs) by n (L limbs, odd), with `n_inv` = −n⁻¹ mod 2⁶⁴.
    ///
    /// With R = 2^(64·L) and m = t·(−n⁻¹) mod R, afterwards the low half of t holds m, and the
    /// high half with the returned carry on top holds (t + m·n)/R.
    pub(crate) redc: fn(t: &mut [u64], n: &[u64], n_inv: u64) -> u64,
    /// out = entry `index` of a table of entries of its length, all of which are read.
    pub(crate) select: fn(out: &mut [u64], table: &[u64], index: u64),
}

/// Whole products of pairs modulo n², for the n that it was made for. Runs in constant time.
///
/// A pair (a, b) is 2L limbs, a's before b's, both below n; or it is in digits, for which R' takes the place of
/// R, and both are below 2n.
pub(crate) trait PairKernel: Send + Sync {
    /// The kernel's name, for tests and benchmarks.
    fn name(&self) -> &'static str;
    /// x ← x·y/R, in limbs.
    fn mul(&self, x: &mut [u64], y: &[u64]);
    /// x ← x²/R, in limbs.
    fn square(&self, x: &mut [u64]);

    /// log₂ R'/R.
    fn extra_bits(&self) -> usize;
    /// A pair in digits.
    fn to_digits(&self, limbs: &[u64]) -> Vec<u64>;
    /// x·y/R' in limbs, of pairs in digits.
    fn to_limbs(&self, x: &[u64], y: &[u64]) -> Box<[u64]>;
    /// x ← x·y/R', in digits.
    fn mul_digits(&self, x: &mut [u64], y: &[u64]);
    /// x ← x²/R', in digits.
    fn square_digits(&self, x: &mut [u64]);

    /// How long a note of [`first_half`](Self::first_half) is.
    fn note_length(&self) -> usize;
    /// The first half of a product by a pair, or of a square if there is no factor, and what the
    /// second half needs from it.
    fn first_half(&self, a: &mut [u64], factor: Option<&[u64]>, note: &mut [u64]);
    /// The second half of a product or a square, using the note from its first half.
    fn second_half(&self, b: &mut [u64], factor: Option<&[u64]>, note: &[u64]);
}

/// A digit of several numbers, one per lane. All operations run in constant time.
pub(crate) trait Lanes: Copy + Default + Zeroize {
    /// How many numbers.
    const COUNT: usize;

    /// The proof that the processor can compute with them.
    type Kernel: Copy;

    fn from_fn(lane: impl FnMut(usize) -> u64) -> Self;

    fn lane(&self, lane: usize) -> u64;

    /// x ← x·y/R' in each lane, for D digits of w bits of n, R' = 2^(w·D), and `n_inv` = −n⁻¹ modulo 2^w in each;
    /// x and y hold the digits of a, then those of b.
    fn mul(kernel: Self::Kernel, x: &mut [Self], y: &[Self], n: &[Self], n_inv: &Self);

    /// x ← x²/R' in each lane.
    fn square(kernel: Self::Kernel, x: &mut [Self], n: &[Self], n_inv: &Self);

    /// In each lane, the entry with that lane's index. All entries are read, whatever the indices
    /// are.
    fn select(kernel: Self::Kernel, out: &mut [Self], table: &[Self], indices: &Self);

    /// In each lane, the entry with that lane's index in a [`shared_table`](super::lanes::shared_table), all of
    /// which is read.
    fn select_shared(kernel: Self::Kernel, out: &mut [Self], table: &[Block], indices: &Self);

    /// Brings numbers in rows of digits into lanes: `row` gives each lane's row. There are as many
    /// lanes as digits in a row, including those that only pad its last block.
    fn gather<'a>(kernel: IfmaLanes, lanes: &mut [Self], row: impl Fn(usize) -> &'a [Block]);

    /// Brings the numbers of the first lanes into consecutive rows of digits.
    fn scatter(kernel: IfmaLanes, rows: &mut [Block], lanes: &[Self]);
}

/// Eight digits, as vectors load them.
#[derive(Clone, Copy, Default, Zeroize)]
#[repr(C, align(64))]
pub(crate) struct Block(pub(crate) [u64; 8]);
