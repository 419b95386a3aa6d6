//! [`Residue`], an element of the ring of integers modulo n².

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A number modulo n², as the pair (a, b) of x·R = a + b·n with a, b < n (Montgomery form).
///
/// It belongs to the [`SquareModulus`](crate::SquareModulus) that made it; only that one can
/// compute with it. Equal residues have equal limbs. The comparison runs in variable time. A
/// residue may be secret: its limbs are wiped on drop, and `Debug` does not show them.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Residue {
    /// The L limbs of a, then the L limbs of b.
    limbs: Box<[u64]>,
}

impl Residue {
    pub(crate) fn from_halves(a: &[u64], b: &[u64]) -> Self {
        debug_assert_eq!(a.len(), b.len());
        Self {
            limbs: [a, b].concat().into_boxed_slice(),
        }
    }

    /// The residue with the limbs of another residue of the same modulus.
    pub(crate) fn from_limbs(limbs: Box<[u64]>) -> Self {
        Self { limbs }
    }

    pub(crate) fn limbs(&self) -> &[u64] {
        &self.limbs
    }

    pub(crate) fn limbs_mut(&mut self) -> &mut [u64] {
        &mut self.limbs
    }

    /// The halves a and b.
    pub(crate) fn halves(&self) -> (&[u64], &[u64]) {
        self.limbs.split_at(self.limbs.len() / 2)
    }
}

impl std::fmt::Debug for Residue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Residue({} limbs)", self.limbs.len())
    }
}
