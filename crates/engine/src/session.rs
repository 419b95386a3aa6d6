//! [`Session`], the data owner's side: records in, request out; answer in, scores out.

use std::sync::Arc;

use rayon::prelude::*;
use veilcast_model::Card;
use veilcast_paillier::{PoolError, RandomizerPool, SecretKey};
use veilcast_protocol::{
    CardDigest, Ciphertexts, InferRequest, InferResponse, KeyFingerprint, Layout,
};

use crate::error::SessionError;
use crate::scalar;

/// A secret key and a model's card: encrypts records for that model, and decrypts its answers.
#[derive(Debug)]
pub struct Session {
    card: Card,
    card_digest: CardDigest,
    key: Arc<SecretKey>,
    /// Randomisers made ahead, if that was asked for.
    pool: Option<RandomizerPool>,
    layout: Layout,
}

impl Session {
    /// A session with the model of a card.
    ///
    /// # Errors
    /// The card must allow a layout that this version knows.
    pub fn new(card: Card, key: SecretKey) -> Result<Self, SessionError> {
        card.layouts().scalar.ok_or(SessionError::NoLayout)?;
        let card_digest = CardDigest::of(card.json());
        Ok(Self {
            card,
            card_digest,
            key: Arc::new(key),
            pool: None,
            layout: Layout::Scalar,
        })
    }

    /// Keeps up to `count` randomisers ready, made in the background: an encryption then takes a
    /// few products when it is asked for, where a person waits for it.
    ///
    /// # Errors
    /// The operating system may refuse another thread.
    pub fn with_randomizers_ahead(mut self, count: usize) -> Result<Self, PoolError> {
        let key = Arc::clone(&self.key);
        self.pool = Some(RandomizerPool::new(
            move |count| key.randomizers(count),
            count,
        )?);
        Ok(self)
    }

    /// The model's card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The layout that requests will have.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Encrypts quantised records, `features` integers each as [`Card::quantize`] gives them.
    ///
    /// # Errors
    /// There must be a record, and each must be quantised for this card.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn encrypt(&self, records: &[Vec<u32>]) -> Result<InferRequest, SessionError> {
        if records.is_empty() {
            return Err(SessionError::NoRecords);
        }
        let (expected, max) = (self.card.features(), self.card.quantization().max());
        let is_good =
            |record: &Vec<u32>| record.len() == expected && record.iter().all(|&x| x <= max);
        if let Some(record) = records.iter().position(|record| !is_good(record)) {
            return Err(SessionError::Record {
                record,
                expected,
                actual: records[record].len(),
            });
        }

        let public = self.key.public_key();
        let plaintexts: Vec<_> = records
            .iter()
            .flat_map(|record| scalar::plaintexts(public, record))
            .collect();
        let ciphertexts = match &self.pool {
            Some(pool) => public.encrypt_many_with(&plaintexts, pool.take(plaintexts.len())),
            None => self.key.encrypt_many(&plaintexts),
        };
        let bytes = ciphertexts
            .par_iter()
            .flat_map_iter(|c| public.encode_ciphertext(c))
            .collect();
        let shape = [records.len(), scalar::ciphertexts_per_record(&self.card)];
        let ciphertexts = Ciphertexts::new(shape, public.ciphertext_bytes(), bytes)
            .expect("a ciphertext for each feature");
        let request =
            InferRequest::new(public.modulus(), self.layout, self.card_digest, ciphertexts);
        Ok(request.expect("ciphertexts are twice as wide as the modulus"))
    }

    /// Decrypts an answer: for each record, a score an output, exactly as the model computes them
    /// from the quantised record.
    ///
    /// # Errors
    /// The answer must name this session's key and card, and be undamaged.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn decrypt(&self, answer: &InferResponse) -> Result<Vec<Vec<i64>>, SessionError> {
        let public = self.key.public_key();
        if answer.card_digest != self.card_digest {
            return Err(SessionError::OtherCard(answer.card_digest));
        }
        if answer.key_fingerprint != KeyFingerprint::of(&public.modulus()) {
            return Err(SessionError::OtherKey);
        }
        if answer.layout != self.layout {
            return Err(SessionError::OtherRequest);
        }
        let (expected, actual) = (self.card.outputs(), answer.scores.columns());
        if actual != expected {
            return Err(SessionError::Shape { expected, actual });
        }

        let ciphertexts = public.decode_ciphertexts(answer.scores.iter())?;
        let slot_bits = self.card.slot_bits();
        let answers = self.key.decrypt_many(&ciphertexts)?;
        let scores: Vec<i64> = answers
            .iter()
            .map(|m| scalar::score(slot_bits, m))
            .collect();
        Ok(scores.chunks(expected).map(<[i64]>::to_vec).collect())
    }

    /// Decrypts the answer to a request, and checks that it is that.
    ///
    /// # Errors
    /// As [`decrypt`](Self::decrypt), and the answer must belong to the request.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn decrypt_answer_to(
        &self,
        request: &InferRequest,
        answer: &InferResponse,
    ) -> Result<Vec<Vec<i64>>, SessionError> {
        let belongs =
            answer.id.as_deref() == request.id() && answer.scores.rows() == request.records();
        if !belongs {
            return Err(SessionError::OtherRequest);
        }
        self.decrypt(answer)
    }
}
