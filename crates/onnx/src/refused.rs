//! What is refused within the library's work, in our own words.

use tract_onnx::prelude::TractError;

use crate::OnnxError;

/// An error in our own words.
pub(super) fn refused(problem: String) -> TractError {
    OnnxError::Unsupported { problem }.into()
}
