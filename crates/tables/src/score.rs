//! Rows of requests to rows of answers.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, RecordBatch, StringArray, UInt32Array};
use rayon::prelude::*;
use veilcast_card::Way;
use veilcast_engine::{Evaluator, Pause};
use veilcast_protocol::{
    ContentDigest, Framing, InferRequest, InferResponse, Inference, KeyFingerprint, Layout, Limits,
    Upload,
};

use crate::fault::{Fault, TableError};
use crate::format::{CARD, KEY, LAYOUT, RECORDS, answers};
use crate::part::Part;
use crate::rows::{Group, requests};

/// Computes the answers to a part of a table of requests.
///
/// What is wrong with one group, and would be again, becomes its `error`; the others are computed.
///
/// # Errors
/// [`TableError`] if the part isn't of a table of requests to this model, all under one key; or if a pause says that it is
/// to stop.
///
/// # Panics
/// If the operating system's generator fails.
pub fn score(
    evaluator: &Evaluator,
    part: &Part,
    pause: Pause<'_>,
) -> Result<RecordBatch, TableError> {
    let rows = requests(part)?;
    let expected = evaluator.card_digest();
    for group in &rows.groups {
        group.check_card(expected)?;
    }
    if !evaluator.card().ways().contains(&Way::Direct) {
        return Err(
            Fault::OtherForm("to a model that takes no encrypted records").at(part.place()),
        );
    }
    let of_row = |(row, group): (usize, &Group)| read(evaluator, group, rows.own.get(row));
    let read: Vec<_> = rows.groups.par_iter().enumerate().map(of_row).collect();
    let mut sound = Vec::new();
    let mut faults: Vec<Option<String>> = Vec::new();
    for (request, group) in read.into_iter().zip(&rows.groups) {
        match request {
            Ok(request) => {
                sound.push(request);
                faults.push(None);
            }
            Err(fault) => faults.push(Some(group.fault(fault).to_string())),
        }
    }
    let computed = evaluator.evaluate_together(&sound, pause);
    let computed = computed.map_err(|stopped| Fault::from(stopped).at(part.place()))?;
    let digests = (0..rows.groups.len()).into_par_iter();
    let digests: Vec<_> = digests
        .map(|row| ContentDigest::of(rows.own.get(row)))
        .collect();
    let mut computed = computed.into_iter();
    let mut responses = Vec::new();
    for ((group, digest), error) in rows.groups.iter().zip(&digests).zip(&mut faults) {
        let answer = match error {
            Some(_) => None,
            None => computed.next(),
        };
        responses.push(match answer {
            Some(Ok(response)) => {
                let request_digest = Some(*digest);
                let response = InferResponse {
                    request_digest,
                    ..response
                };
                Some(response.to_binary().bytes)
            }
            Some(Err(fault)) => {
                *error = Some(group.fault(fault).to_string());
                None
            }
            None => None,
        });
    }
    Ok(table(&rows.groups, &digests, &responses, &faults))
}

/// The request of a row.
fn read(evaluator: &Evaluator, group: &Group, message: &[u8]) -> Result<InferRequest, Fault> {
    let limits = evaluator.card().limits();
    let (found, limit) = (group.records, limits.max_records as usize);
    if found > limit {
        return Err(Fault::GroupTooLarge { found, limit });
    }
    let limits = Limits::new(limit, limits.max_ciphertexts as usize);
    let request = match Inference::decode(message, Framing::SelfDelimiting, &limits)? {
        Inference::Encrypted(request) => request,
        Inference::Masked(_) | Inference::Round(_) => return Err(Fault::Once("vouchers")),
        Inference::Sealed(_) => return Err(Fault::OtherForm("to a sealed model")),
    };
    if matches!(request.upload(), Upload::Seeded(_)) {
        return Err(Fault::Once("a pool"));
    }
    let says = [
        (LAYOUT, request.layout().name() == group.layout),
        (RECORDS, request.records() == group.records),
        (KEY, KeyFingerprint::of(request.public_key()) == group.key),
        (CARD, request.card_digest() == group.card),
    ];
    if let Some((column, _)) = says.iter().find(|(_, agrees)| !agrees) {
        return Err(Fault::Disagrees(column));
    }
    match request.layout() {
        Layout::Records => Ok(request),
        layout if layout.is_ahead() => Err(Fault::Once("vouchers")),
        _ => Err(Fault::OtherForm("of another layout")),
    }
}

fn table(
    groups: &[Group],
    digests: &[ContentDigest],
    responses: &[Option<Vec<u8>>],
    errors: &[Option<String>],
) -> RecordBatch {
    let texts = |of: fn(&Group) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(groups.iter().map(of)))
    };
    let numbers = |of: fn(&Group) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(groups.iter().map(of)))
    };
    let digests = digests.iter().map(|digest| digest.as_bytes());
    let rows = RecordBatch::try_new(
        answers(),
        vec![
            texts(|group| group.batch.clone()),
            numbers(|group| group.group),
            numbers(|group| group.records as u32),
            texts(|group| group.layout.clone()),
            texts(|group| group.key.to_string()),
            texts(|group| group.card.to_string()),
            Arc::new(BinaryArray::from_iter_values(digests)),
            Arc::new(BinaryArray::from_iter(
                responses.iter().map(Option::as_deref),
            )),
            Arc::new(StringArray::from_iter(errors.iter().map(Option::as_deref))),
        ],
    );
    rows.expect("columns of the schema, with a cell for each group")
}
