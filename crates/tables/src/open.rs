//! Rows of requests to a sealed model, to rows of answers: its service opens them.

use arrow_array::RecordBatch;
use rayon::prelude::*;
use veilcast_engine::{EvaluateError, Evaluator, Pause};
use veilcast_protocol::{ContentDigest, Framing, Inference, Limits, MaskedResponse, SealedRequest};

use crate::answered::{Answer, table};
use crate::fault::{Fault, TableError};
use crate::format::{CARD, RECORDS};
use crate::part::Part;
use crate::rows::{Group, Requests, Rows, check_columns};
use crate::sealed::key_of;

/// How many groups are opened between two pauses.
const AT_ONCE: usize = 16;

/// The answers to a part of a table of requests to this sealed model.
pub(crate) fn answers(
    evaluator: &Evaluator,
    part: &Part,
    rows: &Rows<Requests>,
    pause: Pause<'_>,
) -> Result<RecordBatch, TableError> {
    let at_table = |fault: Fault| fault.at(part.place());
    let key = key_of(evaluator.card()).map_err(at_table)?;
    if !evaluator.opens_sealed() {
        return Err(at_table(EvaluateError::NoSealingKey.into()));
    }
    for group in &rows.groups {
        group.check_sealed(key)?;
    }
    let all: Vec<usize> = (0..rows.groups.len()).collect();
    let mut answers = Vec::with_capacity(all.len());
    for some in all.chunks(AT_ONCE) {
        pause().map_err(|stopped| Fault::from(stopped).at(part.place()))?;
        let of_row = |&row: &usize| {
            let (group, message) = (&rows.groups[row], rows.own.get(row));
            let digest = ContentDigest::of(message);
            let response = answer(evaluator, group, message).map(|response| {
                let request_digest = Some(digest);
                let response = MaskedResponse {
                    request_digest,
                    ..response
                };
                response.to_binary().bytes
            });
            let response = response.map_err(|fault| group.fault(fault).to_string());
            Answer { digest, response }
        };
        answers.par_extend(some.par_iter().map(of_row));
    }
    Ok(table(&rows.groups, &answers))
}

fn answer(evaluator: &Evaluator, group: &Group, message: &[u8]) -> Result<MaskedResponse, Fault> {
    let request = read(evaluator, group, message)?;
    // A group is a small piece of work.
    Ok(evaluator.evaluate_sealed(&request, &mut || Ok(()))?)
}

/// The request of a row.
fn read(evaluator: &Evaluator, group: &Group, message: &[u8]) -> Result<SealedRequest, Fault> {
    let card = evaluator.card();
    let limits = Limits::new(
        group.most_records(card)?,
        card.limits().max_ciphertexts as usize,
    );
    let request = match Inference::decode(message, Framing::SelfDelimiting, &limits)? {
        Inference::Sealed(request) => request,
        Inference::Masked(_) | Inference::Round(_) => return Err(Fault::Once("vouchers")),
        Inference::Encrypted(_) => return Err(Fault::OtherForm("of encrypted records")),
    };
    check_columns(&[
        (RECORDS, request.records == group.records),
        (CARD, request.card_digest == group.card),
    ])?;
    Ok(request)
}
