//! The ids of requests.

/// What a request goes by: 128 random bits in hexadecimal, which nobody can guess who has not seen it.
///
/// # Panics
/// If the operating system's generator fails.
pub(crate) fn new_id() -> String {
    let mut id = [0; 16];
    getrandom::fill(&mut id).expect("the operating system gives random bytes");
    format!("{:032x}", u128::from_be_bytes(id))
}
