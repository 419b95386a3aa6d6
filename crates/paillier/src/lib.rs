//! Paillier's cryptosystem: numbers that anyone can add while they are encrypted.
//!
//! A [`SecretKey`] is two primes; its [`PublicKey`] is their product n (Paillier 1999, with g = n +
//! 1). Numbers below n are [`Plaintext`]s. They are encrypted to [`Ciphertext`]s, units modulo n²,
//! each under a fresh [`Randomizer`]. Whoever has the public key can add encrypted numbers and
//! multiply them by known ones without seeing them:
//!
//! ```
//! use veilcast_paillier::{KeyPolicy, SecretKey};
//!
//! # /*
//! let secret = SecretKey::generate(3072, KeyPolicy::default())?;
//! # */
//! # let policy = KeyPolicy { allow_insecure_1024: true };
//! # let secret = SecretKey::generate(1024, policy)?;
//! let public = secret.public_key();
//! let a = public.encrypt(&public.encode(20));
//! let b = public.encrypt(&public.encode(-6));
//!
//! // The product of two ciphertexts holds the sum of their plaintexts …
//! let sum = public.add(&a, &b);
//! assert_eq!(public.decode(&secret.decrypt(&sum)?), Some(14));
//!
//! // … and a power of a ciphertext holds a multiple of its plaintext.
//! let product = public.mul_vartime(&sum, &public.encode(-3));
//! assert_eq!(public.decode(&secret.decrypt(&product)?), Some(-42));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`PublicKey::encode`] represents signed integers, [`EncodedNumber`] fractions, in
//!   python-paillier's format.
//! - [`Slots`] are room for several integers in one plaintext.
//! - [`SecretKey::from_json`] and [`PublicKeyFile`] read python-paillier's key files.
//! - [`KeyedCiphertexts`], [`PublicKey`] and [`KeyProof`] work with serde.
//! - [`KeyProof`] shows a service that a stranger's key is fit for use.
//! - [`RandomizerPool`] computes the slow part of encrypting ahead of time.
//!
//! # What is secret, and what timing reveals
//!
//! Secret keys, plaintexts and randomisers are secret: they are wiped on drop and never formatted.
//! Functions run in time that depends only on sizes, unless their name ends in `_vartime` or their
//! documentation says otherwise. Ciphertexts and public keys are public.
//!
//! Anyone can change what a ciphertext holds, by design. Don't return decrypted values to whoever
//! sent the ciphertexts.
//!
//! # Errors and panics
//!
//! What comes from outside is checked when it is read, and a value that exists has passed its
//! checks. Mixing values of different keys is a bug in the caller: functions that take a ciphertext
//! or a randomiser panic if it belongs to another key, and those that take a plaintext panic if it
//! belongs to a key of another size.
//!
//! Subtraction, negative factors and weighted sums divide by ciphertexts, and panic if one has a
//! factor in common with n. Decoding refuses such ciphertexts, and a fresh encryption has such a
//! factor only with the probability of factoring n by a guess, unless a stranger made n from
//! smaller primes.
//!
//! Randomness comes from the operating system. Functions that need it panic if it fails, rather
//! than continue with something weaker.

#![forbid(unsafe_code)]

mod ciphertext;
#[cfg(test)]
mod ctgrind;
mod encoding;
mod fixed_ciphertexts;
mod fixed_point;
mod key_file;
mod key_proof;
#[cfg(test)]
mod known_answers;
mod limbs;
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
mod serde_forms;
mod short_exponent;
mod signed;
mod slots;
mod small_primes;

pub use ciphertext::{Ciphertext, CiphertextError};
pub use fixed_ciphertexts::FixedCiphertexts;
pub use fixed_point::{EncodedNumber, EncodedNumberError};
pub use key_file::{KeyFileError, PublicKeyFile};
pub use key_proof::{KeyProof, KeyProofError, ProvenKey};
pub use modulus_checks::PublicKeyError;
pub use plaintext::{Plaintext, PlaintextError};
pub use policy::{DEFAULT_KEY_BITS, KEY_BITS, KeyPolicy};
pub use pool::{PoolError, RandomizerPool};
pub use public_key::PublicKey;
pub use randomizer::Randomizer;
pub use secret_key::{DecryptError, SecretKey, SecretKeyError};
pub use serde_forms::KeyedCiphertexts;
pub use short_exponent::ShortExponentRandomizers;
pub use slots::Slots;
pub use veilcast_arith::kernel;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
