//! [`KeyCache`], the public keys that a service has checked already.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use veilcast_paillier::{KeyPolicy, PublicKey, PublicKeyError, Randomizer, RandomizerPool};

/// How many keys are kept: each takes a few kilobytes.
const KEYS: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not zero");

/// For how many of them randomisers are made ahead: each has a thread.
const POOLS: NonZeroUsize = NonZeroUsize::new(8).expect("8 is not zero");

/// The most recently used public keys, so that a returning key is not checked again, and its
/// randomisers can be made ahead.
pub(crate) struct KeyCache {
    policy: KeyPolicy,
    keys: Mutex<LruCache<Vec<u8>, PublicKey>>,
    /// How many randomisers are kept ready for a returning key; none by default.
    ahead: usize,
    pools: Mutex<LruCache<[u8; 32], Arc<RandomizerPool>>>,
}

/// A key, and the pool of its randomisers, if it has one.
pub(crate) struct CheckedKey {
    pub(crate) key: PublicKey,
    pool: Option<Arc<RandomizerPool>>,
}

impl CheckedKey {
    /// As many fresh randomisers.
    pub(crate) fn randomizers(&self, count: usize) -> Vec<Randomizer> {
        match &self.pool {
            Some(pool) => pool.take(count),
            None => self.key.randomizers(count),
        }
    }
}

impl KeyCache {
    pub(crate) fn new(policy: KeyPolicy) -> Self {
        Self {
            policy,
            keys: Mutex::new(LruCache::new(KEYS)),
            ahead: 0,
            pools: Mutex::new(LruCache::new(POOLS)),
        }
    }

    pub(crate) fn set_ahead(&mut self, count: usize) {
        self.ahead = count;
    }

    /// The key with this modulus, checked now or earlier.
    ///
    /// Only good keys are kept, so bad ones can't drive them out.
    pub(crate) fn get(&self, modulus: &[u8]) -> Result<CheckedKey, PublicKeyError> {
        // A panic elsewhere leaves the caches whole: nothing of ours runs while they are locked.
        let keys = || self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let known = keys().get(modulus).cloned();
        if let Some(key) = known {
            let pool = self.pool(&key);
            return Ok(CheckedKey { key, pool });
        }
        let key = PublicKey::from_modulus(modulus, self.policy)?;
        keys().put(modulus.to_vec(), key.clone());
        Ok(CheckedKey { key, pool: None })
    }

    /// The pool of a returning key, made now if it has none; none too if no thread can be had.
    fn pool(&self, key: &PublicKey) -> Option<Arc<RandomizerPool>> {
        if self.ahead == 0 {
            return None;
        }
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&key.fingerprint()) {
            return Some(Arc::clone(pool));
        }
        let source = key.clone();
        let pool = RandomizerPool::new(move |count| source.randomizers(count), self.ahead).ok()?;
        let pool = Arc::new(pool);
        pools.put(key.fingerprint(), Arc::clone(&pool));
        Some(pool)
    }
}
