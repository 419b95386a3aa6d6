//! [`Randomizer`], the randomness of a ciphertext.

use veilcast_arith::Residue;

/// An encryption of 0: rⁿ modulo n² for a fresh uniform unit r.
///
/// It is secret until it is used, and is used only once: it can't be cloned, and the functions that
/// take one consume it. It is wiped on drop.
pub struct Randomizer {
    pub(crate) residue: Residue,
    pub(crate) key_tag: u64,
}

impl std::fmt::Debug for Randomizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Randomizer(under key {:016x})", self.key_tag)
    }
}
