//! The session's way to vouchers: drawn here, answered by the service, decrypted here.

use veilcast_protocol::{InferRequest, InferResponse, Layout};

use super::Session;
use crate::arrangement::voucher_layouts;
use crate::error::SessionError;
use crate::vouchers::{DrawnVouchers, Vouchers};

impl Session {
    /// Draws vouchers, and asks for them: the service's answer makes them [useful](Self::vouchers).
    ///
    /// # Errors
    /// The card must offer vouchers, the key have room for them, and a request hold as many: one at least, and
    /// [`max_vouchers`](Self::max_vouchers) at most.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn draw_vouchers(
        &self,
        count: usize,
    ) -> Result<(DrawnVouchers, InferRequest), SessionError> {
        let arrangement = self.arrangement_of(Layout::Vouchers)?;
        if count == 0 {
            return Err(SessionError::NoRecords);
        }
        let limit = self.max_vouchers()?;
        if count > limit {
            let found = count;
            return Err(SessionError::TooManyVouchers { found, limit });
        }
        let drawn = DrawnVouchers::draw(count);
        let records = drawn.records(arrangement.slot_bits(), self.card().features());
        let records: Vec<&[u64]> = records.iter().map(|record| record.as_slice()).collect();
        let plaintexts = arrangement.pack(self.public_key(), &records);
        let request = self.full_request(&arrangement, &plaintexts, count);
        Ok((drawn, request))
    }

    /// The most vouchers that a request may ask for; of a network's, that one for shares may, since those for products are as many as they
    /// take.
    ///
    /// # Errors
    /// The card must offer vouchers, and the key have room for them.
    pub fn max_vouchers(&self) -> Result<usize, SessionError> {
        let limits = self.card().limits();
        let most = voucher_layouts(self.card()).into_iter().map(|layout| {
            let most = self.arrangement_of(layout)?.max_records(limits);
            let is_divided = matches!(layout, Layout::Products { .. }) && most > 0;
            Ok(if is_divided { usize::MAX } else { most })
        });
        most.reduce(|one: Result<usize, SessionError>, other| Ok(one?.min(other?)))
            .expect("there is a layout")
    }

    /// The vouchers that share ciphertexts: a request costs least if it asks for a multiple of it.
    ///
    /// # Errors
    /// The card must offer vouchers, and the key have room for them.
    pub fn vouchers_per_group(&self) -> Result<usize, SessionError> {
        let first = voucher_layouts(self.card())[0];
        Ok(self.arrangement_of(first)?.records_per_row())
    }

    /// Vouchers from the answer to the request for them.
    ///
    /// # Errors
    /// The answer must belong to the request, name this session's key and card, and be undamaged.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn vouchers(
        &self,
        drawn: DrawnVouchers,
        request: &InferRequest,
        answer: &InferResponse,
    ) -> Result<Vouchers, SessionError> {
        self.check_answer_to(request, answer)?;
        let (Some(batch), Layout::Vouchers) = (answer.vouchers, answer.layout) else {
            return Err(SessionError::OtherRequest);
        };
        if drawn.len() != answer.records {
            return Err(SessionError::OtherRequest);
        }
        let (arrangement, answers) = self.decrypt_answers(answer)?;
        let shares = arrangement.slots(&answers, answer.records).into_iter();
        let shares = shares.map(|shares| shares.into_iter().map(|share| share as u64).collect());
        let shares = shares.collect();
        let (card, key) = (answer.card_digest, answer.key_fingerprint);
        Ok(Vouchers::of_batch(drawn, shares, batch, card, key))
    }
}
