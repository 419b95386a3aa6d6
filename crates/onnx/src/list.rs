//! What the checks of lists, operator by operator, are made of.

use std::ops::RangeInclusive;

use crate::pb::{AttributeProto, NodeProto};

use super::OnnxError;
use super::graph::name;

/// What is known of one of a node's inputs.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Its sides.
    pub(super) shape: Option<Vec<usize>>,
    /// Its whole numbers, if they are constant.
    pub(super) numbers: Option<Vec<i64>>,
}

/// How many entries a list has.
pub(super) fn length(list: &AttributeProto) -> usize {
    list.floats.len() + list.ints.len() + list.strings.len()
}

/// Every entry is within a range.
pub(super) fn check_entries(
    node: &NodeProto,
    list: &str,
    entries: &[i64],
    range: RangeInclusive<i64>,
) -> Result<(), OnnxError> {
    match entries.iter().find(|entry| !range.contains(entry)) {
        None => Ok(()),
        Some(&found) => {
            let (first, last) = (range.start(), range.end());
            Err(entry(
                node,
                list,
                found,
                format!("numbers from {first} to {last}"),
            ))
        }
    }
}

/// A list is too long, or too short.
pub(super) fn misfit(node: &NodeProto, list: &str, found: usize, expected: String) -> OnnxError {
    OnnxError::ListLength {
        node: name(node).into(),
        operator: node.op_type.as_str().into(),
        list: list.into(),
        found,
        expected: expected.into(),
    }
}

/// A list holds what it mustn't.
pub(super) fn entry(node: &NodeProto, list: &str, found: i64, expected: String) -> OnnxError {
    OnnxError::ListEntry {
        node: name(node).into(),
        operator: node.op_type.as_str().into(),
        list: list.into(),
        found,
        expected: expected.into(),
    }
}
