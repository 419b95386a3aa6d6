//! Which of ONNX's operators are known.

use std::ops::RangeInclusive;

/// The operator sets that are read; `tract` is tested most with 9 to 18.
pub(crate) const OPSETS: RangeInclusive<i64> = 7..=26;
/// The names of ONNX's own set of operators.
pub(crate) const OWN_DOMAINS: [&str; 2] = ["", "ai.onnx"];
