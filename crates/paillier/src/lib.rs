//! The Paillier cryptosystem (Paillier 1999, with g = n + 1), with types that keep it honest.
//!
//! A [`SecretKey`] is two primes; its [`PublicKey`] is their product n. Numbers below n are
//! [`Plaintext`]s, and encrypt to [`Ciphertext`]s, units modulo n², under a fresh [`Randomizer`].
//! Whoever has the public key can compute on ciphertexts without seeing what they hold:
//!
//! ```
//! # use veilcast_paillier::{KeyPolicy, SecretKey};
//! # let tests_only = KeyPolicy { allow_insecure_1024: true };
//! # let secret = SecretKey::generate(1024, tests_only)?;
//! # /*
//! let secret = SecretKey::generate(3072, KeyPolicy::default())?;
//! # */
//! let public = secret.public_key();
//! let (a, b) = (public.encode(20)?, public.encode(-6)?);
//! let (a, b) = (public.encrypt(&a), secret.encrypt(&b));
//!
//! // The product of two ciphertexts holds the sum of their plaintexts …
//! let sum = public.add(&a, &b);
//! assert_eq!(public.decode(&secret.decrypt(&sum)?), Some(14));
//!
//! // … and a power of a ciphertext holds a multiple of its plaintext.
//! let product = public.mul_vartime(&sum, &public.encode(-3)?);
//! assert_eq!(public.decode(&secret.decrypt(&product)?), Some(-42));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Randomness comes from the operating system; functions that need it panic if it fails, rather
//! than go on with something weaker. Functions run in time that depends on sizes alone, unless
//! their name ends in `_vartime` or their documentation says otherwise.

#![forbid(unsafe_code)]

mod ciphertext;
#[cfg(test)]
mod ctgrind;
mod encoding;
mod key_file;
mod key_proof;
#[cfg(test)]
mod known_answers;
mod modulus_checks;
mod operations;
mod plaintext;
mod policy;
mod pool;
mod prime_ring;
mod public_key;
mod public_values;
mod random;
mod randomizer;
mod secret_key;
mod seeded;
mod short_exponent;

pub use ciphertext::{Ciphertext, CiphertextError};
pub use key_file::{KeyFileError, PublicKeyFile};
pub use key_proof::{KeyProof, KeyProofError, ProvenKey};
pub use plaintext::{Plaintext, PlaintextError};
pub use policy::{DEFAULT_KEY_BITS, KEY_BITS, KeyPolicy};
pub use pool::{PoolError, RandomizerPool};
pub use public_key::{PublicKey, PublicKeyError};
pub use randomizer::Randomizer;
pub use secret_key::{DecryptError, SecretKey, SecretKeyError};
pub use short_exponent::ShortExponentRandomizers;
