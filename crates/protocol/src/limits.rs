//! How large a message may be.

/// Upper bounds on a message, checked before memory is allocated for what it claims to contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a whole body, header and tensors.
    pub max_body_bytes: usize,
    /// Records of one request, and rows of its tensor.
    pub max_records: usize,
    /// Ciphertexts of one tensor.
    pub max_ciphertexts: usize,
    /// Bytes of the public modulus n; a ciphertext has twice as many.
    pub max_key_bytes: usize,
}

impl Limits {
    /// Bytes of a message's identifier.
    pub const MAX_ID_BYTES: usize = 256;
    /// Bytes of n at 4096 bits, the largest key in use.
    pub const LARGEST_KEY_BYTES: usize = 512;
    /// Bytes that [`new`](Self::new) allows for a header, in addition to what grows with the tensor.
    pub const HEADER_BYTES: usize = 16 * 1024;

    /// The limits for a number of records and of ciphertexts under keys of at most 4096 bits, as JSON or binary. The
    /// size of the body saturates instead of overflowing.
    #[must_use]
    pub fn new(max_records: usize, max_ciphertexts: usize) -> Self {
        // Base64 takes four characters for three bytes; then come two quotes, a comma, and room for indentation.
        let longest_element = (2 * Self::LARGEST_KEY_BYTES).div_ceil(3) * 4 + 16;
        Self {
            max_body_bytes: max_ciphertexts
                .saturating_mul(longest_element)
                .saturating_add(Self::HEADER_BYTES),
            max_records,
            max_ciphertexts,
            max_key_bytes: Self::LARGEST_KEY_BYTES,
        }
    }
}
