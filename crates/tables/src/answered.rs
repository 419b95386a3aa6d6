//! Rows of a table of answers, put together.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, RecordBatch, StringArray, UInt32Array};
use veilcast_protocol::ContentDigest;

use crate::format::answers;
use crate::rows::Group;

/// The answer to a group.
pub(crate) struct Answer {
    /// The digest of its request.
    pub(crate) digest: ContentDigest,
    /// The message, or what is wrong with the request.
    pub(crate) response: Result<Vec<u8>, String>,
}

/// The rows of groups and of the answers to them.
pub(crate) fn table(groups: &[Group], answered: &[Answer]) -> RecordBatch {
    let texts = |of: fn(&Group) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(groups.iter().map(of)))
    };
    let numbers = |of: fn(&Group) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(groups.iter().map(of)))
    };
    let digests = answered.iter().map(|answer| answer.digest.as_bytes());
    let responses = answered.iter().map(|answer| answer.response.as_deref());
    let (messages, errors) = (
        responses.clone().map(Result::ok),
        responses.map(Result::err),
    );
    let errors = errors.map(|error| error.map(String::as_str));
    let rows = RecordBatch::try_new(
        answers(),
        vec![
            texts(|group| group.batch.clone()),
            numbers(|group| group.group),
            numbers(|group| group.records as u32),
            texts(|group| group.layout.clone()),
            texts(|group| group.key.to_string()),
            texts(|group| group.card.to_string()),
            Arc::new(BinaryArray::from_iter_values(digests)),
            Arc::new(BinaryArray::from_iter(messages)),
            Arc::new(StringArray::from_iter(errors)),
        ],
    );
    rows.expect("columns of the schema, with a cell for each group")
}
