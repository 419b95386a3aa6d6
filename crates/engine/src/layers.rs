//! Layers: networks with hidden layers that square their numbers, without vouchers.
//!
//! As in [rounds](crate::rounds), all weights stay private, and all numbers are integers modulo 2^k. A record goes through the affine
//! parts W₀ … W_L, with biases b₀ … b_L, in as many exchanges:
//!
//! - The client sends its record encrypted, a ciphertext for each feature. The service draws z₀, and answers with an encryption of
//!   a₀ = W₀·x + b₀ − z₀, several numbers per ciphertext: so that h₀ = a₀ + z₀.
//! - The client sends aₗ and aₗ² encrypted, each modulo 2^k. Since hₗ² = aₗ² + 2·zₗ·aₗ + zₗ², what comes next is affine in them, and
//!   the service answers with Wₗ₊₁·hₗ² + bₗ₊₁ − zₗ₊₁.
//! - After the last part it subtracts nothing.
//!
//! The service keeps nothing from one exchange to the next: zₗ is derived from a secret and a batch's id, which the client returns.
//!
//! **The client's privacy.** All that the service sees is encrypted.
//!
//! **The model's privacy.** Answers hold k bits of each number, whatever was encrypted: the bits above are masked (see
//! [`mask`](crate::mask)). aₗ is uniform as zₗ is, which is drawn afresh for each answer. So the results tell k bits for each score. A
//! client that deviates, by numbers other than aₗ and aₗ², gets the same of the network on hₗ² + D∘hₗ + E, with D and E of its choice: as
//! much as with vouchers. Each answer is gone on from once, so that a record counts as one, which whoever runs the service must see to
//! ([`Evaluator::spending`](crate::Evaluator::spending)).

use std::sync::Arc;

use veilcast_card::QuantizedRecord;
use veilcast_protocol::{InferRequest, InferResponse, Layout};
use zeroize::Zeroizing;

use crate::error::SessionError;
use crate::rounds::Ring;
use crate::session::Session;

/// What makes requests for records on their way through a network. Secret.
#[derive(Clone, Debug)]
pub struct Layers {
    session: Arc<Session>,
    /// The affine parts; one more than there are hidden layers.
    parts: u32,
}

/// What follows on an answer.
#[derive(Debug)]
pub enum Layered {
    /// The next request.
    Next(Box<InferRequest>),
    /// One score per output for each record, exactly as the model computes them from the quantised record.
    Scores(Vec<Vec<i64>>),
}

impl Session {
    /// The first request for records that go through a network with hidden layers, and what makes the next.
    ///
    /// # Errors
    /// The card must be a network's that is offered directly, there must be a record, and each must be quantised for this card.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn begin(
        &self,
        records: &[QuantizedRecord],
    ) -> Result<(InferRequest, Layers), SessionError> {
        let hidden = self.card().hidden().ok_or(SessionError::NotLayered)?;
        let layers = Layers {
            session: Arc::new(self.clone()),
            parts: hidden.sizes.len() as u32 + 1,
        };
        Ok((self.encrypt_first(records)?, layers))
    }
}

impl Layers {
    /// What follows on the answer to the last request.
    ///
    /// # Errors
    /// The answer must belong to the request, name the session's key and card, and be undamaged.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn receive(
        &self,
        request: &InferRequest,
        answer: &InferResponse,
    ) -> Result<Layered, SessionError> {
        let (session, records) = (&self.session, request.records());
        session.check_answer_to(request, answer)?;
        let Layout::Layer { part } = request.layout() else {
            return Err(SessionError::OtherRequest);
        };
        let (arrangement, plaintexts) = session.decrypt_answers(answer)?;
        let shares = arrangement.slots(&plaintexts, records);
        let hidden = session.card().hidden().ok_or(SessionError::NotLayered)?;
        let ring = Ring::new(hidden.ring_bits.get());
        if part + 1 == self.parts {
            let scores = |sums: Vec<u128>| ring.scores(hidden, sums.into_iter()).collect();
            return Ok(Layered::Scores(shares.into_iter().map(scores).collect()));
        }
        let batch = answer.vouchers.ok_or(SessionError::OtherRequest)?;
        let shares = shares.into_iter().map(Zeroizing::new);
        let numbers = shares.map(|a| {
            let squares = a.iter().map(|a| ring.reduce(a.wrapping_mul(*a)));
            Zeroizing::new(a.iter().copied().chain(squares).collect::<Vec<_>>())
        });
        let numbers: Vec<_> = numbers.collect();
        let rows: Vec<&[u128]> = numbers.iter().map(|row| row.as_slice()).collect();
        let arrangement = session.arrangement_of(Layout::Layer { part: part + 1 })?;
        let plaintexts = arrangement.pack(session.public_key(), &rows);
        let next = session.full_request(&arrangement, &plaintexts, records);
        Ok(Layered::Next(Box::new(next.with_vouchers(batch))))
    }
}
