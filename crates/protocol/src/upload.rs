//! The encrypted records of a request, in one of two forms.

use crate::{ByteMatrix, CORRECTIONS_TENSOR, INPUT_TENSOR};

/// The encrypted records of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upload {
    /// The ciphertexts themselves, each of twice the modulus's bytes; as many columns as the layout needs.
    Full(ByteMatrix),
    /// A seed, from which both sides derive pseudo-random ciphertexts, and corrections that turn
    /// those into the records' ciphertexts.
    Seeded(SeededUpload),
}

/// The seed of pseudo-random ciphertexts, and corrections to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeededUpload {
    /// The seed of the ciphertexts; public.
    pub seed: [u8; 32],
    /// The index of the first ciphertext that is used; the others follow it.
    pub first: u64,
    /// One column: for each row, the corrections of its ciphertexts, packed bit by bit one after another.
    pub corrections: ByteMatrix,
}

impl Upload {
    /// Rows of the upload's tensor: records, or groups of records.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.tensor().rows()
    }

    /// The ciphertexts or the corrections.
    #[must_use]
    pub fn tensor(&self) -> &ByteMatrix {
        match self {
            Self::Full(ciphertexts) => ciphertexts,
            Self::Seeded(seeded) => &seeded.corrections,
        }
    }

    /// The name of the tensor in a message.
    pub(crate) fn tensor_name(&self) -> &'static str {
        match self {
            Self::Full(_) => INPUT_TENSOR,
            Self::Seeded(_) => CORRECTIONS_TENSOR,
        }
    }
}

impl From<ByteMatrix> for Upload {
    fn from(ciphertexts: ByteMatrix) -> Self {
        Self::Full(ciphertexts)
    }
}
