//! A group's way: encrypted, sent in as many requests as it takes, decrypted.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use veilcast_card::QuantizedRecord;
use veilcast_engine::Session;
use veilcast_protocol::{InferRequest, InferResponse};

use super::answered::Answered;
use super::blocking::blocking;
use super::current::{Current, unclear};
use crate::{AnswerError, Client, ClientError, Exchange, PipelineError};

/// The code with which a service says that a request was made for another card.
const OTHER_CARD: &str = "wrong_card_digest";

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
    session: Arc<Session>,
    request: InferRequest,
    started: Instant,
}

impl<G: AsRef<[QuantizedRecord]>> Encrypted<G> {
    pub(super) fn new<E: From<PipelineError>>(current: &Current, group: G) -> Result<Self, E> {
        let started = Instant::now();
        let encrypted = current.encrypt(group.as_ref());
        let (session, request) = encrypted.map_err(PipelineError::Encrypt)?;
        Ok(Self {
            group,
            session,
            request,
            started,
        })
    }
}

/// One request of a group, and its answer, still encrypted.
type Part = (InferRequest, Result<InferResponse, AnswerError>);

/// A group whose answers have arrived.
pub(super) struct Arrived<G> {
    encrypted: Encrypted<G>,
    parts: Vec<Part>,
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
    /// How it is divided depends only on refusals, which come before anything is decrypted.
    pub(super) async fn send<G>(&self, encrypted: Encrypted<G>) -> Result<Arrived<G>, PipelineError>
    where
        G: AsRef<[QuantizedRecord]> + Send + 'static,
    {
        let mut arrived = Arrived {
            encrypted,
            parts: Vec::new(),
            bytes_up: 0,
            bytes_down: 0,
            tries: 0,
        };
        for _ in 0..RENEWALS {
            let digest = arrived.encrypted.request.card_digest();
            let error = match self.send_parts(&mut arrived).await {
                Ok(()) => return Ok(arrived),
                Err(error) => error,
            };
            let is_other = match &error {
                ClientError::Refused { code, .. } if code == OTHER_CARD => true,
                ClientError::Refused { code, .. } if FORBIDDEN.contains(&code.as_str()) => false,
                _ => return Err(error.into()),
            };
            let renewed = self.current.renew(&self.client, &self.model, digest);
            if !renewed.await? {
                let unclear = is_other.then(|| unclear(&self.client));
                return Err(unclear.unwrap_or(error).into());
            }
            arrived = self.again(arrived).await?;
        }
        Err(unclear(&self.client).into())
    }

    /// The group, encrypted for the current card.
    async fn again<G>(&self, arrived: Arrived<G>) -> Result<Arrived<G>, PipelineError>
    where
        G: AsRef<[QuantizedRecord]> + Send + 'static,
    {
        let current = Arc::clone(&self.current);
        let Encrypted { group, started, .. } = arrived.encrypted;
        let again = move || Encrypted::new::<PipelineError>(&current, group);
        let encrypted = blocking(again).await?;
        Ok(Arrived {
            encrypted: Encrypted {
                started,
                ..encrypted
            },
            parts: Vec::new(),
            ..arrived
        })
    }

    /// Sends a group's request, in parts if it has to be.
    async fn send_parts<G>(&self, arrived: &mut Arrived<G>) -> Result<(), ClientError> {
        let Encrypted {
            session, request, ..
        } = &arrived.encrypted;
        let allowed = session.max_records() / session.records_per_group();
        let mut waiting = VecDeque::from([request.clone()]);
        while let Some(request) = waiting.pop_front() {
            let rows = self.most_rows.load(Ordering::Relaxed).min(allowed);
            if request.upload().rows() > rows.max(1) {
                for part in in_parts(session, &request, rows).into_iter().rev() {
                    waiting.push_front(part);
                }
                continue;
            }
            match self.client.exchange(&self.model, &request).await {
                Ok(exchange) => {
                    let Exchange {
                        answer,
                        bytes_up,
                        bytes_down,
                        tries,
                    } = exchange;
                    arrived.bytes_up += bytes_up;
                    arrived.bytes_down += bytes_down;
                    arrived.tries += tries;
                    arrived.parts.push((request, answer));
                }
                Err(ClientError::RequestTooLarge { bytes, .. }) if request.upload().rows() > 1 => {
                    arrived.bytes_up += bytes;
                    arrived.tries += 1;
                    let half = request.upload().rows().div_ceil(2);
                    self.most_rows.fetch_min(half, Ordering::Relaxed);
                    tracing::info!(bytes, "refused as too large: sending halves");
                    waiting.push_front(request);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A request in parts of at most this many rows, at least one.
fn in_parts(session: &Session, request: &InferRequest, rows: usize) -> Vec<InferRequest> {
    session.in_parts(
        request,
        NonZeroUsize::new(rows).unwrap_or(NonZeroUsize::MIN),
    )
}

impl<G: Send + 'static> Arrived<G> {
    /// The group with its scores, or with the fault of its answer.
    pub(super) async fn decrypted(self) -> Answered<G> {
        let Encrypted {
            group,
            session,
            started,
            ..
        } = self.encrypted;
        let (requests, parts) = (self.parts.len() as u32, self.parts);
        let decrypting = Arc::clone(&session);
        let scores = blocking(move || decrypted(&decrypting, parts)).await;
        Answered {
            group,
            session,
            scores,
            bytes_up: self.bytes_up,
            bytes_down: self.bytes_down,
            requests,
            tries: self.tries,
            elapsed: started.elapsed(),
        }
    }
}

/// The scores of all parts. All are decrypted, whatever one of them holds.
fn decrypted(session: &Session, parts: Vec<Part>) -> Result<Vec<Vec<i64>>, AnswerError> {
    let decrypt = |(request, answer): Part| Ok(session.decrypt_answer_to(&request, &answer?)?);
    let scores: Vec<Result<_, AnswerError>> = parts.into_iter().map(decrypt).collect();
    let scores: Result<Vec<_>, _> = scores.into_iter().collect();
    Ok(scores?.concat())
}
