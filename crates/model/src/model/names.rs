//! The names of a model directory's files.

/// The public card's file.
pub const CARD_FILE: &str = "card.json";
/// The public part's file, which only a hybrid model has.
pub const PUBLIC_PART_FILE: &str = "public.onnx";
/// The encrypted weights' file, which only a sealed model has.
pub const SEALED_FILE: &str = "sealed.bin";
/// The private weights' file.
pub const WEIGHTS_FILE: &str = "weights.safetensors";
/// The private report's file.
pub const REPORT_FILE: &str = "report.json";
