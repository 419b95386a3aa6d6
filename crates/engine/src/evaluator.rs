//! [`Evaluator`], the service's side: W·x + b on ciphertexts.

use rayon::prelude::*;
use veilcast_model::{Card, Model};
use veilcast_paillier::{Ciphertext, KeyPolicy};
use veilcast_protocol::{
    CardDigest, Ciphertexts, InferRequest, InferResponse, KeyFingerprint, Layout,
};

use crate::error::EvaluateError;
use crate::key_cache::KeyCache;
use crate::scalar;

/// A model that answers encrypted requests. It knows no secret key.
pub struct Evaluator {
    model: Model,
    card_digest: CardDigest,
    keys: KeyCache,
}

impl Evaluator {
    /// Serves a model to keys that the policy accepts.
    pub fn new(model: Model, policy: KeyPolicy) -> Self {
        let card_digest = CardDigest::of(model.card_json());
        Self {
            model,
            card_digest,
            keys: KeyCache::new(policy),
        }
    }

    /// Keeps up to `count` randomisers ready for each of the eight keys that returned last, made in
    /// the background: a returning client waits less, and the processor has more to do.
    #[must_use]
    pub fn with_randomizers_ahead(mut self, count: usize) -> Self {
        self.keys.set_ahead(count);
        self
    }

    /// The model's public card.
    pub fn card(&self) -> &Card {
        self.model.card()
    }

    /// The card's exact bytes.
    pub fn card_json(&self) -> &[u8] {
        self.model.card_json()
    }

    /// The digest of the card's bytes, which requests name.
    pub fn card_digest(&self) -> CardDigest {
        self.card_digest
    }

    /// Computes the encrypted scores of a request's records.
    ///
    /// Blocks while it computes, on rayon's threads. The time depends on the request's size, the
    /// key's size and the weights, never on what the ciphertexts hold.
    ///
    /// # Errors
    /// [`EvaluateError`] says what is wrong with the request.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn evaluate(&self, request: &InferRequest) -> Result<InferResponse, EvaluateError> {
        self.check(request)?;
        let checked = self.keys.get(request.public_key())?;
        let key = &checked.key;
        let inputs = key.decode_ciphertexts(request.ciphertexts().iter())?;

        let answers: Vec<Ciphertext> = inputs
            .par_chunks(scalar::ciphertexts_per_record(self.card()))
            .flat_map(|record| scalar::evaluate(&checked, &self.model, record))
            .collect();

        let bytes = answers
            .par_iter()
            .flat_map_iter(|c| key.encode_ciphertext(c))
            .collect();
        let scores = Ciphertexts::new(
            [request.records(), self.card().outputs()],
            key.ciphertext_bytes(),
            bytes,
        )
        .expect("a score for each record and output");
        Ok(InferResponse {
            id: request.id().map(str::to_owned),
            model_name: self.card().name().to_owned(),
            model_version: self.card().version().to_owned(),
            key_fingerprint: KeyFingerprint::of(request.public_key()),
            card_digest: self.card_digest,
            layout: request.layout(),
            scores,
        })
    }

    /// Whether the request fits the model, before any arithmetic.
    fn check(&self, request: &InferRequest) -> Result<(), EvaluateError> {
        let (requested, current) = (request.card_digest(), self.card_digest);
        if requested != current {
            return Err(EvaluateError::CardDigest { requested, current });
        }
        let is_allowed = match request.layout() {
            Layout::Scalar => self.card().layouts().scalar.is_some(),
            _ => false,
        };
        if !is_allowed {
            return Err(EvaluateError::Layout(request.layout()));
        }
        let (records, max) = (request.records(), self.card().limits().max_records as usize);
        if records > max {
            return Err(EvaluateError::TooManyRecords { records, max });
        }
        let (expected, actual) = (
            scalar::ciphertexts_per_record(self.card()),
            request.ciphertexts().columns(),
        );
        if actual != expected {
            return Err(EvaluateError::Shape { expected, actual });
        }
        Ok(())
    }
}

impl std::fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Evaluator({} {})",
            self.card().name(),
            self.card().version()
        )
    }
}
