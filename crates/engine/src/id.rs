//! The ids of requests.

/// A request's id: 128 random bits in hexadecimal, which nobody can guess without having seen it.
///
/// # Panics
/// If the operating system's generator fails.
pub(crate) fn new_id() -> String {
    let mut id = [0; 16];
    getrandom::fill(&mut id).expect("the operating system gives random bytes");
    format!("{:032x}", u128::from_be_bytes(id))
}
