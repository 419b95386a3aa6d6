//! [`FixedCiphertexts`]: weighted sums of the same ciphertexts again and again, with secret weights.

use veilcast_arith::{FixedBases, Residue};

use crate::ciphertext::Ciphertext;
use crate::public_key::PublicKey;

/// Ciphertexts, with a table for their weighted sums.
///
/// The table takes 6.4 times the memory of the ciphertexts, or up to a quarter more in lanes.
pub struct FixedCiphertexts {
    key: PublicKey,
    bases: FixedBases,
}

impl FixedCiphertexts {
    /// Computes the table, with about five products per ciphertext.
    ///
    /// # Panics
    /// If a ciphertext belongs to another key.
    pub fn new(key: &PublicKey, ciphertexts: &[Ciphertext]) -> Self {
        let residues: Vec<Residue> = ciphertexts.iter().map(|c| key.residue(c).clone()).collect();
        Self {
            bases: FixedBases::new(key.ring(), &residues),
            key: key.clone(),
        }
    }

    /// The number of ciphertexts.
    pub fn count(&self) -> usize {
        self.bases.bases()
    }

    /// Σᵢ weights\[j\]\[i\]·cᵢ for each list of weights below 2^bits, spread over the cores, in time that depends only on the
    /// numbers of ciphertexts, lists and bits. Of a weight only the lowest `bits` bits count.
    ///
    /// The sums are not re-randomised: the key's owner could read the weights from them.
    ///
    /// # Panics
    /// If a list doesn't have one weight per ciphertext.
    pub fn weighted_sums(&self, weights: &[&[u32]], bits: u32) -> Vec<Ciphertext> {
        let sums = self.bases.multi_exp(self.key.ring(), weights, bits);
        sums.into_iter()
            .map(|residue| self.key.ciphertext(residue))
            .collect()
    }
}

impl std::fmt::Debug for FixedCiphertexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FixedCiphertexts({} under {:?})", self.count(), self.key)
    }
}
