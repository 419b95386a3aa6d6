//! [`VoucherSource`], where a session gets vouchers.

use veilcast_card::{Card, CardDigest};
use veilcast_protocol::VoucherSecretId;

use super::voucher::Vouchers;

/// Where vouchers come from, such as a directory.
///
/// A voucher that was taken must never be returned again: not by another process, and not after a crash at any moment.
pub trait VoucherSource: Send + Sync {
    /// Removes this many vouchers for a card and returns them, or none if there are fewer.
    ///
    /// # Errors
    /// A text that says why they could not be removed for good; they must not be used then, nor returned later.
    fn take(&self, card: &Card, count: usize) -> Result<Option<Vouchers>, String>;

    /// Removes the vouchers for a card that were derived from a secret which the service no longer has.
    fn discard(&self, card: CardDigest, secret: VoucherSecretId);
}
