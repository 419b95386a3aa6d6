//! [`SealedModel`], the client's side: records in, request out.

use veilcast_card::{Card, QuantizedRecord};
use veilcast_paillier::{
    Ciphertext, FixedCiphertexts, KeyPolicy, KeyProof, Plaintext, PoolError, ProvenKey, PublicKey,
    RandomizerPool,
};
use veilcast_protocol::{ByteMatrix, Encoding, SealedRequest};
use zeroize::Zeroizing;

use super::error::SealedError;
use super::opening::Opening;
use super::slots::SealedSlots;
use crate::bits;
use crate::error::SessionError;
use crate::id::new_id;

/// A model whose encrypted weights are here, checked: it turns records into requests, without any key of the client's.
pub struct SealedModel {
    card: Card,
    policy: KeyPolicy,
    key: ProvenKey,
    slots: SealedSlots,
    /// A ciphertext for each feature, and one for the biases.
    weights: FixedCiphertexts,
    /// How many randomisers are kept ready, if any.
    ahead: usize,
    pool: Option<RandomizerPool>,
}

impl SealedModel {
    /// The model of a card, whose file of encrypted weights is given.
    ///
    /// Checks that the file is the one that the card names, that the service's modulus is proven fit for use, and that all numbers in
    /// the file are units: otherwise what is sent could tell what the records hold.
    ///
    /// # Errors
    /// [`SealedError`] says what is wrong with the card or the file.
    pub fn open(card: Card, file: &[u8], policy: KeyPolicy) -> Result<Self, SealedError> {
        let sealed = card.sealed().ok_or(SealedError::NotOffered)?;
        sealed.check_file(file, card.features())?;
        let key = PublicKey::from_modulus(&sealed.modulus(), policy)?;
        let key = key.prove(&KeyProof::from_bytes(sealed.proof()))?;
        let slots = SealedSlots::new(&card, key.bits())?;
        let ciphertexts = key.decode_ciphertexts(file.chunks(key.ciphertext_bytes()))?;
        Ok(Self {
            weights: FixedCiphertexts::new(&key, &ciphertexts),
            slots,
            key,
            policy,
            card,
            ahead: 0,
            pool: None,
        })
    }

    /// Another model with as many randomisers ahead, such as the one that has replaced this one at the service.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn for_card(&self, card: Card, file: &[u8]) -> Result<Self, SealedError> {
        let model = Self::open(card, file, self.policy)?;
        // Without a thread for it, requests take longer.
        Ok(match model.pool(self.ahead) {
            Ok(pool) => Self {
                ahead: self.ahead,
                pool,
                ..model
            },
            Err(_) => model,
        })
    }

    /// Keeps up to `count` randomisers ready, made in the background: a request that a person is waiting for then takes only the
    /// products of its record.
    ///
    /// # Errors
    /// The operating system may refuse another thread.
    pub fn with_randomizers_ahead(self, count: usize) -> Result<Self, PoolError> {
        Ok(Self {
            pool: self.pool(count)?,
            ahead: count,
            ..self
        })
    }

    fn pool(&self, count: usize) -> Result<Option<RandomizerPool>, PoolError> {
        let key = self.key.clone();
        let start = || RandomizerPool::new(move |count| key.randomizers(count), count);
        (count > 0).then(start).transpose()
    }

    /// The model's card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The records that share a ciphertext: a request costs least if its records are a multiple of it.
    pub fn records_per_group(&self) -> usize {
        self.slots.records_per_answer()
    }

    /// The most records that the card allows in a request.
    pub fn max_records(&self) -> usize {
        let limits = self.card.limits();
        let ciphertexts = limits.max_ciphertexts as usize * self.records_per_group();
        ciphertexts.min(limits.max_records as usize)
    }

    /// A request for the scores of quantised records, with a random id, and what reads its answer.
    ///
    /// Takes time that depends only on sizes. Uses a table of the weights, and about a product per feature and record for each five
    /// bits of a feature.
    ///
    /// # Errors
    /// There must be a record, and each must be quantised for this card.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn prepare(
        &self,
        records: &[QuantizedRecord],
    ) -> Result<(SealedRequest, Opening), SessionError> {
        let sums = self.sums(records)?;
        let groups: Vec<Vec<Ciphertext>> = sums
            .chunks(self.records_per_group())
            .map(<[_]>::to_vec)
            .collect();
        let masks: Vec<Plaintext> = (groups.iter())
            .map(|group| self.mask(group.len()))
            .collect();
        let masked = self.rerandomized(&groups).into_iter().zip(&masks);
        let masked = masked.map(|(ciphertext, mask)| self.key.add_plaintext(&ciphertext, mask));
        let bytes = masked.flat_map(|ciphertext| self.key.encode_ciphertext(&ciphertext));
        let ciphertexts = ByteMatrix::new(
            [groups.len(), 1],
            self.key.ciphertext_bytes(),
            bytes.collect(),
        );
        let id = Some(new_id());
        let request = SealedRequest {
            id: id.clone(),
            card_digest: self.card.digest(),
            records: records.len(),
            ciphertexts: ciphertexts.expect("a ciphertext for each group"),
            answer: Encoding::Binary,
            timeout: None,
        };
        let masks = masks.iter().zip(&groups).map(|(mask, group)| {
            Zeroizing::new(mask.limbs()[..self.slots.limbs(group.len())].to_vec())
        });
        let opening = Opening::new(
            id,
            self.card.digest(),
            self.slots,
            records.len(),
            masks.collect(),
        );
        Ok((request, opening))
    }

    /// The scores of each record with their offsets, encrypted.
    fn sums(&self, records: &[QuantizedRecord]) -> Result<Vec<Ciphertext>, SessionError> {
        if records.is_empty() {
            return Err(SessionError::NoRecords);
        }
        let expected = self.card.digest();
        let weights = records.iter().enumerate().map(|(index, record)| {
            let values = record.values_for(expected);
            let values = values.map_err(|other| SessionError::RecordOfOtherCard {
                index,
                found: other.found,
                expected,
            })?;
            // The biases count once.
            Ok(Zeroizing::new([values, &[1]].concat()))
        });
        let weights: Vec<Zeroizing<Vec<u32>>> = weights.collect::<Result<_, SessionError>>()?;
        let weights: Vec<&[u32]> = weights.iter().map(|weights| weights.as_slice()).collect();
        let bits = self.card.quantization().bits.get();
        Ok(self.weights.weighted_sums(&weights, bits))
    }

    /// The sums of each group side by side, under fresh randomness.
    fn rerandomized(&self, groups: &[Vec<Ciphertext>]) -> Vec<Ciphertext> {
        let bits = self.slots.record_bits();
        let ready = self.pool.as_ref().map(|pool| pool.take_ready(groups.len()));
        let ready = ready.unwrap_or_default();
        let (with_ready, others) = groups.split_at(ready.len());
        let sums = self.key.horner_vartime(with_ready, bits).into_iter();
        let mut rerandomized: Vec<Ciphertext> = sums
            .zip(ready)
            .map(|(sum, randomizer)| self.key.rerandomize(&sum, randomizer))
            .collect();
        rerandomized.extend(self.key.horner_rerandomized_vartime(others, bits));
        rerandomized
    }

    /// r: uniform up to n − 2^k, where k is the number of bits of these records' scores, so that the plaintext stays below n.
    fn mask(&self, records: usize) -> Plaintext {
        let bits = self.slots.record_bits() * records as u32;
        loop {
            let mask = self.key.random_plaintext();
            let mut room = Zeroizing::new(self.key.modulus_limbs().to_vec());
            bits::subtract(&mut room, mask.limbs());
            if bits::has_bits_from(&room, bits) {
                return mask;
            }
        }
    }
}

impl std::fmt::Debug for SealedModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedModel({})", self.card.digest())
    }
}
