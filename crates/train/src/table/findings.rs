//! What was found out about a table, and what was done because of it: nothing of it in silence.

use std::collections::BTreeMap;
use std::fmt;

use veilcast_card::{Preprocessing, list};
use veilcast_files::table::Said;

/// Something that was found out about a table to learn from.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// How the file is written.
    Said(Said),
    /// Columns that were left out.
    LeftOut(Vec<String>, Reason),
    /// Rows without a target were left out: how many there are of each spelling.
    NoTarget(BTreeMap<String, usize>),
    /// Missing cells of a column are imputed.
    Missing {
        /// The column.
        column: String,
        /// How many there are of each spelling.
        spellings: BTreeMap<String, usize>,
        /// What they count as; trees have a way of their own for them.
        imputed: Option<String>,
    },
    /// A text that often means a missing cell is a category of a column.
    KeptAsCategory {
        /// The column.
        column: String,
        /// The text.
        text: String,
        /// How many cells there are.
        cells: usize,
    },
    /// Columns of dates.
    Dates(Vec<String>),
    /// Columns of a few whole numbers, which may be codes.
    Codes(Vec<String>),
    /// A number so far from all others of its column that it may mean a missing cell.
    Outlying {
        /// The column.
        column: String,
        /// The number, as it is written.
        text: String,
        /// How many cells there are.
        cells: usize,
    },
    /// A column from which alone the classes can be told.
    TellsTarget {
        /// The column.
        column: String,
        /// The area under the ROC curve.
        auc: f64,
    },
    /// A column of numbers that are all different, and called as identifiers are.
    Identifier(String),
    /// Categories of too few rows, which aren't learnt.
    Rare {
        /// The column.
        column: String,
        /// How many categories.
        categories: usize,
        /// How many training rows have one of them.
        rows: usize,
    },
    /// A class of very few training rows.
    RareClass {
        /// Its value.
        class: String,
        /// How many rows.
        rows: usize,
    },
    /// Rows that are held out and can't be measured: they have a class or a category that no
    /// training row has.
    NotMeasured(usize),
}

/// Why columns were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// They only count or name the rows.
    RowNumbers,
    /// Every training row has the same value in them, or none.
    Constant,
}

impl Finding {
    /// The same for trees, for which missing numbers count as nothing.
    pub(super) fn for_trees(&mut self, preprocessing: &Preprocessing) {
        if let Self::Missing {
            column, imputed, ..
        } = self
            && preprocessing.categories(column).is_none()
        {
            *imputed = None;
        }
    }
}

/// A number of things in words.
fn counted(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// The spellings of missing cells, with how many there are of each.
fn spelt(spellings: &BTreeMap<String, usize>) -> String {
    let texts = spellings.iter().map(|(text, count)| match text.as_str() {
        "" => format!("{count} empty"),
        text => format!("{count} {text:?}"),
    });
    texts.collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(said) => said.fmt(f),
            Self::LeftOut(columns, reason) => {
                let names = list(columns).replace("\"\"", "one without a name");
                match reason {
                    Reason::RowNumbers => {
                        write!(
                            f,
                            "left out, since they only count or name the rows: {names}"
                        )
                    }
                    Reason::Constant => write!(
                        f,
                        "left out, since every training row has the same value or none: {names}"
                    ),
                }
            }
            Self::NoTarget(spellings) => {
                let rows = counted(spellings.values().sum(), "row");
                write!(
                    f,
                    "{rows} without a target are left out ({})",
                    spelt(spellings)
                )
            }
            Self::Missing {
                column,
                spellings,
                imputed,
            } => {
                let cells = counted(spellings.values().sum(), "cell");
                write!(f, "{cells} missing in {column:?} ({})", spelt(spellings))?;
                match imputed {
                    Some(imputed) => write!(f, ", which count as {imputed}"),
                    None => Ok(()),
                }
            }
            Self::KeptAsCategory {
                column,
                text,
                cells,
            } => write!(
                f,
                "{text:?} is a category of {column:?} ({}); if it means a missing cell, say so with \
                 --missing",
                counted(*cells, "cell")
            ),
            Self::Dates(columns) => write!(
                f,
                "dates count as days since 1970-01-01 in {}",
                list(columns)
            ),
            Self::Codes(columns) => write!(
                f,
                "a few whole numbers, which count as quantities: {}; if they are codes, name the \
                 columns with --categories",
                list(columns)
            ),
            Self::Outlying {
                column,
                text,
                cells,
            } => write!(
                f,
                "{text:?} is far from all other numbers of {column:?} ({}); if it means a missing \
                 cell, say so with --missing",
                counted(*cells, "cell")
            ),
            Self::TellsTarget { column, auc } => write!(
                f,
                "warning: {column:?} alone tells the classes apart (area under the ROC curve \
                 {auc:.4}); if it isn't known before the target is, leave it out with \
                 --ignore-columns"
            ),
            Self::Identifier(column) => write!(
                f,
                "warning: {column:?} seems to identify the rows; leave it out with \
                 --ignore-columns"
            ),
            Self::Rare {
                column,
                categories,
                rows,
            } => {
                let categories = match categories {
                    1 => "1 rare category".to_owned(),
                    _ => format!("{categories} rare categories"),
                };
                let rows = counted(*rows, "training row");
                write!(
                    f,
                    "{categories} of {column:?} ({rows}) count as none of the known ones"
                )
            }
            Self::RareClass { class, rows } => write!(
                f,
                "warning: {class:?} is the target of {} only",
                counted(*rows, "training row")
            ),
            Self::NotMeasured(rows) => write!(
                f,
                "{} held out can't be measured: a class or a category of theirs is in no training row",
                counted(*rows, "row")
            ),
        }
    }
}
