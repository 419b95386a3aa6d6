//! [`Number`], an element of the ring in the form in which the processor multiplies it: what long
//! chains of products compute with.

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
}
