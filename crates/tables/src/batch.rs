//! Rows of a table of requests, put together.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, RecordBatch, StringArray, UInt32Array};
use veilcast_card::CardDigest;
use veilcast_protocol::KeyFingerprint;

use crate::fault::{Fault, TableError};
use crate::format::requests;

/// What all rows of a batch have in common.
pub(crate) struct Batch<'a> {
    pub(crate) name: &'a str,
    /// The number of the first group.
    pub(crate) first: u32,
    pub(crate) layout: &'static str,
    pub(crate) key: KeyFingerprint,
    pub(crate) card: CardDigest,
}

impl Batch<'_> {
    /// Checks that there are numbers for this number of groups.
    pub(crate) fn check(&self, groups: usize) -> Result<(), TableError> {
        match u64::from(self.first) + groups as u64 > 1 << 32 {
            true => Err(Fault::TooManyGroups.nowhere()),
            false => Ok(()),
        }
    }

    /// The rows of groups: the number of records of each, and its message.
    pub(crate) fn rows(&self, records: &[u32], messages: &[Vec<u8>]) -> RecordBatch {
        let same =
            |text: String| -> ArrayRef { Arc::new(StringArray::from(vec![text; records.len()])) };
        let numbers = (0..records.len() as u32).map(|group| self.first + group);
        let rows = RecordBatch::try_new(
            requests(),
            vec![
                same(self.name.to_owned()),
                Arc::new(UInt32Array::from_iter_values(numbers)),
                Arc::new(UInt32Array::from_iter_values(records.iter().copied())),
                same(self.layout.to_owned()),
                same(self.key.to_string()),
                same(self.card.to_string()),
                Arc::new(BinaryArray::from_iter_values(messages)),
            ],
        );
        rows.expect("columns of the schema, with a cell for each group")
    }
}
