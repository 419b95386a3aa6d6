//! [`Session`], the data owner's side: records in, request out; answer in, scores out.

mod prepare;
mod together;
mod vouchers;

use std::num::NonZeroUsize;
use std::sync::Arc;

use rayon::prelude::*;
use veilcast_card::{Card, QuantizedRecord, Way};
use veilcast_paillier::{Ciphertext, Plaintext, PoolError, PublicKey, RandomizerPool, SecretKey};
use veilcast_protocol::{
    ByteMatrix, InferRequest, InferResponse, KeyFingerprint, Layout, SeededUpload, Upload,
    VoucherSecretId,
};

use crate::arrangement::Arrangement;
use crate::entries::SeededEntries;
use crate::error::{LayoutError, SessionError};
use crate::id::new_id;
use crate::planner::Planner;
use crate::seeded::SeededForm;
use crate::vouchers::VoucherSource;

/// Removes this many entries from where they are kept, if there are enough.
type TakeEntries = dyn Fn(usize) -> Result<Option<SeededEntries>, String> + Send + Sync;

#[derive(Clone)]
struct EntrySource(Arc<TakeEntries>);

#[derive(Clone)]
struct Vouchers(Arc<dyn VoucherSource>);

impl std::fmt::Debug for Vouchers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vouchers")
    }
}

impl std::fmt::Debug for EntrySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EntrySource")
    }
}

/// A secret key and a model's card: encrypts records for that model, and decrypts its answers. Clones share the key.
#[derive(Clone, Debug)]
pub struct Session {
    card: Card,
    key: Arc<SecretKey>,
    /// Randomisers made ahead of time, if requested.
    pool: Option<Arc<RandomizerPool>>,
    /// Where entries for seeded uploads come from, if anywhere.
    entries: Option<EntrySource>,
    /// Where vouchers come from, if anywhere.
    vouchers: Option<Vouchers>,
    arrangement: Arrangement,
}

impl Session {
    /// A session for the model of a card, in the layout that the [`Planner`] chooses for one record. It can only get vouchers of
    /// a model that is not offered directly.
    ///
    /// # Errors
    /// The card must allow a request with a record under a key of this size.
    pub fn new(card: Card, key: impl Into<Arc<SecretKey>>) -> Result<Self, LayoutError> {
        let key = key.into();
        let is_direct = card.ways().contains(&Way::Direct);
        let layout = if is_direct && card.hidden().is_some() {
            Layout::Layer { part: 0 }
        } else if is_direct {
            let planner = Planner::new(&card, key.public_key().bits());
            planner.best(1, 0)?.layout
        } else if card.hidden().is_some() {
            Layout::Shares { part: 0 }
        } else {
            Layout::Vouchers
        };
        Ok(Self {
            arrangement: Arrangement::new(&card, layout, key.public_key().bits())?,
            card,
            key,
            pool: None,
            entries: None,
            vouchers: None,
        })
    }

    /// Chooses another layout for future requests, such as the planner's choice.
    ///
    /// # Errors
    /// The card must allow it, and the key have room for it; otherwise the layout stays as it is.
    pub fn set_layout(&mut self, layout: Layout) -> Result<(), LayoutError> {
        if layout.is_ahead() {
            return Err(LayoutError::NotAllowed(layout));
        }
        self.arrangement = self.arrangement_of(layout)?;
        Ok(())
    }

    /// A session with the same key and entries for another card, such as one that has replaced this session's; in the same
    /// layout if the card allows it.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn for_card(&self, card: Card) -> Result<Self, LayoutError> {
        let mut session = Self {
            pool: self.pool.clone(),
            entries: self.entries.clone(),
            vouchers: self.vouchers.clone(),
            ..Self::new(card, Arc::clone(&self.key))?
        };
        // Where it isn't allowed, the planner's choice stays.
        let _ = session.set_layout(self.layout());
        Ok(session)
    }

    /// Keeps up to `count` randomisers ready, made in the background: an encryption that a person
    /// is waiting for then takes only a few products.
    ///
    /// # Errors
    /// The operating system may refuse another thread.
    pub fn with_randomizers_ahead(mut self, count: usize) -> Result<Self, PoolError> {
        let key = Arc::clone(&self.key);
        let pool = RandomizerPool::new(move |count| key.randomizers(count), count)?;
        self.pool = Some(Arc::new(pool));
        Ok(self)
    }

    /// Takes entries from a source, such as a pool on disk, for as long as it has enough: requests
    /// are then [seeded](Self::encrypt_seeded) where the card allows it.
    #[must_use]
    pub fn with_entries(
        mut self,
        source: impl Fn(usize) -> Result<Option<SeededEntries>, String> + Send + Sync + 'static,
    ) -> Self {
        self.entries = Some(EntrySource(Arc::new(source)));
        self
    }

    /// Takes vouchers from a source for as long as it has enough: [`prepare`](Self::prepare) then masks records.
    #[must_use]
    pub fn with_vouchers(mut self, source: Arc<dyn VoucherSource>) -> Self {
        self.vouchers = Some(Vouchers(source));
        self
    }

    /// Drops the vouchers for this card that were derived from a secret which the service no longer has.
    pub fn discard_vouchers(&self, secret: VoucherSecretId) {
        if let Some(Vouchers(source)) = &self.vouchers {
            source.discard(self.card.digest(), secret);
        }
    }

    /// The model's card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The layout that requests will have.
    pub fn layout(&self) -> Layout {
        self.arrangement.layout()
    }

    /// The records that share ciphertexts: 1 except for `records`. A request costs least if its
    /// records are a multiple of it.
    pub fn records_per_group(&self) -> usize {
        self.arrangement.records_per_row()
    }

    /// The most records that the card allows in a request; in each of those that they take to go through a network's layers.
    pub fn max_records(&self) -> usize {
        let limits = self.card.limits();
        let most = self.arrangement.max_records(limits);
        let (Layout::Layer { .. }, Some(hidden)) = (self.layout(), self.card.hidden()) else {
            return most;
        };
        let later = (1..=hidden.sizes.len() as u32).map(|part| {
            let arrangement = self.arrangement_of(Layout::Layer { part });
            arrangement.map_or(0, |arrangement| arrangement.max_records(limits))
        });
        later.fold(most, usize::min)
    }

    /// Encrypts quantised records, as an [`Encoder`](veilcast_card::Encoder) returns them.
    ///
    /// The request has a random id, which identifies its answer, and the proof of the key.
    ///
    /// # Errors
    /// There must be a record, and each must be quantised for this card; and the source of entries,
    /// if there is one, must not fail.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn encrypt(&self, records: &[QuantizedRecord]) -> Result<InferRequest, SessionError> {
        if self.card.hidden().is_some() {
            return Err(SessionError::NotDirect);
        }
        self.encrypt_first(records)
    }

    /// The request with these records, which needn't be the last.
    pub(crate) fn encrypt_first(
        &self,
        records: &[QuantizedRecord],
    ) -> Result<InferRequest, SessionError> {
        let plaintexts = self.plaintexts(records)?;
        if let (Some(EntrySource(take)), Ok(count)) =
            (&self.entries, self.entries_for(records.len()))
            && let Some(entries) = take(count).map_err(SessionError::EntrySource)?
        {
            return self.correct(&plaintexts, entries, records.len());
        }
        Ok(self.full_request(&self.arrangement, &plaintexts, records.len()))
    }

    /// The request with encryptions of these plaintexts, which an arrangement has made of records.
    pub(crate) fn full_request(
        &self,
        arrangement: &Arrangement,
        plaintexts: &[Plaintext],
        records: usize,
    ) -> InferRequest {
        let public = self.public_key();
        let ciphertexts = match &self.pool {
            Some(pool) => public.encrypt_many_with(plaintexts, pool.take(plaintexts.len())),
            None => self.key.encrypt_many(plaintexts),
        };
        let bytes = ciphertexts
            .par_iter()
            .flat_map_iter(|c| public.encode_ciphertext(c))
            .collect();
        let shape = [arrangement.rows(records), arrangement.ciphertexts_per_row()];
        let ciphertexts = ByteMatrix::new(shape, public.ciphertext_bytes(), bytes)
            .expect("as many ciphertexts as the arrangement makes of a row");
        self.request(arrangement.layout(), records, ciphertexts.into())
    }

    /// The entries that a seeded upload of this many records consumes.
    ///
    /// # Errors
    /// The card must allow seeded uploads in this layout, and the key have room for them.
    pub fn entries_for(&self, records: usize) -> Result<usize, LayoutError> {
        SeededForm::new(&self.card, &self.arrangement, self.key.public_key())?;
        Ok(self.arrangement.rows(records) * self.arrangement.ciphertexts_per_row())
    }

    /// Encrypts quantised records as corrections to pseudo-random ciphertexts, which take a few
    /// bytes each and next to no time.
    ///
    /// # Errors
    /// As [`encrypt`](Self::encrypt); and the card must allow seeded uploads in this layout, and the
    /// entries be [as many as it takes](Self::entries_for), of this key. The entries are used up in
    /// any case.
    pub fn encrypt_seeded(
        &self,
        records: &[QuantizedRecord],
        entries: SeededEntries,
    ) -> Result<InferRequest, SessionError> {
        self.correct(&self.plaintexts(records)?, entries, records.len())
    }

    /// The seeded request of records with these plaintexts.
    fn correct(
        &self,
        plaintexts: &[Plaintext],
        entries: SeededEntries,
        records: usize,
    ) -> Result<InferRequest, SessionError> {
        let public = self.key.public_key();
        let form = SeededForm::new(&self.card, &self.arrangement, public)?;
        let (expected, found) = (plaintexts.len(), entries.len());
        if entries.key_fingerprint != public.fingerprint() {
            return Err(SessionError::EntriesOfOtherKey);
        }
        if found != expected {
            return Err(SessionError::Entries { expected, found });
        }
        let per_row = self.arrangement.ciphertexts_per_row();
        let rows = plaintexts
            .par_chunks(per_row)
            .zip(entries.plaintexts.par_chunks(per_row));
        let corrections: Vec<Vec<u8>> = rows
            .map(|(row, randoms)| form.corrections(public, row, randoms))
            .collect();
        let shape = [corrections.len(), 1];
        let corrections = ByteMatrix::new(shape, form.row_bytes(), corrections.concat())
            .expect("a row of corrections has its bytes");
        let upload = Upload::Seeded(SeededUpload {
            seed: entries.seed,
            first: entries.first,
            corrections,
        });
        Ok(self.request(self.layout(), records, upload))
    }

    /// A request of this session, split into parts of at most this many rows of ciphertexts, in
    /// order, each with its own id. They hold the same ciphertexts: nothing is encrypted again.
    ///
    /// # Panics
    /// If the request is another session's, or the operating system's generator fails.
    pub fn in_parts(&self, request: &InferRequest, rows: NonZeroUsize) -> Vec<InferRequest> {
        let bits = self.key.public_key().bits();
        let arrangement = Arrangement::new(&self.card, request.layout(), bits)
            .expect("the session has made the request in this layout");
        let (per_row, tensor) = (arrangement.records_per_row(), request.upload().tensor());
        let row_bytes = tensor.columns() * tensor.width();
        let starts = (0..tensor.rows()).step_by(rows.get());
        let parts = starts.zip(tensor.as_bytes().chunks(rows.get() * row_bytes));
        let part = |(start, bytes): (usize, &[u8])| {
            let rows = bytes.len() / row_bytes;
            let matrix = ByteMatrix::new([rows, tensor.columns()], tensor.width(), bytes.to_vec())
                .expect("they are whole rows");
            let upload = match request.upload() {
                Upload::Full(_) => Upload::Full(matrix),
                Upload::Seeded(whole) => Upload::Seeded(SeededUpload {
                    seed: whole.seed,
                    first: whole.first + (start * arrangement.ciphertexts_per_row()) as u64,
                    corrections: matrix,
                }),
            };
            let records = (request.records() - start * per_row).min(rows * per_row);
            let modulus = request.public_key().to_vec();
            InferRequest::new(
                modulus,
                request.layout(),
                records,
                request.card_digest(),
                upload,
            )
            .expect("a part of a sound request is one")
            .with_id(new_id())
            .with_key_proof(self.key.key_proof().as_bytes())
        };
        parts.map(part).collect()
    }

    /// The plaintexts of records that were quantised for the session's card.
    fn plaintexts(&self, records: &[QuantizedRecord]) -> Result<Vec<Plaintext>, SessionError> {
        if records.is_empty() {
            return Err(SessionError::NoRecords);
        }
        if self.layout().is_ahead() {
            return Err(SessionError::NotDirect);
        }
        let expected = self.card.digest();
        let is_other = |record: &QuantizedRecord| record.card() != expected;
        if let Some(index) = records.iter().position(is_other) {
            return Err(SessionError::RecordOfOtherCard {
                index,
                found: records[index].card(),
                expected,
            });
        }
        Ok(self.arrangement.plaintexts(self.key.public_key(), records))
    }

    fn request(&self, layout: Layout, records: usize, upload: Upload) -> InferRequest {
        let modulus = self.key.public_key().modulus();
        InferRequest::new(modulus, layout, records, self.card.digest(), upload)
            .expect("ciphertexts are twice as wide as the modulus, and rows follow from records")
            .with_id(new_id())
            .with_key_proof(self.key.key_proof().as_bytes())
    }

    /// Decrypts an answer in any layout of the card: for each record one score per output, exactly
    /// as the model computes them from the quantised record.
    ///
    /// # Errors
    /// The answer must name this session's key and card, and be undamaged.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn decrypt(&self, answer: &InferResponse) -> Result<Vec<Vec<i64>>, SessionError> {
        if answer.layout.is_ahead() || matches!(answer.layout, Layout::Layer { .. }) {
            return Err(SessionError::OtherRequest);
        }
        let (arrangement, answers) = self.decrypt_answers(answer)?;
        Ok(arrangement.scores(&answers, answer.records))
    }

    /// The plaintexts of an answer's ciphertexts, and where its slots are.
    pub(crate) fn decrypt_answers(
        &self,
        answer: &InferResponse,
    ) -> Result<(Arrangement, Vec<Plaintext>), SessionError> {
        let (arrangement, ciphertexts) = self.received(answer)?;
        Ok((arrangement, self.key.decrypt_many(&ciphertexts)?))
    }

    /// An answer's ciphertexts, once it is known to be one to this session, and where its slots are.
    fn received(
        &self,
        answer: &InferResponse,
    ) -> Result<(Arrangement, Vec<Ciphertext>), SessionError> {
        let public = self.key.public_key();
        if answer.card_digest != self.card.digest() {
            return Err(SessionError::OtherCard(answer.card_digest));
        }
        if answer.key_fingerprint != KeyFingerprint::of(&public.modulus()) {
            return Err(SessionError::OtherKey);
        }
        let arrangement = self.arrangement_of(answer.layout)?;
        let expected = [
            arrangement.rows(answer.records),
            arrangement.answers_per_row(),
        ];
        let found = answer.scores.shape();
        if found != expected {
            return Err(SessionError::Shape { expected, found });
        }
        let ciphertexts = public.decode_ciphertexts(&answer.scores)?;
        Ok((arrangement, ciphertexts))
    }

    /// Where the numbers of a layout are under this session's key.
    pub(crate) fn arrangement_of(&self, layout: Layout) -> Result<Arrangement, LayoutError> {
        Arrangement::new(&self.card, layout, self.public_key().bits())
    }

    /// The public half of the session's key.
    pub fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    /// Decrypts the answer to a request, and checks that it answers that request.
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
        self.check_answer_to(request, answer)?;
        self.decrypt(answer)
    }

    /// Checks that an answer is to a request, by what it repeats.
    pub(crate) fn check_answer_to(
        &self,
        request: &InferRequest,
        answer: &InferResponse,
    ) -> Result<(), SessionError> {
        let belongs = answer.id.as_deref() == request.id()
            && answer.layout == request.layout()
            && answer.records == request.records();
        belongs.then_some(()).ok_or(SessionError::OtherRequest)
    }
}
