//! [`Drawing`]: vouchers for a network while they are being made, request by request.

use veilcast_protocol::{
    BatchId, InferRequest, InferResponse, KeyFingerprint, Layout, VoucherBatch, VoucherId,
};
use zeroize::Zeroizing;

use super::kept::{LayeredVoucher, PartShare, ProductShare};
use crate::error::SessionError;
use crate::session::Session;
use crate::vouchers::{DrawnVouchers, Vouchers};

/// Vouchers for a network that are being made: by a request for each of its affine parts and hidden layers, one after another. Secret.
///
/// Products take a ciphertext for each number of each voucher, where shares fill ciphertexts with many vouchers' numbers. So where the
/// vouchers' products are more than a request may hold, several requests ask for them.
///
/// [`request`](Self::request) gives the next request, until there is none; [`receive`](Self::receive) takes its answer.
pub struct Drawing {
    count: usize,
    /// The affine parts; one more than there are hidden layers.
    parts: usize,
    /// What is asked for now, if it is shares: the seeds of r.
    seeds: Option<DrawnVouchers>,
    vouchers: Vec<LayeredVoucher>,
    /// The secret of the first answer, which all must have.
    batch: Option<VoucherBatch>,
}

impl Session {
    /// Begins to make vouchers for a network with hidden layers.
    ///
    /// # Errors
    /// The card must be a network's, the key have room for them, and a request hold as many: one at least, and
    /// [`max_vouchers`](Self::max_vouchers) at most.
    pub fn draw_for_network(&self, count: usize) -> Result<Drawing, SessionError> {
        let limit = self.max_vouchers()?;
        let Some(hidden) = self.card().hidden() else {
            return Err(SessionError::NotLayered);
        };
        if count == 0 {
            return Err(SessionError::NoRecords);
        }
        if count > limit {
            let found = count;
            return Err(SessionError::TooManyVouchers { found, limit });
        }
        let empty = || LayeredVoucher {
            parts: Vec::new(),
            products: Vec::new(),
        };
        Ok(Drawing {
            count,
            parts: hidden.sizes.len() + 1,
            seeds: None,
            vouchers: (0..count).map(|_| empty()).collect(),
            batch: None,
        })
    }
}

impl Drawing {
    /// What is to be asked for next, and the first voucher that lacks it; none if the vouchers are whole.
    fn missing(&self) -> Option<(Layout, usize)> {
        let shares = self.vouchers[0].parts.len();
        let lacks = |voucher: &LayeredVoucher| voucher.products.len() < shares;
        if shares == self.parts {
            return None;
        }
        let part = shares as u32;
        Some(match self.vouchers.iter().position(lacks) {
            Some(first) => (Layout::Products { part: part - 1 }, first),
            None => (Layout::Shares { part }, 0),
        })
    }

    /// The next request; none if the vouchers are [whole](Self::finish).
    ///
    /// # Errors
    /// The key must have room for the layout.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn request(&mut self, session: &Session) -> Result<Option<InferRequest>, SessionError> {
        let Some((layout, first)) = self.missing() else {
            return Ok(None);
        };
        let arrangement = session.arrangement_of(layout)?;
        let limit = arrangement.max_records(session.card().limits());
        let count = (self.count - first).min(limit);
        let numbers: Vec<Zeroizing<Vec<u128>>> = match layout {
            Layout::Products { part } => {
                let shares = self.vouchers[first..][..count].iter();
                shares
                    .map(|voucher| voucher.parts[part as usize].shares.clone())
                    .collect()
            }
            _ => {
                let drawn = DrawnVouchers::draw(self.count);
                let inputs = arrangement.ciphertexts_per_row();
                let numbers = drawn.wide_records(arrangement.slot_bits(), inputs);
                self.seeds = Some(drawn);
                numbers
            }
        };
        let rows: Vec<&[u128]> = numbers.iter().map(|row| row.as_slice()).collect();
        let plaintexts = arrangement.pack(session.public_key(), &rows);
        Ok(Some(session.full_request(&arrangement, &plaintexts, count)))
    }

    /// Takes the answer to the last request.
    ///
    /// # Errors
    /// The answer must belong to the request, name the session's key and card, and be undamaged; and all answers must be derived from one secret.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn receive(
        &mut self,
        session: &Session,
        request: &InferRequest,
        answer: &InferResponse,
    ) -> Result<(), SessionError> {
        session.check_answer_to(request, answer)?;
        let (Some(batch), Some((layout, first_voucher))) = (answer.vouchers, self.missing()) else {
            return Err(SessionError::OtherRequest);
        };
        if layout != answer.layout {
            return Err(SessionError::OtherRequest);
        }
        let first = *self.batch.get_or_insert(batch);
        if first.secret != batch.secret {
            return Err(SessionError::SecretChanged);
        }
        let (arrangement, answers) = session.decrypt_answers(answer)?;
        let shares = arrangement.slots(&answers, answer.records).into_iter();
        let shares = shares.map(Zeroizing::new);
        let ids = (0..).map(|number| id(batch.id, number));
        let vouchers = self.vouchers[first_voucher..].iter_mut();
        let vouchers = vouchers.zip(ids).zip(shares);
        match self.seeds.take() {
            Some(drawn) => {
                for (((voucher, id), shares), seed) in vouchers.zip(drawn.into_seeds()) {
                    voucher.parts.push(PartShare { id, seed, shares });
                }
            }
            None => {
                for ((voucher, id), shares) in vouchers {
                    voucher.products.push(ProductShare { id, shares });
                }
            }
        }
        Ok(())
    }

    /// The vouchers, once no [request](Self::request) is left.
    ///
    /// # Panics
    /// If one is.
    pub fn finish(self, session: &Session) -> Vouchers {
        assert_eq!(self.missing(), None, "an answer is missing");
        let batch = self.batch.expect("the vouchers are whole");
        let key = KeyFingerprint::of(&session.public_key().modulus());
        Vouchers::of_network(self.vouchers, batch.secret, session.card(), key)
    }
}

fn id(batch: BatchId, number: u32) -> VoucherId {
    VoucherId { batch, number }
}

impl std::fmt::Debug for Drawing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Drawing({})", self.count)
    }
}
