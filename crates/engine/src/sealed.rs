//! Sealed models: the weights travel encrypted, and the records not at all.
//!
//! The *service* has the Paillier key. Once, it encrypts its weights: for each feature i the number Σ_o w_oi·2^(S·o), and for the
//! biases Σ_o (b_o + 2^(S−1))·2^(S·o), the feature that is 1 in every record. These ciphertexts c_i are a file, which clients get
//! once ([`seal`]).
//!
//! - A client with a record x computes C = Π c_i^(x_i)·(1 + r·n)·ρⁿ, for r uniform below n − 2^(S·m) and a fresh ρ
//!   ([`SealedModel`]). The plaintext is r plus the record's m scores side by side, each S bits wide, and nothing wraps around n.
//! - The service decrypts, and answers the lowest S·m bits. The client subtracts r.
//!
//! Several records share a ciphertext, each in S·m bits of its own ([`SealedSlots`](slots::SealedSlots)).
//!
//! **The client's privacy** rests on no assumption. The plaintext is uniform but for 2^−127, whatever the ciphertexts hold; and ρⁿ makes
//! C uniform among the ciphertexts of that plaintext, since every unit modulo n is an n-th power. That takes a proof of the
//! modulus, and that the c_i are units: both are checked before a model can be used. Nobody can ever decrypt more, even who
//! breaks Paillier's cryptosystem one day.
//!
//! **The model's privacy** rests on Paillier's cryptosystem for the weights in the file. An answer tells S bits per score, whatever the
//! client raised to which powers. The service decrypts these bits of anything under its key, so a key seals one model only.

mod error;
mod opening;
mod seal;
mod sealed_model;
mod sealing_key;
mod slots;
mod unsealing;

pub use self::error::SealedError;
pub use self::opening::{Opening, StoredOpening};
pub use self::seal::seal;
pub use self::sealed_model::SealedModel;
pub use self::sealing_key::SealingKey;
pub(crate) use self::slots::SealedSlots;
pub use self::slots::records_per_sealed_ciphertext;
pub(crate) use self::unsealing::Unsealing;
