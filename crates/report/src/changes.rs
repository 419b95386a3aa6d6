//! What was done to records' values before they were encrypted or computed with, by column.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

use serde::Serialize;
use veilcast_card::{ChangedColumns, Input};

use crate::words::counted;

/// Most columns, or spellings, that are named.
const NAMED: usize = 6;

/// How many values of records were changed, and in which columns of a table; and what was found out
/// about the files.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Changes {
    /// Values outside the range that the model knows, moved to its edge.
    clipped_values: usize,
    /// Missing values that the model replaced.
    imputed_values: usize,
    /// Categories that the model doesn't know, treated as none of those it knows.
    unknown_categories: usize,
    /// The missing cells of each column, by spelling.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    missing: BTreeMap<String, BTreeMap<String, usize>>,
    /// The values of each column that were moved.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    clipped: BTreeMap<String, usize>,
    /// The cells of each column whose category the model doesn't know.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    unknown: BTreeMap<String, usize>,
    /// What was found out about the files that isn't usual.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl Changes {
    /// What was done to one record.
    pub fn add(
        &mut self,
        input: &Input,
        [clipped, imputed, unknown]: [usize; 3],
        changed: &ChangedColumns,
        missing: &[(usize, String)],
    ) {
        self.clipped_values += clipped;
        self.imputed_values += imputed;
        self.unknown_categories += unknown;
        if input.features.is_none() {
            return;
        }
        for &column in &changed.clipped {
            *self.clipped.entry(input.feature_name(column)).or_default() += 1;
        }
        for &column in &changed.unknown {
            *self.unknown.entry(input.feature_name(column)).or_default() += 1;
        }
        for (column, spelling) in missing {
            let spellings = self.missing.entry(input.feature_name(*column)).or_default();
            *spellings.entry(spelling.clone()).or_default() += 1;
        }
    }

    /// What was found out about a file.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Whether there is nothing to say.
    pub fn is_none(&self) -> bool {
        self.clipped_values + self.imputed_values + self.unknown_categories == 0
            && self.notes.is_empty()
    }

    /// How many values were moved to the edge of their range.
    pub fn clipped_values(&self) -> usize {
        self.clipped_values
    }
}

impl AddAssign for Changes {
    fn add_assign(&mut self, other: Self) {
        self.clipped_values += other.clipped_values;
        self.imputed_values += other.imputed_values;
        self.unknown_categories += other.unknown_categories;
        add(&mut self.clipped, other.clipped);
        add(&mut self.unknown, other.unknown);
        for (column, spellings) in other.missing {
            add(self.missing.entry(column).or_default(), spellings);
        }
        self.notes.extend(other.notes);
    }
}

fn add(all: &mut BTreeMap<String, usize>, more: BTreeMap<String, usize>) {
    for (name, count) in more {
        *all.entry(name).or_default() += count;
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = |number: usize, noun, which: &str, done: &str, where_: String| {
            let were = if number == 1 { "was" } else { "were" };
            let counted = counted(number as u64, noun);
            (number > 0).then(|| format!("note: {counted}{which} {were} {done}{where_}"))
        };
        let outside = " outside the range that the model knows";
        let unknown = " of a category that the model doesn't know";
        let missing = self.missing.iter().map(|(column, spellings)| {
            let texts = spellings.iter().map(|(text, count)| match text.as_str() {
                "" => format!("{count} empty"),
                text => format!("{count} {text:?}"),
            });
            format!("{} in {column:?}", first(texts))
        });
        let by_column = |counts: &BTreeMap<String, usize>| {
            let texts = counts
                .iter()
                .map(|(column, count)| format!("{count} in {column:?}"));
            listed(first(texts))
        };
        let notes = self.notes.iter().map(|note| format!("note: {note}"));
        let changes = [
            about(
                self.imputed_values,
                "missing value",
                "",
                "imputed",
                listed(first(missing)),
            ),
            about(
                self.clipped_values,
                "value",
                outside,
                "moved to its edge",
                by_column(&self.clipped),
            ),
            about(
                self.unknown_categories,
                "cell",
                unknown,
                "left blank",
                by_column(&self.unknown),
            ),
        ];
        let all: Vec<String> = notes.chain(changes.into_iter().flatten()).collect();
        f.write_str(&all.join("\n"))
    }
}

/// The first texts, and how many more there are.
fn first(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<String> = texts.collect();
    match texts.len().checked_sub(NAMED) {
        Some(more @ 1..) => format!("{} and {more} more", texts[..NAMED].join(", ")),
        _ => texts.join(", "),
    }
}

fn listed(text: String) -> String {
    match text.is_empty() {
        true => text,
        false => format!(": {text}"),
    }
}
