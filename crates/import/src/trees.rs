//! Sums of decision trees in the files of the libraries that grow them.
//!
//! | library | file |
//! |---|---|
//! | XGBoost | JSON of `save_model("model.json")` |
//! | LightGBM | JSON of `json.dump(booster.dump_model(), file)` |
//! | InterpretML | JSON of `ebm.to_json("model.json")` |
//! | any | ONNX with one of ONNX's operators for trees |

mod ebm;
mod found;
mod json;
mod lightgbm;
pub(crate) mod onnx;
mod xgboost;

use serde_json::Value;
use veilcast_onnx::OnnxError;

pub(crate) use self::found::{Columns, TreesFile};
use crate::trees_error::TreesError;

/// Most bytes of a file of JSON: some hundred thousand nodes.
const MAX_JSON_BYTES: u64 = 48 << 20;

/// Whether a file is JSON rather than ONNX: no ONNX file begins with a brace.
pub(crate) fn is_json(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    first == Some(&b'{')
}

/// Checks that a file of JSON isn't so large that its parts, which take up to seventeen times as much
/// memory, don't fit into a gigabyte.
///
/// # Errors
/// [`OnnxError::TooLarge`] says how large it is.
pub(crate) fn check_size(bytes: &[u8]) -> Result<(), OnnxError> {
    let size = bytes.len() as u64;
    match size <= MAX_JSON_BYTES {
        true => Ok(()),
        false => Err(OnnxError::TooLarge {
            bytes: size,
            limit: MAX_JSON_BYTES,
        }),
    }
}

/// Reads a file of trees.
///
/// # Errors
/// [`TreesError`] says what in it can't be used.
pub(crate) fn read(bytes: &[u8]) -> Result<TreesFile, TreesError> {
    let json: Value = serde_json::from_slice(bytes).map_err(|error| TreesError::Json {
        problem: error.to_string(),
    })?;
    if json.get("learner").is_some() {
        xgboost::read(&json)
    } else if json.get("tree_info").is_some() {
        lightgbm::read(&json)
    } else if json.get("ebm").is_some() {
        ebm::read(&json)
    } else {
        Err(TreesError::Unknown)
    }
}
