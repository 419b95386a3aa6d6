//! What is taken of a table, and how its cells are understood.

use std::collections::BTreeMap;

use veilcast_card::About;
use veilcast_files::table::Reading;

/// The usual spellings of a missing cell. In a column of texts all but the first may be categories.
const MISSING: [&str; 17] = [
    "", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "Null", "null", "None", "none",
    "?", "-", "--", ".",
];

/// What is taken of a table, and how its cells are understood; [`Default`] takes everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// The columns to predict from; all but the target and those that count the rows, if not given.
    pub columns: Option<Vec<String>>,
    /// Columns that aren't among them, if these aren't given.
    pub ignore: Vec<String>,
    /// Columns of categories, even if their cells are numbers.
    pub categories: Vec<String>,
    /// The spellings of a missing cell beside the empty cell; the usual ones, if not given.
    pub missing: Option<Vec<String>>,
    /// What happens to rows without a target.
    pub missing_target: MissingTarget,
    /// How the table is written, as far as it isn't to be found out.
    pub reading: Reading,
    /// What people should know about columns, for the card.
    pub about: BTreeMap<String, About>,
}

/// What happens to rows without a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingTarget {
    /// They are left out, and counted.
    #[default]
    LeaveOut,
    /// The table is refused.
    Refuse,
}

impl Selection {
    /// Whether a text means that a cell is missing.
    pub(super) fn is_missing(&self, text: &str) -> bool {
        match &self.missing {
            Some(spellings) => text.is_empty() || spellings.iter().any(|spelling| spelling == text),
            None => MISSING.contains(&text),
        }
    }

    /// The spellings of a missing cell.
    pub(super) fn missing(&self) -> Vec<String> {
        match &self.missing {
            Some(spellings) => {
                let others = spellings.iter().filter(|spelling| !spelling.is_empty());
                std::iter::once(String::new())
                    .chain(others.cloned())
                    .collect()
            }
            None => MISSING.map(str::to_owned).to_vec(),
        }
    }
}
