//! The limits of every card: its format, its sizes and widths.

/// The `format` field of every card that this version reads.
pub const CARD_FORMAT: &str = "veilcast-card/1";
/// Largest card accepted, in bytes.
pub const MAX_CARD_BYTES: usize = 16 << 20;
/// Largest public part of a hybrid model accepted, in bytes.
pub const MAX_PUBLIC_PART_BYTES: u64 = 64 << 20;
/// Most features a model may have, before or after preprocessing.
pub const MAX_FEATURES: usize = 1 << 18;
/// Most sides of an array, or of the tensor that a public part takes.
pub(crate) const MAX_SIDES: usize = 8;
/// Most hidden layers a network may have.
pub const MAX_HIDDEN_LAYERS: usize = 4;
/// Most outputs a model may have.
pub const MAX_OUTPUTS: usize = 1 << 14;
/// Most features of a record that one ciphertext may hold.
pub const MAX_FEATURES_PER_CIPHERTEXT: u32 = 64;
