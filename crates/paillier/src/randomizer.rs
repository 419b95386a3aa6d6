//! [`Randomizer`], what makes a ciphertext unlike every other.

use veilcast_arith::Residue;

/// An encryption of 0: rⁿ modulo n² for a fresh uniform unit r.
///
/// It is secret until used, and used once: the functions that take one consume it, and it can't
/// be cloned. It is wiped on drop.
pub struct Randomizer {
    pub(crate) residue: Residue,
    pub(crate) key_tag: u64,
}

impl std::fmt::Debug for Randomizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Randomizer(under key {:016x})", self.key_tag)
    }
}
