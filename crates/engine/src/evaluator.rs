//! [`Evaluator`], the service's side: W·x + b on ciphertexts.

mod layers;
mod together;

use std::sync::Arc;

use veilcast_card::{Card, Limits, Way};
use veilcast_model::Model;
use veilcast_paillier::KeyPolicy;
use veilcast_protocol::{
    CardDigest, InferRequest, InferResponse, IntegerMatrix, KeyFingerprint, Layout, MaskedRequest,
    MaskedResponse, RoundRequest, SealedRequest, VoucherBatch,
};

use crate::error::{EvaluateError, LayoutError};
use crate::evaluation::Plan;
use crate::id::new_batch;
use crate::keys::Keys;
use crate::planner::{Costs, SECONDS_PER_PLAIN_PRODUCT, SECONDS_PER_WIDE_PRODUCT};
use crate::rounds::{self, RoundShape, Spending};
use crate::sealed::{SealedError, SealingKey, Unsealing};
use crate::slices::Pause;
use crate::vouchers::{self, VoucherSecret, VoucherSecrets};

/// A model that answers encrypted requests. It knows no secret key, except that of a sealed model.
pub struct Evaluator {
    model: Model,
    card_digest: CardDigest,
    keys: Arc<Keys>,
    secrets: Arc<VoucherSecrets>,
    unsealing: Option<Unsealing>,
}

impl Evaluator {
    /// Serves a model to keys that the policy accepts.
    pub fn new(model: Model, policy: KeyPolicy) -> Self {
        let card_digest = CardDigest::of(model.card_json());
        Self {
            model,
            card_digest,
            keys: Arc::new(Keys::new(policy)),
            secrets: Arc::new(VoucherSecrets::generate()),
            unsealing: None,
        }
    }

    /// Derives vouchers from these secrets, which replicas share; without them, vouchers are good for this evaluator alone.
    #[must_use]
    pub fn with_voucher_secrets(self, secrets: Arc<VoucherSecrets>) -> Self {
        Self { secrets, ..self }
    }

    /// Opens, with this key, what clients make of the sealed model. The key is tried on a random record.
    ///
    /// # Errors
    /// [`SealedError`] if the model isn't sealed, or not under this key, or its file isn't of its weights.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn with_sealing_key(self, key: SealingKey) -> Result<Self, SealedError> {
        let unsealing = Some(Unsealing::new(&self.model, key)?);
        Ok(Self { unsealing, ..self })
    }

    /// Whether it has the key of its sealed model.
    pub fn opens_sealed(&self) -> bool {
        self.unsealing.is_some()
    }

    /// The bytes of a sealed model's encrypted weights, which clients compute with.
    pub fn sealed_file(&self) -> Option<&[u8]> {
        self.model.sealed_file()
    }

    /// Shares the accepted keys with other models: a client proves its key once.
    #[must_use]
    pub fn with_keys(self, keys: Arc<Keys>) -> Self {
        Self { keys, ..self }
    }

    /// The keys that were accepted.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The model with its private weights.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The model's public card.
    pub fn card(&self) -> &Card {
        self.model.card()
    }

    /// The card's exact bytes.
    pub fn card_json(&self) -> &[u8] {
        self.model.card_json()
    }

    /// The bytes of a hybrid model's public part, which clients run before they encrypt.
    pub fn public_part(&self) -> Option<&[u8]> {
        self.model.public_part()
    }

    /// The digest of the card's bytes, which requests name.
    pub fn card_digest(&self) -> CardDigest {
        self.card_digest
    }

    /// The seconds that a request takes on one core of this machine, about: what the planner counts,
    /// for a machine as fast as this one, and the check of the key if it is new.
    ///
    /// # Errors
    /// [`EvaluateError`] says why the request can't be computed, as far as its sizes and shapes
    /// show.
    pub fn cost(&self, request: &InferRequest) -> Result<f64, EvaluateError> {
        let is_known = self.keys.knows(request.public_key());
        let plan = self.plan(request, Costs::of_this_machine)?;
        Ok(plan.seconds(is_known))
    }

    /// Computes the encrypted scores of a request's records.
    ///
    /// Sizes and shapes are checked first, from the modulus's length, then the key, and finally the
    /// ciphertexts: expensive checks come after all cheaper ones.
    ///
    /// Every answer is masked wherever there is no score, so that it reveals no more than its
    /// scores, whatever the client encrypted, and is multiplied by a fresh ρⁿ: the key's owner
    /// knows the randomness used for encryption, and could read Π rᵢ^wᵢ off an answer that kept it.
    ///
    /// Blocks while it computes, on rayon's threads. The time depends on the request's size, the
    /// key's size and the weights, never on what the ciphertexts hold.
    ///
    /// The answer lacks the digest of the request's body; the receiver of the body adds it.
    ///
    /// # Errors
    /// [`EvaluateError`] says what is wrong with the request; [`EvaluateError::KeyProofNeeded`] asks for
    /// the same request with the proof of its key.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn evaluate(&self, request: &InferRequest) -> Result<InferResponse, EvaluateError> {
        // Nobody waits for a turn: the slices may have any size.
        self.compute(request, Costs::built_in, &mut || Ok(()))
    }

    /// Does the same in slices of about 50 ms on all threads, with a pause after each, in which
    /// others may have a turn. Single rows of large models, and the check of a new key, may
    /// take longer.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate); and [`EvaluateError::Stopped`] if a pause says so.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn evaluate_in_slices(
        &self,
        request: &InferRequest,
        pause: Pause<'_>,
    ) -> Result<InferResponse, EvaluateError> {
        self.compute(request, Costs::of_this_machine, pause)
    }

    /// Computes in slices by these costs.
    pub(crate) fn compute(
        &self,
        request: &InferRequest,
        costs: fn(u32) -> Costs,
        pause: Pause<'_>,
    ) -> Result<InferResponse, EvaluateError> {
        self.compute_plan(request, self.plan(request, costs)?, pause)
    }

    fn compute_plan(
        &self,
        request: &InferRequest,
        plan: Plan<'_>,
        pause: Pause<'_>,
    ) -> Result<InferResponse, EvaluateError> {
        let modulus = request.public_key();
        let is_known = self.keys.knows(modulus);
        let before = self.shares_before(request)?;
        let checked = self.keys.get(modulus, request.key_proof())?;
        if !is_known {
            pause()?;
        }
        let secret = self.secrets.current();
        let has_shares = request.layout().is_ahead() || plan.is_followed();
        let vouchers = has_shares.then(|| VoucherBatch {
            id: plan.sign(secret, new_batch()),
            secret: secret.id(),
        });
        let after = vouchers.map(|batch| (secret, batch.id));
        let plan = match (request.layout(), after) {
            (Layout::Layer { .. }, after) => plan.through_layer(before, after),
            (_, Some((secret, batch))) => plan.for_vouchers(secret, batch),
            (_, None) => plan,
        };
        let scores = plan.compute(&checked, pause)?;
        self.keys.computed(modulus);
        Ok(InferResponse {
            id: request.id().map(str::to_owned),
            model_name: self.card().name().to_owned(),
            model_version: self.card().version().to_owned(),
            key_fingerprint: KeyFingerprint::of(modulus),
            card_digest: self.card_digest,
            layout: request.layout(),
            records: request.records(),
            request_digest: None,
            vouchers,
            scores,
        })
    }

    /// Computes the masked scores of masked records: W·e + b + s modulo 2^S, in plaintext.
    ///
    /// The service keeps no record of vouchers: one that is used twice gives its holder two predictions.
    ///
    /// The answer lacks the digest of the request's body, which the receiver of the body adds.
    ///
    /// # Errors
    /// [`EvaluateError`] says what is wrong with the request; [`EvaluateError::VoucherSecret`] that its vouchers aren't good any
    /// more.
    pub fn evaluate_masked(
        &self,
        request: &MaskedRequest,
    ) -> Result<MaskedResponse, EvaluateError> {
        self.check_card(request.card_digest)?;
        if !self.card().ways().contains(&Way::Vouchers) {
            return Err(LayoutError::NotAllowed(Layout::Vouchers).into());
        }
        vouchers::check(&self.model, request)?;
        let secret = self.secrets.get(request.secret);
        let secret = secret.ok_or(EvaluateError::VoucherSecret(request.secret))?;
        let scores = vouchers::masked_scores(&self.model, secret, request);
        Ok(self.masked_response(request.id.clone(), scores))
    }

    /// Computes a round of a network with hidden layers, in plaintext: the masked numbers after one of its affine parts.
    ///
    /// Each round of each voucher must be answered once, ever, by all replicas together, or its holder learns the weights: whoever calls
    /// this has marked [what it uses](Self::check_round) before, durably.
    ///
    /// The answer lacks the digest of the request's body, which the receiver of the body adds.
    ///
    /// # Errors
    /// As [`check_round`](Self::check_round).
    pub fn evaluate_round(&self, request: &RoundRequest) -> Result<MaskedResponse, EvaluateError> {
        let (shape, secret) = self.round(request)?;
        let numbers = rounds::answer(&self.model, secret, &shape);
        Ok(self.masked_response(request.id.clone(), numbers))
    }

    /// Checks all that can be wrong with a round; returns the seconds that it takes on one core, about, and what must be marked as used.
    ///
    /// # Errors
    /// [`EvaluateError`] says what is wrong with the request; [`EvaluateError::VoucherSecret`] that its vouchers aren't good any
    /// more.
    pub fn check_round(&self, request: &RoundRequest) -> Result<(f64, Spending), EvaluateError> {
        let (shape, _) = self.round(request)?;
        let seconds = shape.products(&self.model) as f64 * SECONDS_PER_WIDE_PRODUCT;
        Ok((seconds, shape.spending()))
    }

    fn round<'a>(
        &self,
        request: &'a RoundRequest,
    ) -> Result<(RoundShape<'a>, &VoucherSecret), EvaluateError> {
        self.check_card(request.card_digest)?;
        let shape = RoundShape::check(self.card(), request)?;
        let secret = self.secrets.get(request.secret);
        let secret = secret.ok_or(EvaluateError::VoucherSecret(request.secret))?;
        shape.check_vouchers(secret)?;
        Ok((shape, secret))
    }

    /// Opens what a client of the sealed model has made of the weights: the masked scores of its records.
    ///
    /// Blocks while it computes, in slices as [`evaluate_in_slices`](Self::evaluate_in_slices) does. The answer lacks the digest of the
    /// request's body, which the receiver of the body adds.
    ///
    /// # Errors
    /// [`EvaluateError`] says what is wrong with the request; [`EvaluateError::NoSealingKey`] that there is no
    /// [key](Self::with_sealing_key).
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn evaluate_sealed(
        &self,
        request: &SealedRequest,
        pause: Pause<'_>,
    ) -> Result<MaskedResponse, EvaluateError> {
        let scores = self.unsealing(request)?.open(request, pause)?;
        Ok(self.masked_response(request.id.clone(), scores))
    }

    /// The seconds that [`evaluate_sealed`](Self::evaluate_sealed) takes on one core, about.
    ///
    /// # Errors
    /// [`EvaluateError`] says why the request can't be computed, as far as its sizes and shapes show.
    pub fn sealed_cost(&self, request: &SealedRequest) -> Result<f64, EvaluateError> {
        Ok(self.unsealing(request)?.seconds(request))
    }

    /// The key for a request whose sizes are right.
    fn unsealing(&self, request: &SealedRequest) -> Result<&Unsealing, EvaluateError> {
        self.check_card(request.card_digest)?;
        let Some(unsealing) = &self.unsealing else {
            return Err(match self.card().sealed() {
                Some(_) => EvaluateError::NoSealingKey,
                None => EvaluateError::NotSealed,
            });
        };
        unsealing.check(self.card(), request)?;
        Ok(unsealing)
    }

    fn masked_response(&self, id: Option<String>, scores: IntegerMatrix) -> MaskedResponse {
        MaskedResponse {
            id,
            model_name: self.card().name().to_owned(),
            model_version: self.card().version().to_owned(),
            card_digest: self.card_digest,
            request_digest: None,
            scores,
        }
    }

    /// The seconds that [`evaluate_masked`](Self::evaluate_masked) takes on one core, about.
    pub fn masked_cost(&self, request: &MaskedRequest) -> f64 {
        let products = request.records.values().len() * self.card().outputs();
        products as f64 * SECONDS_PER_PLAIN_PRODUCT
    }

    fn check_card(&self, found: CardDigest) -> Result<(), EvaluateError> {
        let expected = self.card_digest;
        if found == expected {
            return Ok(());
        }
        Err(EvaluateError::CardDigest { found, expected })
    }

    /// What a request asks for, if its sizes and shapes are right.
    fn plan<'a>(
        &'a self,
        request: &'a InferRequest,
        costs: fn(u32) -> Costs,
    ) -> Result<Plan<'a>, EvaluateError> {
        self.plan_within(request, self.card().limits(), costs)
    }

    /// The same with other limits than the card's.
    fn plan_within<'a>(
        &'a self,
        request: &'a InferRequest,
        limits: Limits,
        costs: fn(u32) -> Costs,
    ) -> Result<Plan<'a>, EvaluateError> {
        self.check_card(request.card_digest())?;
        let key_bits = self.keys.bits(request.public_key())?;
        Plan::new(&self.model, request, limits, costs(key_bits))
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
