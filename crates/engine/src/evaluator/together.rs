//! Many requests under one key at once: their rows are computed as those of one request, so that groups of numbers
//! which the processor computes together are full even if each request has a single answer.

use std::ops::Range;

use veilcast_card::Limits;
use veilcast_protocol::{ByteMatrix, InferRequest, InferResponse, Upload};

use super::Evaluator;
use crate::arrangement::Arrangement;
use crate::error::EvaluateError;
use crate::planner::Costs;
use crate::slices::{Pause, Stopped};

/// How many rows are computed together: groups of numbers are full on any number of cores, and what they take stays small.
const ROWS: usize = 256;

impl Evaluator {
    /// Computes the answers to many requests, each what [`evaluate`](Self::evaluate) returns for it.
    ///
    /// It takes least time if the requests that follow each other have one key and one layout, and whole groups of records
    /// except in the last. Each must be within the card's limits; they are computed in slices, as [`evaluate_in_slices`](Self::evaluate_in_slices) does.
    ///
    /// # Errors
    /// [`Stopped`] if a pause says so. What is wrong with one request is in its place, and the others are computed.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn evaluate_together(
        &self,
        requests: &[InferRequest],
        pause: Pause<'_>,
    ) -> Result<Vec<Result<InferResponse, EvaluateError>>, Stopped> {
        let mut answers = Vec::with_capacity(requests.len());
        while answers.len() < requests.len() {
            let rest = &requests[answers.len()..];
            let run = &rest[self.run(rest)];
            match self.evaluate_run(run, pause) {
                Err(EvaluateError::Stopped(stopped)) => return Err(stopped),
                Ok(run) => answers.extend(run.into_iter().map(Ok)),
                // One of them is at fault: which one?
                Err(_) if run.len() > 1 => {
                    for request in run {
                        answers.push(match self.evaluate_in_slices(request, pause) {
                            Err(EvaluateError::Stopped(stopped)) => return Err(stopped),
                            answer => answer,
                        });
                    }
                }
                Err(error) => answers.push(Err(error)),
            }
        }
        Ok(answers)
    }

    /// The requests at the start that can be computed as one: the first, and those after it that fit.
    fn run(&self, requests: &[InferRequest]) -> Range<usize> {
        let [first, ..] = requests else { return 0..0 };
        let Some(per_row) = self.joinable(first) else {
            return 0..1;
        };
        let is_like_first = |request: &InferRequest| {
            self.is_within_limits(request)
                && request.public_key() == first.public_key()
                && request.layout() == first.layout()
                && request.card_digest() == first.card_digest()
                && matches!(request.upload(), Upload::Full(_))
                && request.upload().tensor().columns() == first.upload().tensor().columns()
        };
        let is_whole =
            |request: &InferRequest| request.records() == request.upload().rows() * per_row;
        let (mut rows, mut end) = (0, 0);
        for (index, request) in requests.iter().enumerate() {
            rows += request.upload().rows();
            if index > 0 && !(rows <= ROWS && is_like_first(request)) {
                break;
            }
            end = index + 1;
            // Nothing can follow a row with room left.
            if !is_whole(request) {
                break;
            }
        }
        0..end
    }

    /// The records of a row, if a request's rows can be computed together with others'.
    fn joinable(&self, request: &InferRequest) -> Option<usize> {
        let is_full = matches!(request.upload(), Upload::Full(_));
        if request.layout().is_ahead() || !is_full || !self.is_within_limits(request) {
            return None;
        }
        let key_bits = self.keys.bits(request.public_key()).ok()?;
        let arrangement = Arrangement::new(self.card(), request.layout(), key_bits).ok()?;
        Some(arrangement.records_per_row())
    }

    fn is_within_limits(&self, request: &InferRequest) -> bool {
        let limits = self.card().limits();
        request.records() <= limits.max_records as usize
            && request.upload().tensor().len() <= limits.max_ciphertexts as usize
    }

    fn evaluate_run(
        &self,
        run: &[InferRequest],
        pause: Pause<'_>,
    ) -> Result<Vec<InferResponse>, EvaluateError> {
        let [first, _, ..] = run else {
            let answers = run
                .iter()
                .map(|request| self.evaluate_in_slices(request, pause));
            return answers.collect();
        };
        let joined = joined(first, run);
        // Each of them is within the card's limits, which are for what one client may ask for at once.
        let limits = Limits {
            max_records: u32::MAX,
            max_ciphertexts: u32::MAX,
        };
        let plan = self.plan_within(&joined, limits, Costs::of_this_machine)?;
        let whole = self.compute_plan(&joined, plan, pause)?;
        let (columns, width) = (whole.scores.columns(), whole.scores.width());
        let mut rest = whole.scores.as_bytes();
        let part = |request: &InferRequest| {
            let rows = request.upload().rows();
            let (bytes, after) = rest.split_at(rows * columns * width);
            rest = after;
            let scores = ByteMatrix::new([rows, columns], width, bytes.to_vec());
            InferResponse {
                id: request.id().map(str::to_owned),
                model_name: whole.model_name.clone(),
                model_version: whole.model_version.clone(),
                key_fingerprint: whole.key_fingerprint,
                card_digest: whole.card_digest,
                layout: whole.layout,
                records: request.records(),
                request_digest: None,
                vouchers: None,
                scores: scores.expect("an answer has a row for each row of its request"),
            }
        };
        Ok(run.iter().map(part).collect())
    }
}

/// The request that holds the rows of all of them.
fn joined(first: &InferRequest, run: &[InferRequest]) -> InferRequest {
    let tensors = run.iter().map(|request| request.upload().tensor());
    let rows = tensors.clone().map(ByteMatrix::rows).sum();
    let bytes = tensors.map(ByteMatrix::as_bytes).collect::<Vec<_>>();
    let tensor = first.upload().tensor();
    let ciphertexts = ByteMatrix::new([rows, tensor.columns()], tensor.width(), bytes.concat());
    let request = InferRequest::new(
        first.public_key().to_vec(),
        first.layout(),
        run.iter().map(InferRequest::records).sum(),
        first.card_digest(),
        ciphertexts.expect("rows of one width and of one number of columns"),
    )
    .expect("as many records as the rows of sound requests have");
    // Whichever has a proof.
    match run.iter().find_map(InferRequest::key_proof) {
        Some(proof) => request.with_key_proof(proof),
        None => request,
    }
}
