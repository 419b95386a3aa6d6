//! Ids that nobody can guess.

use veilcast_protocol::BatchId;

/// A request's id: 128 random bits in hexadecimal, which nobody can guess without having seen it.
///
/// # Panics
/// If the operating system's generator fails.
pub(crate) fn new_id() -> String {
    format!("{:032x}", u128::from_be_bytes(random()))
}

/// The id of a batch of vouchers, which must be the service's own choice and never occur twice.
///
/// # Panics
/// If the operating system's generator fails.
pub(crate) fn new_batch() -> BatchId {
    random().into()
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
