//! Records in the form in which they are sent: which that is depends on what is there.

use veilcast_card::{QuantizedRecord, Way};

use super::Session;
use crate::error::SessionError;
use crate::prepared::Prepared;

impl Session {
    /// Masks quantised records if there are vouchers for all of them, and encrypts them otherwise.
    ///
    /// # Errors
    /// There must be a record, each must be quantised for this card, and a source must not fail.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn prepare(&self, records: &[QuantizedRecord]) -> Result<Prepared, SessionError> {
        if let Some(source) = &self.vouchers
            && !records.is_empty()
            && self.card().ways().contains(&Way::Vouchers)
        {
            let vouchers = source.0.take(self.card(), records.len());
            let vouchers = vouchers.map_err(SessionError::VoucherSource)?;
            if let Some(vouchers) = vouchers {
                if self.card().hidden().is_some() {
                    let (request, rounds) = vouchers.begin(self.card(), records)?;
                    return Ok(Prepared::Round(request, rounds));
                }
                let (request, unmasking) = vouchers.mask(self.card(), records)?;
                return Ok(Prepared::Masked(request, unmasking));
            }
        }
        if self.card().hidden().is_some() {
            if !self.card().ways().contains(&Way::Direct) {
                return Err(SessionError::NoVouchers {
                    needed: records.len(),
                });
            }
            let (request, layers) = self.begin(records)?;
            return Ok(Prepared::Layered(request, layers));
        }
        self.encrypt(records).map(Prepared::Encrypted)
    }
}
