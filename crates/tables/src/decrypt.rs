//! Rows of answers to scores.

use rayon::prelude::*;
use veilcast_engine::{Pause, Session};
use veilcast_protocol::{ContentDigest, Framing, InferResponse, KeyFingerprint, Limits};

use crate::fault::{Fault, TableError};
use crate::format::{CARD, KEY, LAYOUT, RECORDS};
use crate::part::Part;
use crate::rows::{Group, answers, check_columns};

/// How many groups are decrypted between two pauses.
const AT_ONCE: usize = 64;

/// What is in the answer to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decrypted {
    /// The batch.
    pub batch: String,
    /// The group's number in it.
    pub group: u32,
    /// How many records it has.
    pub records: usize,
    /// For each of its records, in order, a score for each output: exactly as the model computes them. Or what is wrong with
    /// the group.
    pub scores: Result<Vec<Vec<i64>>, String>,
}

/// Decrypts a part of a table of answers.
///
/// Each answer must be to the request whose digest its row names. What is wrong with one group is in its place, and the
/// others are decrypted.
///
/// # Errors
/// [`TableError`] if the part isn't of a table of answers of the session's model and under its key; or if a pause says that
/// it is to stop.
///
/// # Panics
/// If the operating system's generator fails.
pub fn decrypt(
    session: &Session,
    part: &Part,
    pause: Pause<'_>,
) -> Result<Vec<Decrypted>, TableError> {
    let rows = answers(part)?;
    let expected = KeyFingerprint::of(&session.public_key().modulus());
    for group in &rows.groups {
        group.check_card(session.card().digest())?;
        let found = group.key;
        if found != expected {
            return Err(group.fault(Fault::OtherKey { expected, found }));
        }
    }
    let all: Vec<usize> = (0..rows.groups.len()).collect();
    let mut decrypted = Vec::with_capacity(all.len());
    for some in all.chunks(AT_ONCE) {
        pause().map_err(|stopped| Fault::from(stopped).at(part.place()))?;
        let of_row = |&row: &usize| {
            let group = &rows.groups[row];
            let bytes = rows.own.get(row).map_err(str::to_owned)?;
            let read = read(session, group, bytes, rows.own.digests[row]);
            read.map_err(|fault| group.fault(fault).to_string())
        };
        let read: Vec<Result<InferResponse, String>> = some.par_iter().map(of_row).collect();
        let sound: Vec<InferResponse> = read.iter().flatten().cloned().collect();
        let mut scores = session.decrypt_together(&sound).into_iter();
        for (&row, read) in some.iter().zip(read) {
            let group = &rows.groups[row];
            let scores = read.and_then(|_| {
                let scores = scores.next().expect("scores or a fault for each answer");
                scores.map_err(|fault| group.fault(fault).to_string())
            });
            decrypted.push(Decrypted {
                batch: group.batch.clone(),
                group: group.group,
                records: group.records,
                scores,
            });
        }
    }
    Ok(decrypted)
}

/// The answer of a row.
fn read(
    session: &Session,
    group: &Group,
    message: &[u8],
    request: ContentDigest,
) -> Result<InferResponse, Fault> {
    let card = session.card();
    let limit = group.most_records(card)?;
    let limits = Limits::new(limit, limit.saturating_mul(card.outputs()));
    let response = InferResponse::decode(message, Framing::SelfDelimiting, &limits)?;
    if response.request_digest != Some(request) {
        return Err(Fault::OtherRequest);
    }
    check_columns(&[
        (LAYOUT, response.layout.name() == group.layout),
        (RECORDS, response.records == group.records),
        (KEY, response.key_fingerprint == group.key),
        (CARD, response.card_digest == group.card),
    ])?;
    Ok(response)
}
