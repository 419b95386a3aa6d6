//! [`Plaintext`], a number that a key can encrypt.

use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::encoding::bytes_from_limbs;

/// A number from 0 to n − 1 for the [`PublicKey`](crate::PublicKey) that checked it.
///
/// A negative number v is kept as n − |v|. A plaintext is secret: it is wiped on drop, and `Debug`
/// does not show it. Two plaintexts are compared in constant time; those of keys of different sizes
/// are never equal.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Plaintext {
    /// Little-endian, as many as n has.
    limbs: Box<[u64]>,
}

impl Plaintext {
    /// The plaintext of a number below n, in n's limbs: the caller has checked both.
    pub(crate) fn from_checked(limbs: Vec<u64>) -> Self {
        Self {
            limbs: limbs.into(),
        }
    }

    /// The number as little-endian limbs, as many as n has.
    pub fn limbs(&self) -> &[u64] {
        &self.limbs
    }

    /// The number as big-endian bytes, as many as n has.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(bytes_from_limbs(&self.limbs))
    }
}

impl ConstantTimeEq for Plaintext {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.limbs.ct_eq(&other.limbs)
    }
}

impl PartialEq for Plaintext {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Plaintext {}

impl std::fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Plaintext(secret)")
    }
}

/// Why a number can't be a plaintext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlaintextError {
    /// The number is not below n.
    #[error("the number is too large for the key: it must be below the key's modulus")]
    TooLarge,
}
