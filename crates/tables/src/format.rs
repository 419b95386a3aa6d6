//! The columns of a table, and what its metadata says.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::fault::Fault;
use crate::kind::{Kind, VERSION};

const VERSION_KEY: &str = "veilcast.version";
const KIND_KEY: &str = "veilcast.table";

pub(crate) const BATCH: &str = "batch";
pub(crate) const GROUP: &str = "group";
pub(crate) const RECORDS: &str = "records";
pub(crate) const LAYOUT: &str = "layout";
pub(crate) const KEY: &str = "key_fingerprint";
pub(crate) const CARD: &str = "card_digest";
pub(crate) const REQUEST: &str = "request";
pub(crate) const REQUEST_DIGEST: &str = "request_digest";
pub(crate) const RESPONSE: &str = "response";
pub(crate) const ERROR: &str = "error";

/// The layout of groups that were put into a sealed model's weights.
pub(crate) const SEALED: &str = "sealed";

/// What all tables say of a group.
pub(crate) const COMMON: [&str; 6] = [BATCH, GROUP, RECORDS, LAYOUT, KEY, CARD];

impl Kind {
    /// The columns that only tables of this kind have.
    pub(crate) fn own(self) -> &'static [&'static str] {
        match self {
            Self::Requests => &[REQUEST],
            Self::Answers => &[REQUEST_DIGEST, RESPONSE, ERROR],
        }
    }

    /// The columns of messages, large and incompressible.
    pub(crate) fn messages(self) -> &'static [&'static str] {
        match self {
            Self::Requests => &[REQUEST],
            Self::Answers => &[REQUEST_DIGEST, RESPONSE],
        }
    }

    /// The columns and the metadata.
    pub(crate) fn schema(self) -> SchemaRef {
        match self {
            Self::Requests => requests(),
            Self::Answers => answers(),
        }
    }

    /// The kind of a table with this schema.
    ///
    /// Programs that write it anew may drop the metadata: its columns then tell.
    ///
    /// # Errors
    /// It must be of this version of the format, and have all columns.
    pub(crate) fn of(schema: &Schema) -> Result<Self, Fault> {
        if let Some(found) = schema.metadata().get(VERSION_KEY)
            && found != VERSION
        {
            return Err(Fault::Version(found.clone()));
        }
        let has = |name: &str| schema.field_with_name(name).is_ok();
        let kind = match schema.metadata().get(KIND_KEY).map(String::as_str) {
            Some("requests") => Self::Requests,
            Some("answers") => Self::Answers,
            Some(other) => return Err(Fault::UnknownKind(other.to_owned())),
            None if has(RESPONSE) || has(REQUEST_DIGEST) => Self::Answers,
            None => Self::Requests,
        };
        let all = COMMON.iter().chain(kind.own());
        match all.copied().find(|name| !has(name)) {
            Some(missing) => Err(Fault::MissingColumn(missing)),
            None => Ok(kind),
        }
    }

    /// Checks that a table is of this kind.
    pub(crate) fn expect(self, schema: &Schema) -> Result<(), Fault> {
        // A missing column tells more than that the other kind has it.
        let found = Self::of(schema)?;
        match found == self {
            true => Ok(()),
            false => Err(Fault::Kind {
                expected: self,
                found,
            }),
        }
    }
}

/// The schema of a table of requests.
pub fn requests() -> SchemaRef {
    let own = vec![Field::new(REQUEST, DataType::Binary, false)];
    schema(Kind::Requests, own)
}

/// The schema of a table of answers.
pub fn answers() -> SchemaRef {
    let own = vec![
        Field::new(REQUEST_DIGEST, DataType::Binary, false),
        Field::new(RESPONSE, DataType::Binary, true),
        Field::new(ERROR, DataType::Utf8, true),
    ];
    schema(Kind::Answers, own)
}

fn schema(kind: Kind, own: Vec<Field>) -> SchemaRef {
    let common = COMMON.map(|name| {
        let data_type = match name {
            GROUP | RECORDS => DataType::UInt32,
            _ => DataType::Utf8,
        };
        Field::new(name, data_type, false)
    });
    let fields: Vec<Field> = common.into_iter().chain(own).collect();
    let metadata = HashMap::from([
        (VERSION_KEY.to_owned(), VERSION.to_owned()),
        (KIND_KEY.to_owned(), kind.to_string()),
    ]);
    Arc::new(Schema::new_with_metadata(fields, metadata))
}
