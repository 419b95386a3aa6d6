//! What rows say, checked as far as that is possible without reading the messages in them.

use arrow_array::{Array, LargeBinaryArray, LargeStringArray, UInt32Array};
use veilcast_card::{Card, CardDigest};
use veilcast_protocol::{ContentDigest, KeyFingerprint};

use crate::columns::{bytes, numbers, texts};
use crate::fault::{Fault, Place, TableError};
use crate::format::{
    BATCH, CARD, ERROR, GROUP, KEY, LAYOUT, RECORDS, REQUEST, REQUEST_DIGEST, RESPONSE, SEALED,
};
use crate::kind::Kind;
use crate::part::Part;

/// What every row says.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) batch: String,
    pub(crate) group: u32,
    pub(crate) records: usize,
    pub(crate) layout: String,
    pub(crate) key: KeyFingerprint,
    pub(crate) card: CardDigest,
    pub(crate) place: Place,
}

/// The groups of a part of a table, with their own columns.
pub(crate) struct Rows<Own> {
    pub(crate) groups: Vec<Group>,
    pub(crate) own: Own,
}

pub(crate) struct Requests(LargeBinaryArray);

impl Requests {
    /// The bytes of a row's request.
    pub(crate) fn get(&self, row: usize) -> &[u8] {
        self.0.value(row)
    }
}

pub(crate) struct Answers {
    pub(crate) digests: Vec<ContentDigest>,
    responses: LargeBinaryArray,
    errors: LargeStringArray,
}

impl Answers {
    /// The bytes of a row's answer, or why there is none.
    pub(crate) fn get(&self, row: usize) -> Result<&[u8], &str> {
        match self.responses.is_valid(row) {
            true => Ok(self.responses.value(row)),
            false => Err(self.errors.value(row)),
        }
    }
}

/// The rows of a part of a table of requests.
pub(crate) fn requests(part: &Part) -> Result<Rows<Requests>, TableError> {
    let groups = groups(part, Kind::Requests)?;
    let requests = bytes(&part.rows, REQUEST).map_err(|fault| fault.at(part.place()))?;
    no_nulls(&groups, &requests, REQUEST)?;
    let own = Requests(requests);
    Ok(Rows { groups, own })
}

/// The rows of a part of a table of answers.
pub(crate) fn answers(part: &Part) -> Result<Rows<Answers>, TableError> {
    let groups = groups(part, Kind::Answers)?;
    let at_table = |fault: Fault| fault.at(part.place());
    let digests = bytes(&part.rows, REQUEST_DIGEST).map_err(at_table)?;
    no_nulls(&groups, &digests, REQUEST_DIGEST)?;
    let digests = groups.iter().enumerate().map(|(row, group)| {
        let digest: Result<[u8; 32], _> = digests.value(row).try_into();
        let digest = digest.map(ContentDigest::from);
        digest.map_err(|_| Fault::Digest(REQUEST_DIGEST).at(group.place.clone()))
    });
    let own = Answers {
        digests: digests.collect::<Result<_, _>>()?,
        responses: bytes(&part.rows, RESPONSE).map_err(at_table)?,
        errors: texts(&part.rows, ERROR).map_err(at_table)?,
    };
    for (row, group) in groups.iter().enumerate() {
        if own.responses.is_valid(row) == own.errors.is_valid(row) {
            return Err(Fault::NeitherOrBoth.at(group.place.clone()));
        }
    }
    Ok(Rows { groups, own })
}

/// What the rows of a part say, which must be of one key and one card.
fn groups(part: &Part, kind: Kind) -> Result<Vec<Group>, TableError> {
    let expected = kind.expect(part.rows.schema_ref());
    expected.map_err(|fault| fault.at(part.place()))?;
    common(part)
}

/// The same of rows that may lack their messages.
pub(crate) fn common(part: &Part) -> Result<Vec<Group>, TableError> {
    let at_table = |fault: Fault| fault.at(part.place());
    let columns = Columns::of(part).map_err(at_table)?;
    let groups = (0..part.rows.num_rows()).map(|row| columns.group(part, row));
    let groups: Vec<Group> = groups.collect::<Result<_, _>>()?;
    if let [first, rest @ ..] = groups.as_slice() {
        for group in rest {
            group.check_like(first.key, first.card)?;
        }
    }
    Ok(groups)
}

impl Group {
    /// Checks that it is of this key and card.
    pub(crate) fn check_like(
        &self,
        key: KeyFingerprint,
        card: CardDigest,
    ) -> Result<(), TableError> {
        let (first, found) = (key, self.key);
        if first != found {
            return Err(Fault::MixedKeys { first, found }.at(self.place.clone()));
        }
        let (first, found) = (card, self.card);
        if first != found {
            return Err(Fault::MixedCards { first, found }.at(self.place.clone()));
        }
        Ok(())
    }

    /// Checks that it was made for this model's card.
    pub(crate) fn check_card(&self, expected: CardDigest) -> Result<(), TableError> {
        let found = self.card;
        match found == expected {
            true => Ok(()),
            false => Err(Fault::OtherCard { expected, found }.at(self.place.clone())),
        }
    }

    /// Checks that it is of the sealed model under this key.
    pub(crate) fn check_sealed(&self, expected: KeyFingerprint) -> Result<(), TableError> {
        if self.layout != SEALED {
            return Err(self.fault(Fault::OtherForm(
                "of encrypted records, among others to a sealed model",
            )));
        }
        let found = self.key;
        match found == expected {
            true => Ok(()),
            false => Err(self.fault(Fault::OtherKey { expected, found })),
        }
    }

    /// The most records that a group may have by this card, which it doesn't exceed.
    pub(crate) fn most_records(&self, card: &Card) -> Result<usize, Fault> {
        let (found, limit) = (self.records, card.limits().max_records as usize);
        match found <= limit {
            true => Ok(limit),
            false => Err(Fault::GroupTooLarge { found, limit }),
        }
    }

    /// The fault, at this group.
    pub(crate) fn fault(&self, fault: impl Into<Fault>) -> TableError {
        fault.into().at(self.place.clone())
    }
}

/// Checks that a row's message says in each of these columns what the row says.
pub(crate) fn check_columns(agree: &[(&'static str, bool)]) -> Result<(), Fault> {
    match agree.iter().find(|(_, agrees)| !agrees) {
        Some((column, _)) => Err(Fault::Disagrees(column)),
        None => Ok(()),
    }
}

struct Columns {
    batch: LargeStringArray,
    group: UInt32Array,
    records: UInt32Array,
    layout: LargeStringArray,
    key: LargeStringArray,
    card: LargeStringArray,
}

impl Columns {
    fn of(part: &Part) -> Result<Self, Fault> {
        let rows = &part.rows;
        Ok(Self {
            batch: texts(rows, BATCH)?,
            group: numbers(rows, GROUP)?,
            records: numbers(rows, RECORDS)?,
            layout: texts(rows, LAYOUT)?,
            key: texts(rows, KEY)?,
            card: texts(rows, CARD)?,
        })
    }

    fn group(&self, part: &Part, row: usize) -> Result<Group, TableError> {
        let mut place = part.place_of(row);
        let text = |column: &LargeStringArray, name, place: &Place| match column.is_valid(row) {
            true => Ok(column.value(row).to_owned()),
            false => Err(Fault::Null(name).at(place.clone())),
        };
        let number = |column: &UInt32Array, name, place: &Place| match column.is_valid(row) {
            true => Ok(column.value(row)),
            false => Err(Fault::Null(name).at(place.clone())),
        };
        let batch = text(&self.batch, BATCH, &place)?;
        let group = number(&self.group, GROUP, &place)?;
        place.group = Some((batch.clone(), group));
        let key = text(&self.key, KEY, &place)?;
        let card = text(&self.card, CARD, &place)?;
        Ok(Group {
            batch,
            group,
            records: number(&self.records, RECORDS, &place)? as usize,
            layout: text(&self.layout, LAYOUT, &place)?,
            key: (key.parse()).map_err(|_| Fault::Digest(KEY).at(place.clone()))?,
            card: (card.parse()).map_err(|_| Fault::Digest(CARD).at(place.clone()))?,
            place,
        })
    }
}

fn no_nulls(
    groups: &[Group],
    column: &LargeBinaryArray,
    name: &'static str,
) -> Result<(), TableError> {
    match groups
        .iter()
        .enumerate()
        .find(|(row, _)| column.is_null(*row))
    {
        Some((_, group)) => Err(group.fault(Fault::Null(name))),
        None => Ok(()),
    }
}
