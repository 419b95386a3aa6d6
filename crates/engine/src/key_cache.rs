//! [`KeyCache`], the public keys that a service has checked already.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;
use veilcast_paillier::{KeyPolicy, PublicKey, PublicKeyError};

/// How many keys are kept: each takes a few kilobytes.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not zero");

/// The most recently used public keys, so that a returning key is not checked again.
pub(crate) struct KeyCache {
    policy: KeyPolicy,
    keys: Mutex<LruCache<Vec<u8>, PublicKey>>,
}

impl KeyCache {
    pub(crate) fn new(policy: KeyPolicy) -> Self {
        Self {
            policy,
            keys: Mutex::new(LruCache::new(CAPACITY)),
        }
    }

    /// The key with this modulus, checked now or earlier.
    ///
    /// Only good keys are kept, so bad ones can't drive them out.
    pub(crate) fn get(&self, modulus: &[u8]) -> Result<PublicKey, PublicKeyError> {
        // A panic elsewhere leaves the cache whole: nothing of ours runs while it is locked.
        let lock = || self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = lock().get(modulus) {
            return Ok(key.clone());
        }
        let key = PublicKey::from_modulus(modulus, self.policy)?;
        lock().put(modulus.to_vec(), key.clone());
        Ok(key)
    }
}
