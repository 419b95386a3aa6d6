//! [`Summary`]: what a table in a file holds, without reading its messages.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use veilcast_card::CardDigest;
use veilcast_protocol::KeyFingerprint;

use crate::fault::TableError;
use crate::kind::Kind;
use crate::reader::Reader;
use crate::rows::common;

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Requests or answers.
    pub kind: Kind,
    /// How many batches.
    pub batches: usize,
    /// How many groups.
    pub groups: usize,
    /// How many records they have together.
    pub records: usize,
    /// The key; none if there are no rows.
    pub key: Option<KeyFingerprint>,
    /// The model's card; none if there are no rows.
    pub card: Option<CardDigest>,
    /// How many row groups the file has.
    pub row_groups: usize,
    /// How many bytes the file has.
    pub bytes: u64,
}

impl Summary {
    /// Looks at a table.
    ///
    /// # Errors
    /// As [`Reader`]'s.
    pub fn of(path: &Path) -> Result<Self, TableError> {
        let reader = Reader::brief(path)?;
        let mut summary = Self {
            kind: reader.kind(),
            batches: 0,
            groups: 0,
            records: 0,
            key: None,
            card: None,
            row_groups: reader.row_groups(),
            bytes: fs::metadata(path).map_or(0, |metadata| metadata.len()),
        };
        let mut batches = HashSet::new();
        for part in reader {
            for group in common(&part?)? {
                summary.groups += 1;
                summary.records += group.records;
                summary.key = Some(group.key);
                summary.card = Some(group.card);
                batches.insert(group.batch);
            }
        }
        summary.batches = batches.len();
        Ok(summary)
    }
}
