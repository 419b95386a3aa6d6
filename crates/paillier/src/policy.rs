//! Which key sizes are accepted.

/// The sizes of n, in bits, that every key may have.
pub const KEY_BITS: [u32; 3] = [2048, 3072, 4096];

/// The usual size of n for new keys, in bits: 128 bits of security.
pub const DEFAULT_KEY_BITS: u32 = 3072;

/// The size that tests may use for speed.
const INSECURE_KEY_BITS: u32 = 1024;

/// Which keys are accepted in addition to those of safe sizes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyPolicy {
    /// Accept keys of 1024 bits, which can be broken: for tests only.
    pub allow_insecure_1024: bool,
}

impl KeyPolicy {
    /// Whether keys of this size are accepted.
    pub fn allows(self, bits: u32) -> bool {
        KEY_BITS.contains(&bits) || (self.allow_insecure_1024 && bits == INSECURE_KEY_BITS)
    }
}
