//! A group's way: encrypted, sent in as many requests as it takes, decrypted.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use veilcast_card::QuantizedRecord;
use veilcast_engine::{Predictor, Prepared};

use super::answered::Answered;
use super::current::{Current, unclear};
use super::reply::Reply;
use crate::{AnswerError, Client, ClientError, PipelineError, Threads};

/// The code with which a service says that a request was made for another card.
const OTHER_CARD: &str = "wrong_card_digest";

/// The code by which a service refuses vouchers that were derived from a secret which it no longer has.
const VOUCHER_OUTDATED: &str = "voucher_outdated";

/// The code by which a service refuses a round of a voucher that it has answered before, such as when its answer was lost.
const VOUCHER_SPENT: &str = "voucher_spent";

/// Codes for what a card forbids: a request that follows its card gets them only if the service has
/// another card by then.
const FORBIDDEN: [&str; 3] = [
    "too_many_records",
    "too_many_ciphertexts",
    "layout_not_allowed",
];

/// How often a group is encrypted for yet another card: a service that keeps replacing its model is
/// faulty.
const RENEWALS: usize = 4;

/// A group that is ready to be sent.
pub(super) struct Encrypted<G> {
    group: G,
    predictor: Predictor,
    request: Prepared,
    started: Instant,
}

impl<G: AsRef<[QuantizedRecord]>> Encrypted<G> {
    pub(super) fn new<E: From<PipelineError>>(current: &Current, group: G) -> Result<Self, E> {
        let started = Instant::now();
        let encrypted = current.prepare(group.as_ref());
        let (predictor, request) = encrypted.map_err(PipelineError::Encrypt)?;
        Ok(Self {
            group,
            predictor,
            request,
            started,
        })
    }
}

/// A group whose answers are here.
pub(super) struct Arrived<G> {
    group: G,
    predictor: Predictor,
    started: Instant,
    replies: Vec<Reply>,
    bytes_up: u64,
    bytes_down: u64,
    tries: u32,
}

/// What sends groups to a model of a service.
pub(super) struct Sender {
    client: Client,
    model: String,
    current: Arc<Current>,
    /// The most rows of ciphertexts in a request: a request refused as too large is halved, and so
    /// are all later ones.
    most_rows: AtomicUsize,
}

impl Sender {
    pub(super) fn new(client: Client, model: String, current: Arc<Current>) -> Self {
        Self {
            client,
            model,
            current,
            most_rows: AtomicUsize::new(usize::MAX),
        }
    }

    /// The answers to a group.
    ///
    /// How it is divided, and whether it is encrypted after all, depends on refusals alone, which come before anything was read.
    pub(super) async fn send<G>(
        &self,
        mut encrypted: Encrypted<G>,
    ) -> Result<Arrived<G>, PipelineError>
    where
        G: AsRef<[QuantizedRecord]> + Send + 'static,
    {
        let mut sent = Sent::default();
        for _ in 0..RENEWALS {
            let Encrypted {
                group,
                predictor,
                request,
                started,
            } = encrypted;
            let digest = request.card_digest();
            let secret = match &request {
                Prepared::Encrypted(_) | Prepared::Layered(..) | Prepared::Sealed(..) => None,
                Prepared::Masked(request, _) => Some(request.secret),
                Prepared::Round(request, _) => Some(request.secret),
            };
            let error = match self.send_parts(&predictor, request, &mut sent).await {
                Ok(()) => {
                    return Ok(Arrived {
                        group,
                        predictor,
                        started,
                        replies: sent.replies,
                        bytes_up: sent.bytes_up,
                        bytes_down: sent.bytes_down,
                        tries: sent.tries,
                    });
                }
                Err(error) => error,
            };
            let code = match &error {
                ClientError::Refused { code, .. } => code.as_str(),
                _ => return Err(error.into()),
            };
            if code == VOUCHER_OUTDATED {
                tracing::warn!("the service no longer takes these vouchers: going on without them");
                if let Some(secret) = secret {
                    let predictor = predictor.clone();
                    let discard = move || predictor.discard_vouchers(secret);
                    self.client.threads().run(discard).await;
                }
            } else if code == VOUCHER_SPENT {
                tracing::warn!("the service has taken these vouchers before: using others");
            } else if code == OTHER_CARD || FORBIDDEN.contains(&code) {
                let renewed = self.current.renew(&self.client, &self.model, digest);
                if !renewed.await? {
                    let unclear = (code == OTHER_CARD).then(|| unclear(&self.client));
                    return Err(unclear.unwrap_or(error).into());
                }
            } else {
                return Err(error.into());
            }
            let current = Arc::clone(&self.current);
            let again = move || Encrypted::new::<PipelineError>(&current, group);
            encrypted = Encrypted {
                started,
                ..self.client.threads().run(again).await?
            };
            sent.replies.clear();
        }
        Err(unclear(&self.client).into())
    }

    /// Sends a group's request, in parts if it has to be.
    async fn send_parts(
        &self,
        predictor: &Predictor,
        request: Prepared,
        sent: &mut Sent,
    ) -> Result<(), ClientError> {
        let allowed = predictor.most_rows(&request);
        let mut waiting = VecDeque::from([request]);
        while let Some(request) = waiting.pop_front() {
            let rows = self.most_rows.load(Ordering::Relaxed).min(allowed);
            let rows = NonZeroUsize::new(rows).unwrap_or(NonZeroUsize::MIN);
            if request.rows() > rows.get() {
                for part in predictor.in_parts(request, rows).into_iter().rev() {
                    waiting.push_front(part);
                }
                continue;
            }
            match Reply::to(request, &self.client, &self.model).await {
                Ok(exchange) => {
                    sent.bytes_up += exchange.bytes_up;
                    sent.bytes_down += exchange.bytes_down;
                    sent.tries += exchange.tries;
                    sent.replies.push(exchange.answer);
                }
                Err((request, ClientError::RequestTooLarge { bytes, .. }))
                    if request.rows() > 1 && !request.is_under_way() =>
                {
                    sent.bytes_up += bytes;
                    sent.tries += 1;
                    let half = request.rows().div_ceil(2);
                    self.most_rows.fetch_min(half, Ordering::Relaxed);
                    tracing::info!(bytes, "refused as too large: sending halves");
                    waiting.push_front(request);
                }
                Err((_, error)) => return Err(error),
            }
        }
        Ok(())
    }
}

/// What was sent for a group so far, and what came back.
#[derive(Default)]
struct Sent {
    replies: Vec<Reply>,
    bytes_up: u64,
    bytes_down: u64,
    tries: u32,
}

impl<G: Send + 'static> Arrived<G> {
    /// The group with its scores, or with the fault of its answer.
    pub(super) async fn decrypted(self, threads: &Threads) -> Answered<G> {
        let requests = self.replies.len() as u32;
        let masked = self.replies.iter().map(Reply::masked).sum();
        let (predictor, replies) = (self.predictor.clone(), self.replies);
        let scores = threads.run(move || scores(&predictor, replies)).await;
        Answered {
            group: self.group,
            predictor: self.predictor,
            scores,
            bytes_up: self.bytes_up,
            bytes_down: self.bytes_down,
            requests,
            tries: self.tries,
            masked,
            elapsed: self.started.elapsed(),
        }
    }
}

/// The scores of all parts. All are read, whatever one of them holds.
fn scores(predictor: &Predictor, replies: Vec<Reply>) -> Result<Vec<Vec<i64>>, AnswerError> {
    let replies = replies.into_iter();
    let scores: Vec<Result<_, AnswerError>> = replies.map(|r| r.scores(predictor)).collect();
    let scores: Result<Vec<_>, _> = scores.into_iter().collect();
    Ok(scores?.concat())
}
