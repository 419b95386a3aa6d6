//! [`Unsealing`], the service's side: the lowest bits of what clients have made of the weights.

use rayon::prelude::*;
use veilcast_card::Card;
use veilcast_card::hex::Hex;
use veilcast_model::Model;
use veilcast_paillier::{Ciphertext, FixedCiphertexts};
use veilcast_protocol::{IntegerMatrix, IntegerType, SealedRequest};

use super::error::SealedError;
use super::sealing_key::SealingKey;
use super::slots::SealedSlots;
use crate::bits;
use crate::error::EvaluateError;
use crate::planner::{Costs, DECRYPTIONS_AT_ONCE};
use crate::slices::{Pause, Slices};

/// A sealed model's key, where clients' numbers have room in what it opens.
pub(crate) struct Unsealing {
    key: SealingKey,
    slots: SealedSlots,
}

impl Unsealing {
    /// The key of a sealed model, tried on a random record.
    ///
    /// # Errors
    /// The model must be sealed, under this key, and its file hold its weights.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub(crate) fn new(model: &Model, key: SealingKey) -> Result<Self, SealedError> {
        let card = model.card();
        let (Some(sealed), Some(file)) = (card.sealed(), model.sealed_file()) else {
            return Err(SealedError::NotOffered);
        };
        let public = key.0.public_key();
        if public.modulus() != sealed.modulus() {
            let fingerprint =
                |modulus: &[u8]| veilcast_protocol::KeyFingerprint::of(modulus).to_string();
            return Err(SealedError::OtherKey {
                expected: fingerprint(&sealed.modulus()),
                found: Hex(&public.fingerprint()).to_string(),
            });
        }
        let slots = SealedSlots::new(card, public.bits())?;
        let weights = public.decode_ciphertexts(file.chunks(public.ciphertext_bytes()))?;
        let sealing = Self { key, slots };
        sealing.test(model, &weights)?;
        Ok(sealing)
    }

    /// Whether the scores of a random record are those of the model.
    fn test(&self, model: &Model, weights: &[Ciphertext]) -> Result<(), SealedError> {
        let (card, public) = (model.card(), self.key.0.public_key());
        let quantization = card.quantization();
        let mut record = vec![0_u32; card.features()];
        for value in &mut record {
            *value = getrandom::u32().expect("the operating system gives random bytes")
                & quantization.max();
        }
        let affine = model.affine().expect("a sealed card is an affine model's");
        let expected = affine.integer_map().evaluate(&record).ok();
        record.push(1);
        let sums = FixedCiphertexts::new(public, weights)
            .weighted_sums(&[&record], quantization.bits.get());
        let plaintext = self.key.0.decrypt(&sums[0]).ok();
        let scores = plaintext.filter(|plaintext| {
            // Nothing else may be there.
            !bits::has_bits_from(plaintext.limbs(), self.slots.record_bits())
        });
        let scores = scores.map(|plaintext| self.slots.scores(plaintext.limbs(), 0));
        match scores.is_some() && scores == expected {
            true => Ok(()),
            false => Err(SealedError::SelfTest),
        }
    }

    /// Checks a request's sizes.
    pub(crate) fn check(&self, card: &Card, request: &SealedRequest) -> Result<(), EvaluateError> {
        let limits = card.limits();
        let (found, limit) = (request.records, limits.max_records as usize);
        if found > limit {
            return Err(EvaluateError::TooManyRecords { found, limit });
        }
        let (expected, found) = (
            self.slots.answers(request.records),
            request.ciphertexts.rows(),
        );
        if found != expected {
            return Err(EvaluateError::Rows { expected, found });
        }
        let limit = limits.max_ciphertexts as usize;
        if found > limit {
            return Err(EvaluateError::TooManyCiphertexts { found, limit });
        }
        Ok(())
    }

    /// The seconds that a request takes on one core, about.
    pub(crate) fn seconds(&self, request: &SealedRequest) -> f64 {
        let costs = Costs::of_this_machine(self.key.0.public_key().bits());
        costs.seconds.of_opening(request.ciphertexts.rows())
    }

    /// The lowest bits of each record, in a row of bytes.
    ///
    /// All ciphertexts are checked before any is decrypted: a number with a factor in common with n would tell the primes.
    ///
    /// # Errors
    /// The ciphertexts must be sound, and nothing stop the computation.
    pub(crate) fn open(
        &self,
        request: &SealedRequest,
        pause: Pause<'_>,
    ) -> Result<IntegerMatrix, EvaluateError> {
        let public = self.key.0.public_key();
        let ciphertexts = public.decode_ciphertexts(&request.ciphertexts)?;
        let costs = Costs::of_this_machine(public.bits());
        let group = costs.seconds.of_opening(DECRYPTIONS_AT_ONCE);
        let at_once = Slices::new().of(group) * DECRYPTIONS_AT_ONCE;
        let per_answer = self.slots.records_per_answer();
        let mut rows = Vec::with_capacity(request.records * self.slots.row_bytes());
        let mut left = request.records;
        for slice in ciphertexts.chunks(at_once) {
            let plaintexts = self.key.0.decrypt_many(slice)?;
            let of_answers = plaintexts.par_iter().enumerate().map(|(index, plaintext)| {
                let records = per_answer.min(left - index * per_answer);
                self.slots.rows(plaintext.limbs(), records)
            });
            rows.extend(of_answers.collect::<Vec<_>>().concat());
            left -= (plaintexts.len() * per_answer).min(left);
            pause()?;
        }
        let shape = [request.records, self.slots.row_bytes()];
        let rows = IntegerMatrix::new(shape, IntegerType::Uint8, rows);
        Ok(rows.expect("a row of bytes for each record"))
    }
}
