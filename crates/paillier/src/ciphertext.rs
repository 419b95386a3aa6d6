//! [`Ciphertext`], a unit modulo n².

use veilcast_arith::Residue;

/// An encrypted number: a unit modulo n², checked when it came from outside.
///
/// It belongs to one key; computing with it under another key panics. Ciphertexts are public. But
/// one that was computed, and not re-randomised since, reveals to the key's owner how it was
/// computed.
#[derive(Clone, PartialEq, Eq)]
pub struct Ciphertext {
    pub(crate) residue: Residue,
    pub(crate) key_tag: u64,
}

impl std::fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ciphertext(under key {:016x})", self.key_tag)
    }
}

/// Why bytes are not a ciphertext, or a seed does not give one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CiphertextError {
    /// The encoding does not have twice the width of n.
    #[error("ciphertext {index} has {found} bytes; under this key each has {expected}")]
    Width {
        /// Which ciphertext, from 0.
        index: usize,
        /// Bytes of a ciphertext under this key.
        expected: usize,
        /// Bytes that it has.
        found: usize,
    },
    /// The number is 0, or not below n².
    #[error("ciphertext {index} is not between 1 and n² − 1")]
    Range {
        /// Which ciphertext, from 0.
        index: usize,
    },
    /// The number has a factor in common with n.
    #[error("a ciphertext is not coprime to the key's modulus")]
    NotAUnit,
    /// Ciphertexts of a seed were requested beyond number 2⁶⁴ − 1.
    #[error("a seed has no ciphertexts beyond number 2⁶⁴ − 1: begin a new seed")]
    SeedUsedUp,
}
