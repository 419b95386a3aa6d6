//! What a graph does to a table's columns before it computes with numbers.

use tract_onnx::pb::ModelProto;

use super::{ImportError, ImportOptions};
use crate::card::Input;

/// A graph, parted into what prepares a record and what computes with its numbers.
#[derive(Clone, Debug)]
pub(super) struct Front {
    /// What a record is, with its columns and what is done to them, if the graph says so.
    pub(super) table: Option<Input>,
    /// The graph of what is left, which takes one tensor of numbers.
    pub(super) model: ModelProto,
}

/// Takes what prepares a record off a graph.
pub(super) fn split(model: ModelProto, _options: &ImportOptions) -> Result<Front, ImportError> {
    Ok(Front { table: None, model })
}
