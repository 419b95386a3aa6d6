//! What was found out about a table that people should know: it isn't as programs write tables.

use std::fmt;

use encoding_rs::{Encoding, UTF_8};
use veilcast_card::list;

/// Something about a table that was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Said {
    /// The text is in another encoding than UTF-8.
    Encoding {
        /// Its name.
        name: &'static str,
        /// Whether nothing in the file says so.
        is_guess: bool,
    },
    /// The columns are separated otherwise than by commas.
    Separator(&'static str),
    /// Lines before the header, with a `#`, were left out.
    Comments(u64),
    /// The numbers have commas as decimal marks.
    DecimalCommas,
    /// The numbers of these columns have commas between thousands.
    Thousands(Vec<String>),
    /// The numbers of these columns are per cent.
    Percent(Vec<String>),
    /// Columns without a name, or that count the rows, were left out.
    LeftOut(Vec<String>),
    /// It is this sheet of a workbook.
    Sheet {
        /// Its name.
        name: String,
        /// How many others there are.
        others: usize,
    },
}

/// The encoding of a text, unless it is the usual one.
pub(super) fn written_in(encoding: &'static Encoding, is_guess: bool) -> Option<Said> {
    (encoding != UTF_8).then(|| Said::Encoding {
        name: encoding.name(),
        is_guess,
    })
}

/// The names of columns in words; one without a name is said to have none.
fn columns(names: &[String]) -> String {
    list(names).replace("\"\"", "one without a name")
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding {
                name,
                is_guess: false,
            } => write!(f, "the text is in {name}"),
            Self::Encoding {
                name,
                is_guess: true,
            } => {
                write!(f, "the text isn't in UTF-8, and is read as {name}")
            }
            Self::Separator(name) => write!(f, "the columns are separated by {name}"),
            Self::Comments(1) => f.write_str("1 line of comments before the header is left out"),
            Self::Comments(lines) => {
                write!(
                    f,
                    "{lines} lines of comments before the header are left out"
                )
            }
            Self::DecimalCommas => {
                f.write_str("the decimal marks are commas, and points separate thousands")
            }
            Self::Thousands(names) => {
                write!(f, "commas separate thousands in {}", columns(names))
            }
            Self::Percent(names) => {
                write!(f, "35 % is read as 0.35 in {}", columns(names))
            }
            Self::LeftOut(names) => write!(
                f,
                "left out, since they only count or name the rows: {}",
                columns(names)
            ),
            Self::Sheet { name, others: 0 } => write!(f, "the sheet {name:?} is read"),
            Self::Sheet { name, others: 1 } => {
                write!(f, "the sheet {name:?} is read, and 1 other is not")
            }
            Self::Sheet { name, others } => {
                write!(f, "the sheet {name:?} is read, and {others} others are not")
            }
        }
    }
}
