//! Sums of decision trees in the files of the libraries that grow them.
//!
//! | library | file |
//! |---|---|
//! | XGBoost | JSON of `save_model("model.json")` |
//! | LightGBM | JSON of `json.dump(booster.dump_model(), file)` |
//! | any | ONNX with one of ONNX's operators for trees |

mod lightgbm;
pub(crate) mod onnx;
mod xgboost;

use serde_json::Value;
use veilcast_card::{Activation, Task};
use veilcast_model::ShapeError;
use veilcast_model::trees::{Mixed, TooManyNodes, TreeSum};

use crate::ImportError;

/// What a file of trees says.
#[derive(Clone)]
pub(crate) struct TreesFile {
    /// The columns, in the order in which trees number them; not known, if `x0`, `x1` ….
    pub(crate) columns: Columns,
    pub(crate) sum: TreeSum,
    pub(crate) activation: Activation,
    /// The classes' names, if the file has them.
    pub(crate) labels: Option<Vec<String>>,
    pub(crate) task: Option<Task>,
    /// The library, with its version.
    pub(crate) producer: String,
}

/// The columns that trees compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    Named(Vec<String>),
    /// So many without names.
    Unnamed(usize),
}

/// A file of trees can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreesError {
    /// The file isn't JSON.
    #[error("it isn't JSON: {problem}")]
    Json {
        /// Where it stops being JSON.
        problem: String,
    },
    /// The file is JSON of something else.
    #[error(
        "it is JSON, but neither of XGBoost (model.save_model(\"model.json\")) nor of LightGBM \
         (json.dump(booster.dump_model(), file))"
    )]
    Unknown,
    /// A part of the file is missing or not of the right kind.
    #[error("{place} is missing, or isn't what it should be")]
    Malformed {
        /// The part.
        place: String,
    },
    /// The trees do what none can do here.
    #[error("{what}; {advice}")]
    Unsupported {
        /// What they do.
        what: String,
        /// What to do instead.
        advice: String,
    },
    /// A tree isn't one.
    #[error(transparent)]
    Nodes(#[from] TooManyNodes),
    /// Trees compare what isn't a number of the record.
    #[error("{0}; export the trees without what comes before them")]
    Mixed(#[from] Mixed),
    /// The trees don't fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// Whether a file is JSON rather than ONNX: no ONNX file begins with a brace.
pub(crate) fn is_json(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    first == Some(&b'{')
}

/// Reads a file of trees.
///
/// # Errors
/// [`TreesError`] says what in it can't be used.
pub(crate) fn read(bytes: &[u8]) -> Result<TreesFile, ImportError> {
    let json: Value = serde_json::from_slice(bytes).map_err(|error| TreesError::Json {
        problem: error.to_string(),
    })?;
    let file = if json.get("learner").is_some() {
        xgboost::read(&json)?
    } else if json.get("tree_info").is_some() {
        lightgbm::read(&json)?
    } else {
        return Err(TreesError::Unknown.into());
    };
    Ok(file)
}

/// The part of JSON at a path such as `/learner/objective/name`.
fn at<'a>(json: &'a Value, path: &str) -> Result<&'a Value, TreesError> {
    json.pointer(path).ok_or_else(|| malformed(path))
}

fn text<'a>(json: &'a Value, path: &str) -> Result<&'a str, TreesError> {
    at(json, path)?.as_str().ok_or_else(|| malformed(path))
}

fn list<'a>(json: &'a Value, path: &str) -> Result<&'a [Value], TreesError> {
    let list = at(json, path)?.as_array();
    list.map(Vec::as_slice).ok_or_else(|| malformed(path))
}

/// A list of numbers.
fn numbers<T>(
    json: &Value,
    path: &str,
    number: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, TreesError> {
    let numbers: Option<Vec<T>> = list(json, path)?.iter().map(number).collect();
    numbers.ok_or_else(|| malformed(path))
}

fn malformed(place: &str) -> TreesError {
    TreesError::Malformed {
        place: place.trim_start_matches('/').to_owned(),
    }
}

fn unsupported(what: impl Into<String>, advice: impl Into<String>) -> TreesError {
    TreesError::Unsupported {
        what: what.into(),
        advice: advice.into(),
    }
}

/// Columns with the names that a file gives, if it gives any.
fn columns(names: Vec<String>, count: usize) -> Columns {
    match names.is_empty() {
        true => Columns::Unnamed(count),
        false => Columns::Named(names),
    }
}

fn names(list: &[Value]) -> Vec<String> {
    let names = list.iter().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

/// One of an output's values among zeros for the others.
fn only(output: usize, outputs: usize, value: f64) -> Vec<f64> {
    let mut values = vec![0.0; outputs];
    values[output] = value;
    values
}
