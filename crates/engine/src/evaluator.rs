//! [`Evaluator`], the service's side: W·x + b on ciphertexts.

use std::sync::Arc;

use crypto_bigint::BoxedUint;
use rayon::prelude::*;
use veilcast_card::Card;
use veilcast_model::{Model, Program};
use veilcast_paillier::{Ciphertext, KeyPolicy, PublicKey};
use veilcast_protocol::{
    ByteMatrix, CardDigest, InferRequest, InferResponse, KeyFingerprint, Upload,
};

use crate::arrangement::Arrangement;
use crate::error::EvaluateError;
use crate::keys::{CheckedKey, Keys};
use crate::mask::Mask;
use crate::seeded::SeededForm;

/// A model that answers encrypted requests. It knows no secret key.
pub struct Evaluator {
    model: Model,
    card_digest: CardDigest,
    keys: Arc<Keys>,
}

impl Evaluator {
    /// Serves a model to keys that the policy accepts.
    pub fn new(model: Model, policy: KeyPolicy) -> Self {
        let card_digest = CardDigest::of(model.card_json());
        Self {
            model,
            card_digest,
            keys: Arc::new(Keys::new(policy)),
        }
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

    /// Computes the encrypted scores of a request's records.
    ///
    /// Sizes and shapes are checked first, from the modulus's length, then the key, and last the
    /// ciphertexts: whatever costs time comes after everything that can refuse without it.
    ///
    /// Every answer is masked wherever there is no score, so that it reveals no more than its
    /// scores whatever the client encrypted, and multiplied by a fresh ρⁿ: the key's owner knows
    /// the randomness used for encryption, and could read Π rᵢ^wᵢ off an answer that kept it.
    ///
    /// Blocks while it computes, on rayon's threads. The time depends on the request's size, the
    /// key's size and the weights, never on what the ciphertexts hold.
    ///
    /// The answer lacks the digest of the request's body, which the receiver of the body adds.
    ///
    /// # Errors
    /// [`EvaluateError`] says what is wrong with the request; [`EvaluateError::KeyProofNeeded`] asks for
    /// the same request with the proof of its key.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn evaluate(&self, request: &InferRequest) -> Result<InferResponse, EvaluateError> {
        let (found, expected) = (request.card_digest(), self.card_digest);
        if found != expected {
            return Err(EvaluateError::CardDigest { found, expected });
        }
        let modulus = request.public_key();
        let key_bits = self.keys.bits(modulus)?;
        let arrangement = Arrangement::new(self.card(), request.layout(), key_bits)?;
        let program = match arrangement.features_per_ciphertext() {
            1 => self.model.program(),
            k => (self.model.grouped_program(k as u32))
                .expect("a model has programs for what its card allows"),
        };
        self.check_size(request, &arrangement)?;
        let form = self.seeded_form(request, &arrangement)?;

        let checked = self.keys.get(modulus, request.key_proof())?;
        let key = &checked.key;
        let inputs = match (request.upload(), &form) {
            (Upload::Seeded(upload), Some(form)) => form.expand(key, upload)?,
            (upload, _) => key.decode_ciphertexts(upload.tensor())?,
        };

        let sums = weighted_sums(key, &arrangement, program, &inputs);
        let answers = self.conceal(&checked, &arrangement, form, request.records(), sums);
        let bytes = answers
            .par_iter()
            .flat_map_iter(|c| key.encode_ciphertext(c))
            .collect();
        let shape = [request.upload().rows(), arrangement.answers_per_row()];
        let scores = ByteMatrix::new(shape, key.ciphertext_bytes(), bytes)
            .expect("as many answers as the arrangement makes of a row");
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
            scores,
        })
    }

    /// Checks that the request has the rows and ciphertexts that its records take, and no more than
    /// the card allows.
    fn check_size(
        &self,
        request: &InferRequest,
        arrangement: &Arrangement,
    ) -> Result<(), EvaluateError> {
        let limits = self.card().limits();
        let (records, limit) = (request.records(), limits.max_records as usize);
        if records > limit {
            let found = records;
            return Err(EvaluateError::TooManyRecords { found, limit });
        }
        let (expected, rows) = (arrangement.rows(records), request.upload().rows());
        if rows != expected {
            let found = rows;
            return Err(EvaluateError::Rows { expected, found });
        }
        let expected = arrangement.ciphertexts_per_row();
        if let Upload::Full(ciphertexts) = request.upload()
            && ciphertexts.columns() != expected
        {
            let found = ciphertexts.columns();
            return Err(EvaluateError::Columns { expected, found });
        }
        let (found, limit) = (rows * expected, limits.max_ciphertexts as usize);
        if found > limit {
            return Err(EvaluateError::TooManyCiphertexts { found, limit });
        }
        Ok(())
    }

    /// The form of a seeded upload's corrections, which must have its width; none for another upload.
    fn seeded_form(
        &self,
        request: &InferRequest,
        arrangement: &Arrangement,
    ) -> Result<Option<SeededForm>, EvaluateError> {
        let Upload::Seeded(upload) = request.upload() else {
            return Ok(None);
        };
        let n = BoxedUint::from_be_slice_vartime(request.public_key());
        let form = SeededForm::under(self.card(), arrangement, &n)?;
        form.check_width(upload)?;
        Ok(Some(form))
    }

    /// The answers' ciphertexts, with biases, masked and re-randomised, row by row.
    fn conceal(
        &self,
        checked: &CheckedKey,
        arrangement: &Arrangement,
        form: Option<SeededForm>,
        records: usize,
        sums: Vec<Ciphertext>,
    ) -> Vec<Ciphertext> {
        let key = &checked.key;
        let randomizers = checked.randomizers(sums.len());
        let (per_row, biases) = (
            arrangement.answers_per_row(),
            self.model.integer_map().biases(),
        );
        sums.into_par_iter()
            .zip(randomizers)
            .enumerate()
            .map(|(index, (sum, randomizer))| {
                let (row, answer) = (index / per_row, index % per_row);
                let left = records - row * arrangement.records_per_row();
                let filled = left.min(arrangement.records_per_row());
                let bases = arrangement.bases(biases, answer, filled);
                let end = arrangement.slots_end(bases.len());
                let junk = match &form {
                    Some(form) => form.junk(key, end),
                    None => BoxedUint::zero_with_precision(key.bits()),
                };
                let mask = Mask::new(key, arrangement, bases.len(), &junk).sample(&bases);
                key.rerandomize(&key.add_plaintext(&sum, &mask), randomizer)
            })
            .collect()
    }
}

/// The sums A of each row's answers: neither masked nor re-randomised.
fn weighted_sums(
    key: &PublicKey,
    arrangement: &Arrangement,
    program: &Program,
    inputs: &[Ciphertext],
) -> Vec<Ciphertext> {
    let registers = program.outputs().iter().map(|o| [o.plus, o.minus]);
    let results: Vec<_> = registers.collect();
    let k = arrangement.features_per_ciphertext();
    let rows = inputs.par_chunks(arrangement.ciphertexts_per_row());
    // For each answer the content of each unit, from the lowest: y_(oᵢ,j) at ik + k − 1 − j.
    let units: Vec<Vec<Ciphertext>> = rows
        .flat_map_iter(|row| {
            let sums = key.run_program_vartime(row, program.steps(), &results);
            (0..arrangement.answers_per_row()).map(move |answer| {
                let outputs = arrangement.outputs_of(answer);
                outputs
                    .flat_map(|output| (0..k).rev().map(move |j| output * k + j))
                    .map(|sum| sums[sum].clone())
                    .collect()
            })
        })
        .collect();
    key.horner_vartime(&units, arrangement.unit())
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
