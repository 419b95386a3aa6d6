//! How large a file may be.

/// Largest file accepted, in bytes.
pub const MAX_FILE_BYTES: u64 = 8 << 30;
