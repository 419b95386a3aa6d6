//! What can be wrong with a table, and where.

use std::fmt;

use veilcast_card::CardDigest;
use veilcast_engine::{EvaluateError, LayoutError, SessionError, Stopped};
use veilcast_files::{ReadError, WriteError};
use veilcast_protocol::{DecodeError, KeyFingerprint};

use crate::kind::{Kind, VERSION};

/// Where something is wrong, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Option<String>,
    /// The row group of the file, from 0.
    pub row_group: Option<usize>,
    /// The row of the row group, or of what was handed over, from 0.
    pub row: Option<usize>,
    /// What the row says it is: a batch and a group of it.
    pub group: Option<(String, u32)>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file.as_deref().unwrap_or("the table"))?;
        if let Some(row_group) = self.row_group {
            write!(f, ", row group {row_group}")?;
        }
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        match &self.group {
            Some((batch, group)) => write!(f, " (batch {batch:?}, group {group})"),
            None => Ok(()),
        }
    }
}

/// A table, or one of its groups, can't be used.
#[derive(Debug)]
pub struct TableError {
    /// Where.
    pub place: Box<Place>,
    /// Why.
    pub fault: Fault,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            // They name the file.
            fault @ (Fault::Read(_) | Fault::Output(_)) => fault.fmt(f),
            fault => write!(f, "{}: {fault}", self.place),
        }
    }
}

impl std::error::Error for TableError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The fault's own text is told already.
        self.fault.source()
    }
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A file can't be opened, or isn't Parquet.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file can't be written.
    #[error("it can't be written: {0}")]
    Write(String),
    /// A file can't be begun, or not be given its name.
    #[error(transparent)]
    Output(#[from] WriteError),
    /// What should be rows isn't, or is cut off.
    #[error("it is damaged, or cut off ({0})")]
    Damaged(String),
    /// The format's version is another.
    #[error(
        "it is of version {0:?} of the format, and this program reads version {VERSION}: use the program that wrote it, or a newer one"
    )]
    Version(String),
    /// The metadata names a kind of table that there isn't.
    #[error(
        "it says that it holds {0:?}, which this program doesn't know: give a table of requests or of answers"
    )]
    UnknownKind(String),
    /// It is a table of the other kind.
    #[error("it is a table of {found}, and a table of {expected} is needed")]
    Kind {
        /// What is needed.
        expected: Kind,
        /// What it is.
        found: Kind,
    },
    /// A column isn't there.
    #[error("the column {0:?} is missing: give a table as `encrypt` or `score` wrote it")]
    MissingColumn(&'static str),
    /// A column holds something else.
    #[error("the column {column:?} holds {found}, and should hold {expected}")]
    ColumnType {
        /// Its name.
        column: &'static str,
        /// What it should hold.
        expected: &'static str,
        /// Its type.
        found: String,
    },
    /// A cell is empty.
    #[error("the column {0:?} is null")]
    Null(&'static str),
    /// A number isn't one of a group or of records.
    #[error("the column {0:?} isn't a whole number below 2^32")]
    Number(&'static str),
    /// A digest or a fingerprint is misspelt.
    #[error("the column {0:?} isn't a digest as this program writes it")]
    Digest(&'static str),
    /// Rows of several keys.
    #[error("it is of the key {found}, and the first row is of {first}: keep a table for each key")]
    MixedKeys {
        /// That of the first row.
        first: KeyFingerprint,
        /// This row's.
        found: KeyFingerprint,
    },
    /// Rows of several cards.
    #[error(
        "it is of the card {found}, and the first row is of {first}: keep a table for each model"
    )]
    MixedCards {
        /// That of the first row.
        first: CardDigest,
        /// This row's.
        found: CardDigest,
    },
    /// The rows are another model's.
    #[error(
        "it was made for the card {found}, but this model's card is {expected}: use the model that it was made for, or encrypt again"
    )]
    OtherCard {
        /// This model's.
        expected: CardDigest,
        /// The row's.
        found: CardDigest,
    },
    /// The rows are under another key.
    #[error(
        "it is encrypted under the key {found}, and this key is {expected}: use the key that it was made with"
    )]
    OtherKey {
        /// This key.
        expected: KeyFingerprint,
        /// The row's.
        found: KeyFingerprint,
    },
    /// A group has more records than the card allows.
    #[error("the group holds {found} records; this model takes at most {limit} in a group")]
    GroupTooLarge {
        /// In the group.
        found: usize,
        /// By the card and the key.
        limit: usize,
    },
    /// There are more groups in a batch than numbers for them.
    #[error("the batch has more than 2^32 groups: begin another batch")]
    TooManyGroups,
    /// Bytes aren't a request or an answer.
    #[error("not a message that this model takes: {0}")]
    Message(#[from] DecodeError),
    /// A request that must not be computed twice, which a retried task would do.
    #[error(
        "the request is made with {0}, which is good only once: in a table, encrypt without it"
    )]
    Once(&'static str),
    /// A request of a kind that has no tables.
    #[error(
        "the request is {0}: a table holds requests of the layout `records`, or such to a sealed model"
    )]
    OtherForm(&'static str),
    /// The message says something else than its row.
    #[error("its column {0:?} doesn't say what the message says")]
    Disagrees(&'static str),
    /// An answer belongs to another request.
    #[error("it answers another request than its row names")]
    OtherRequest,
    /// What opens a sealed model's answer is another's, or damaged.
    #[error(
        "what opens it isn't there, or opens another answer: give what was made with its request"
    )]
    Opening,
    /// An answer's row has an answer and an error, or neither.
    #[error("a row has either an answer or an error")]
    NeitherOrBoth,
    /// A group couldn't be computed.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// Records couldn't be encrypted, or an answer not be decrypted.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The card or the key has no room for the layout.
    #[error("the model takes no tables under this key")]
    Layout(#[source] LayoutError),
    /// It was told to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Fault {
    /// The fault, at a place.
    pub(crate) fn at(self, place: Place) -> TableError {
        TableError {
            place: Box::new(place),
            fault: self,
        }
    }

    /// The fault of what has no rows.
    pub(crate) fn nowhere(self) -> TableError {
        self.at(Place::default())
    }
}
