//! Rows of requests to rows of answers.

use arrow_array::RecordBatch;
use rayon::prelude::*;
use veilcast_card::Way;
use veilcast_engine::{Evaluator, Pause};
use veilcast_protocol::{
    ContentDigest, Framing, InferRequest, InferResponse, Inference, KeyFingerprint, Layout, Limits,
    Upload,
};

use crate::answered::{Answer, table};
use crate::fault::{Fault, TableError};
use crate::format::{CARD, KEY, LAYOUT, RECORDS, SEALED};
use crate::open;
use crate::part::Part;
use crate::rows::{Group, check_columns, requests};

/// Computes the answers to a part of a table of requests: encrypted ones, or such to a sealed model, whose key the evaluator
/// must have.
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
    if rows.groups.iter().any(|group| group.layout == SEALED) {
        return open::answers(evaluator, part, &rows, pause);
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
    let mut answers = Vec::with_capacity(rows.groups.len());
    for ((group, digest), fault) in rows.groups.iter().zip(digests).zip(faults) {
        let response = match fault {
            Some(fault) => Err(fault),
            None => {
                let computed = computed
                    .next()
                    .expect("an answer or a fault for each request");
                let response = computed.map_err(|fault| group.fault(fault).to_string());
                response.map(|response| {
                    let request_digest = Some(digest);
                    let response = InferResponse {
                        request_digest,
                        ..response
                    };
                    response.to_binary().bytes
                })
            }
        };
        answers.push(Answer { digest, response });
    }
    Ok(table(&rows.groups, &answers))
}

/// The request of a row.
fn read(evaluator: &Evaluator, group: &Group, message: &[u8]) -> Result<InferRequest, Fault> {
    let card = evaluator.card();
    let limits = Limits::new(
        group.most_records(card)?,
        card.limits().max_ciphertexts as usize,
    );
    let request = match Inference::decode(message, Framing::SelfDelimiting, &limits)? {
        Inference::Encrypted(request) => request,
        Inference::Masked(_) | Inference::Round(_) => return Err(Fault::Once("vouchers")),
        Inference::Sealed(_) => {
            return Err(Fault::OtherForm(
                "to a sealed model, which its row doesn't say",
            ));
        }
    };
    if matches!(request.upload(), Upload::Seeded(_)) {
        return Err(Fault::Once("a pool"));
    }
    check_columns(&[
        (LAYOUT, request.layout().name() == group.layout),
        (RECORDS, request.records() == group.records),
        (KEY, KeyFingerprint::of(request.public_key()) == group.key),
        (CARD, request.card_digest() == group.card),
    ])?;
    match request.layout() {
        Layout::Records => Ok(request),
        layout if layout.is_ahead() => Err(Fault::Once("vouchers")),
        _ => Err(Fault::OtherForm("of another layout")),
    }
}
