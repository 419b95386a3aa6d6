//! Keys and ciphertexts: known answers, properties, and what is refused.

#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod bounded;
mod ciphertexts;
mod fixed_point;
mod key_files;
mod key_proof;
mod randomizers;
mod seeded;
mod serde;
mod shared_key;
mod slots;
mod textbook;
