//! What vectors of lanes can do, and their digits in memory.

use zeroize::Zeroize;

use crate::kernel::interface::Block;

/// A digit of several numbers in a vector, one per lane.
///
/// Making a vector from anything else takes a proof that the processor has the instructions, so that a
/// vector is such a proof too, and the operations on vectors are safe. They are always inlined, into
/// functions that are compiled for these instructions.
pub(super) trait Vector: Copy {
    /// The same in memory.
    type Digit;
    type Proof: Copy;

    /// x in all lanes.
    fn all(proof: Self::Proof, x: i64) -> Self;
    fn load(proof: Self::Proof, x: &Self::Digit) -> Self;
    fn store(self, x: &mut Self::Digit);

    fn add(self, y: Self) -> Self;
    fn subtract(self, y: Self) -> Self;
    fn and(self, y: Self) -> Self;
    /// The lanes of self, except those of `then` where x and y are equal.
    fn replaced_where_equal(self, then: Self, x: Self, y: Self) -> Self;
}

/// Vectors of COUNT lanes that COUNT rows of digits are brought into, and back.
pub(super) trait Transposed<const COUNT: usize>: Vector {
    /// The digits from number COUNT·`part` on of a row's block.
    fn load_part(proof: Self::Proof, block: &Block, part: usize) -> Self;
    fn store_part(self, block: &mut Block, part: usize);
    /// Vector i of the result has lane i of each vector.
    fn transposed(rows: [Self; COUNT]) -> [Self; COUNT];
}

/// A digit of eight numbers.
#[derive(Clone, Copy, Default, Zeroize)]
#[repr(C, align(64))]
pub(crate) struct Lanes8(pub(super) [u64; 8]);

/// A digit of four numbers.
#[derive(Clone, Copy, Default, Zeroize)]
#[repr(C, align(32))]
pub(crate) struct Lanes4(pub(super) [u64; 4]);

/// A number's digits.
pub(super) fn whole<L, const D: usize>(x: &[L]) -> &[L; D] {
    x.try_into().expect("D digits")
}

/// The digits of both halves.
pub(super) fn halves<L, const D: usize>(x: &[L]) -> [&[L; D]; 2] {
    let (a, b) = x.split_at(D);
    [whole(a), whole(b)]
}

pub(super) fn halves_mut<L, const D: usize>(x: &mut [L]) -> [&mut [L; D]; 2] {
    let (a, b) = x.split_at_mut(D);
    [a, b].map(|half| half.try_into().expect("D digits"))
}
