//! [`SealingKey`], which opens one sealed model.

use std::sync::Arc;

use veilcast_paillier::{KeyFileError, KeyPolicy, SecretKey};

/// The secret key that a model is sealed under. With it a service opens masked scores, and nothing else that it is sent. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SealingKey(pub(super) Arc<SecretKey>);

impl SealingKey {
    /// Reads the JSON key file of a secret key.
    ///
    /// # Errors
    /// As [`SecretKey::from_json`].
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn from_json(json: &str, policy: KeyPolicy) -> Result<Self, KeyFileError> {
        Ok(SecretKey::from_json(json, policy)?.into())
    }

    /// The modulus n, big-endian, which the cards of models that are sealed under it name.
    pub fn modulus(&self) -> Vec<u8> {
        self.0.public_key().modulus()
    }
}

impl From<SecretKey> for SealingKey {
    fn from(key: SecretKey) -> Self {
        Self(Arc::new(key))
    }
}

impl From<Arc<SecretKey>> for SealingKey {
    fn from(key: Arc<SecretKey>) -> Self {
        Self(key)
    }
}
