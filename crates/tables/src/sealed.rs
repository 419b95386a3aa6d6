//! Tables for a sealed model: its client computes on the encrypted weights, so that the records never leave, and has no key but
//! an opening for each group, which it keeps beside.

use arrow_array::RecordBatch;
use rayon::prelude::*;
use veilcast_card::{Card, CardDigest, QuantizedRecord};
use veilcast_engine::{Opening, Pause, SealedError, SealedModel, StoredOpening};
use veilcast_protocol::{ContentDigest, Framing, KeyFingerprint, Limits, MaskedResponse};
use zeroize::Zeroizing;

use crate::batch::Batch;
use crate::decrypt::Decrypted;
use crate::fault::{Fault, TableError};
use crate::format::{CARD, SEALED};
use crate::part::Part;
use crate::rows::{Group, answers, check_columns};

/// How many groups are prepared or read between two pauses.
const AT_ONCE: usize = 16;

/// Rows of requests to a sealed model.
pub struct SealedRows {
    /// The rows, which its service may see.
    pub rows: RecordBatch,
    /// For each of them what opens its answer. Secret, and good for nothing else.
    pub openings: Vec<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for SealedRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedRows({} groups)", self.openings.len())
    }
}

/// How many records a group has, except for the last of a batch: as many as a request may hold in full ciphertexts.
pub fn sealed_group_size(model: &SealedModel) -> usize {
    let (most, per_ciphertext) = (model.max_records(), model.records_per_group());
    match most / per_ciphertext {
        0 => most.max(1),
        full => full * per_ciphertext,
    }
}

/// Puts records into the encrypted weights: rows for the model's service, numbered from `first` on, and what opens the answers.
///
/// A task that is retried makes others, under fresh randomness: it must keep those that belong to the rows that it writes.
///
/// # Errors
/// [`TableError`] if a record was quantised for another card, or a pause says that it is to stop.
///
/// # Panics
/// If the operating system's generator fails.
pub fn encrypt_sealed(
    model: &SealedModel,
    records: &[QuantizedRecord],
    batch: &str,
    first: u32,
    pause: Pause<'_>,
) -> Result<SealedRows, TableError> {
    let batch = Batch {
        name: batch,
        first,
        layout: SEALED,
        key: key_of(model.card()).map_err(Fault::nowhere)?,
        card: model.card().digest(),
    };
    let groups: Vec<&[QuantizedRecord]> = records.chunks(sealed_group_size(model)).collect();
    batch.check(groups.len())?;
    let (mut messages, mut openings) = (Vec::new(), Vec::new());
    for some in groups.chunks(AT_ONCE) {
        pause().map_err(|stopped| Fault::from(stopped).nowhere())?;
        let prepared = some.par_iter().map(|group| model.prepare(group));
        let prepared: Result<Vec<_>, _> = prepared.collect();
        for (request, opening) in prepared.map_err(|error| Fault::from(error).nowhere())? {
            messages.push(request.to_binary().bytes);
            openings.push(stored(&opening));
        }
    }
    let sizes: Vec<u32> = groups.iter().map(|group| group.len() as u32).collect();
    Ok(SealedRows {
        rows: batch.rows(&sizes, &messages),
        openings,
    })
}

/// Reads a part of a table of a sealed model's answers, by what opens each of its rows.
///
/// What is wrong with one group is in its place, and the others are read.
///
/// # Errors
/// [`TableError`] if the part isn't of a table of this card's sealed model; or if a pause says that it is to stop.
pub fn decrypt_sealed(
    card: &Card,
    part: &Part,
    openings: &[Zeroizing<Vec<u8>>],
    pause: Pause<'_>,
) -> Result<Vec<Decrypted>, TableError> {
    let rows = answers(part)?;
    let expected = key_of(card).map_err(|fault| fault.at(part.place()))?;
    for group in &rows.groups {
        group.check_card(card.digest())?;
        group.check_sealed(expected)?;
    }
    if openings.len() != rows.groups.len() {
        return Err(Fault::Opening.at(part.place()));
    }
    let all: Vec<usize> = (0..rows.groups.len()).collect();
    let mut decrypted = Vec::with_capacity(all.len());
    for some in all.chunks(AT_ONCE) {
        pause().map_err(|stopped| Fault::from(stopped).at(part.place()))?;
        let of_row = |&row: &usize| {
            let group = &rows.groups[row];
            let scores = rows.own.get(row).map_err(str::to_owned).and_then(|bytes| {
                let read = read(card, group, bytes, rows.own.digests[row], &openings[row]);
                read.map_err(|fault| group.fault(fault).to_string())
            });
            Decrypted {
                batch: group.batch.clone(),
                group: group.group,
                records: group.records,
                scores,
            }
        };
        decrypted.par_extend(some.par_iter().map(of_row));
    }
    Ok(decrypted)
}

/// The scores of a row.
fn read(
    card: &Card,
    group: &Group,
    message: &[u8],
    request: ContentDigest,
    opening: &[u8],
) -> Result<Vec<Vec<i64>>, Fault> {
    let limits = Limits::new(group.most_records(card)?, 0);
    let response = MaskedResponse::decode(message, Framing::SelfDelimiting, &limits)?;
    if response.request_digest != Some(request) {
        return Err(Fault::OtherRequest);
    }
    check_columns(&[(CARD, response.card_digest == group.card)])?;
    let opening = opened(card, group.card, group.records, opening)?;
    Ok(opening.scores(&response)?)
}

/// The key that a card's sealed model is under.
pub(crate) fn key_of(card: &Card) -> Result<KeyFingerprint, Fault> {
    let sealed = card.sealed();
    let sealed = sealed.ok_or(Fault::OtherForm("to a model that isn't sealed"))?;
    Ok(KeyFingerprint::of(&sealed.modulus()))
}

/// The length of the request's id, the id, and the masks.
fn stored(opening: &Opening) -> Zeroizing<Vec<u8>> {
    let stored = opening.to_stored();
    let id = stored.id.unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(1 + id.len() + stored.masks.len()));
    bytes.push(u8::try_from(id.len()).expect("an id of this crate's making is short"));
    bytes.extend_from_slice(id.as_bytes());
    bytes.extend_from_slice(&stored.masks);
    bytes
}

fn opened(card: &Card, digest: CardDigest, records: usize, bytes: &[u8]) -> Result<Opening, Fault> {
    let (id, masks) = bytes
        .split_first()
        .and_then(|(&length, rest)| rest.split_at_checked(usize::from(length)))
        .ok_or(Fault::Opening)?;
    let id = str::from_utf8(id).map_err(|_| Fault::Opening)?;
    let stored = StoredOpening {
        id: (!id.is_empty()).then(|| id.to_owned()),
        card: digest,
        records,
        masks: Zeroizing::new(masks.to_vec()),
    };
    let opening = Opening::from_stored(&stored, card);
    let unsealed = |_: SealedError| Fault::OtherForm("to a model that isn't sealed");
    opening.map_err(unsealed)?.ok_or(Fault::Opening)
}
