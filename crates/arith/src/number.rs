//! [`Number`], an element of the ring in the form in which the processor multiplies it; long chains
//! of products compute with it.

use zeroize::Zeroizing;

use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// A residue's limbs; or digits, for kernels that multiply those. It is wiped on drop.
#[derive(Clone)]
pub(crate) struct Number(Zeroizing<Vec<u64>>);

impl SquareModulus {
    pub(crate) fn enter(&self, x: &Residue) -> Number {
        Number(Zeroizing::new(match &self.pair_kernel {
            Some(pairs) => {
                let mut digits = pairs.to_digits(x.limbs());
                pairs.mul_digits(&mut digits, &self.enter);
                digits
            }
            None => x.limbs().to_vec(),
        }))
    }

    pub(crate) fn leave(&self, x: &Number) -> Residue {
        Residue::from_limbs(match &self.pair_kernel {
            Some(pairs) => pairs.to_limbs(&x.0, &self.leave),
            None => x.0.as_slice().into(),
        })
    }

    /// x ← x·y.
    pub(crate) fn multiply(&self, x: &mut Number, y: &Number) {
        match &self.pair_kernel {
            Some(pairs) => pairs.mul_digits(&mut x.0, &y.0),
            None => self.mul_limbs(&mut x.0, &y.0),
        }
    }

    /// x ← x².
    pub(crate) fn square(&self, x: &mut Number) {
        match &self.pair_kernel {
            Some(pairs) => pairs.square_digits(&mut x.0),
            None => self.square_limbs(&mut x.0),
        }
    }

    /// How long the note on the first half of a product is.
    pub(crate) fn note_length(&self) -> usize {
        match &self.pair_kernel {
            Some(pairs) => pairs.note_length(),
            None => self.limbs_note_length(),
        }
    }

    /// The first half of a product, or of a square if there is no factor, and a note for the second half.
    ///
    /// It doesn't depend on the second half, so that the first halves of a chain of products can be computed
    /// ahead of the second ones, on another core.
    pub(crate) fn first_half(&self, a: &mut [u64], factor: Option<&Number>, note: &mut [u64]) {
        let factor = factor.map(Number::as_slice);
        match &self.pair_kernel {
            Some(pairs) => pairs.first_half(a, factor, note),
            None => self.first_half_limbs(a, factor, note),
        }
    }

    /// The second half, using the note on the first.
    pub(crate) fn second_half(&self, b: &mut [u64], factor: Option<&Number>, note: &[u64]) {
        let factor = factor.map(Number::as_slice);
        match &self.pair_kernel {
            Some(pairs) => pairs.second_half(b, factor, note),
            None => self.second_half_limbs(b, factor, note),
        }
    }

    /// The number at a secret index in a table of numbers, all of which are read.
    pub(crate) fn select_number(&self, table: &[u64], length: usize, index: u64) -> Number {
        let mut number = vec![0; length];
        (self.kernel.select)(&mut number, table, index);
        Number(Zeroizing::new(number))
    }
}

impl Number {
    pub(crate) fn as_slice(&self) -> &[u64] {
        &self.0
    }

    /// The first half and the second.
    pub(crate) fn halves_mut(&mut self) -> (&mut [u64], &mut [u64]) {
        let half = self.0.len() / 2;
        self.0.split_at_mut(half)
    }
}
