//! Parts of JSON, by their paths.

use serde_json::Value;

use crate::trees_error::TreesError;

/// The part of JSON at a path such as `/learner/objective/name`.
pub(super) fn at<'a>(json: &'a Value, path: &str) -> Result<&'a Value, TreesError> {
    json.pointer(path)
        .ok_or_else(|| TreesError::malformed(path))
}

pub(super) fn text<'a>(json: &'a Value, path: &str) -> Result<&'a str, TreesError> {
    at(json, path)?
        .as_str()
        .ok_or_else(|| TreesError::malformed(path))
}

pub(super) fn list<'a>(json: &'a Value, path: &str) -> Result<&'a [Value], TreesError> {
    let list = at(json, path)?.as_array();
    list.map(Vec::as_slice)
        .ok_or_else(|| TreesError::malformed(path))
}

/// A list of numbers.
pub(super) fn numbers<T>(
    json: &Value,
    path: &str,
    number: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, TreesError> {
    let numbers: Option<Vec<T>> = list(json, path)?.iter().map(number).collect();
    numbers.ok_or_else(|| TreesError::malformed(path))
}

pub(super) fn names(list: &[Value]) -> Vec<String> {
    let names = list.iter().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}
