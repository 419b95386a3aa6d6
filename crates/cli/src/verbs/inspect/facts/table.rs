//! What a table of encrypted records or of answers holds.

use std::fmt::{self, Display};

use serde::Serialize;
use veilcast_tables::{Kind, Summary};

use super::line::line;
use crate::output::counted;

#[derive(Serialize)]
pub(crate) struct TableFacts {
    holds: &'static str,
    batches: usize,
    groups: usize,
    records: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_digest: Option<String>,
    row_groups: usize,
    bytes: u64,
}

impl TableFacts {
    pub(crate) fn of(summary: &Summary) -> Self {
        Self {
            holds: match summary.kind {
                Kind::Requests => "requests",
                Kind::Answers => "answers",
            },
            batches: summary.batches,
            groups: summary.groups,
            records: summary.records,
            key_fingerprint: summary.key.map(|key| key.to_string()),
            card_digest: summary.card.map(|card| card.to_string()),
            row_groups: summary.row_groups,
            bytes: summary.bytes,
        }
    }
}

impl Display for TableFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |number: usize, noun| counted(number as u64, noun);
        let holds = format!(
            "{} of {} in {}",
            self.holds,
            count(self.records, "record"),
            count(self.groups, "group")
        );
        writeln!(f, "table of {holds}")?;
        writeln!(f, "{}", line("batches", self.batches))?;
        if let (Some(key), Some(card)) = (&self.key_fingerprint, &self.card_digest) {
            writeln!(f, "{}", line("key", key))?;
            writeln!(f, "{}", line("card", card))?;
        }
        let bytes = format!(
            "{} bytes in {}",
            self.bytes,
            count(self.row_groups, "row group")
        );
        write!(f, "{}", line("size", bytes))
    }
}
