//! Vouchers: the prediction itself at the speed of plaintext.
//!
//! All that takes ciphertexts is done before a record is known, for many vouchers at once; the split of work is that of DELPHI
//! (Mishra, Lehmkuhl, Srinivasan, Zheng and Popa, USENIX Security 2020) for affine maps. All numbers below are modulo 2^S.
//!
//! - Ahead of time the client draws r uniformly for each voucher and sends it encrypted, in the layout `vouchers`. The service
//!   draws s, pseudo-random from its [secret](VoucherSecret), the card, the key, the batch and the voucher's number, and answers
//!   with an encryption of a = W·r − s. The client keeps r and a: a [`Voucher`](voucher::Voucher).
//! - When the record x is known, the client sends e = x − r, and the service answers z = W·e + b + s. Then z + a = W·x + b.
//!
//! **The client's privacy.** e is a one-time pad of x, and r leaves the client only encrypted. So r is used once, ever:
//! [`Vouchers`] are consumed when they mask, and a store on disk removes them before it gives them away.
//!
//! **The model's privacy.** Ahead of time an answer tells nothing of the weights: its slots are uniform, as s is, and the
//! [`mask`](crate::mask) hides the rest. Then z tells S bits per score, whatever r and e were. A voucher that is used twice gives
//! the client two predictions, and nothing else, since s is added to both: the service keeps no record of vouchers. But if two
//! numbers r were answered under one s, their difference would tell W·(r − r′) for free, so the service draws a batch's id
//! afresh for each answer.

mod masked;
mod pseudorandom;
mod secret;
mod source;
mod voucher;

pub use self::masked::Unmasking;
pub(crate) use self::masked::{check, masked_scores};
pub(crate) use self::secret::{Kind, VoucherUse};
pub use self::secret::{VoucherSecret, VoucherSecrets};
pub use self::source::VoucherSource;
pub(crate) use self::voucher::record_numbers;
pub use self::voucher::{DrawnVouchers, StoredVouchers, Vouchers};

#[cfg(test)]
mod tests;
