//! [`Keys`], the public keys that a service has accepted.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use veilcast_paillier::{
    KeyPolicy, KeyProof, ProvenKey, PublicKey, PublicKeyError, Randomizer, RandomizerPool,
};
use veilcast_protocol::{ContentDigest, KeyFingerprint};

use crate::error::EvaluateError;

/// How many keys are kept: each takes about ten kilobytes.
const ACCEPTED: NonZeroUsize = NonZeroUsize::new(1024).expect("1024 is not zero");

/// How many refusals are kept.
const REFUSED: NonZeroUsize = NonZeroUsize::new(4096).expect("4096 is not zero");

/// How long a refusal is repeated without another check.
const REFUSED_FOR: Duration = Duration::from_secs(600);

/// For how many keys randomisers are made ahead of time: each has a thread.
const POOLS: NonZeroUsize = NonZeroUsize::new(8).expect("8 is not zero");

/// How many requests of a key must be computed before randomisers are made ahead of time for it.
const BEFORE_POOL: u32 = 3;

/// The public keys that a service has accepted, so that a returning one needs no proof, and its
/// randomisers can be made ahead of time. The models of a service share them.
///
/// A key is accepted once its proof has been checked, which takes much longer than checking the
/// rest of a request. So refusals are kept too, for ten minutes, and only for the exact bytes that
/// were refused: a wrong proof for somebody else's key doesn't harm that key.
pub struct Keys {
    policy: KeyPolicy,
    accepted: Mutex<LruCache<KeyFingerprint, AcceptedKey>>,
    /// By the digest of a modulus, or of a modulus and a proof.
    refused: Mutex<LruCache<ContentDigest, (Instant, EvaluateError)>>,
    /// How many randomisers are kept ready for a returning key; none by default.
    ahead: usize,
    pools: Mutex<LruCache<KeyFingerprint, Arc<RandomizerPool>>>,
}

#[derive(Clone)]
struct AcceptedKey {
    key: ProvenKey,
    /// How many of its requests were computed.
    computed: u32,
}

/// A key, and the pool of its randomisers, if it has one.
pub(crate) struct CheckedKey {
    pub(crate) key: ProvenKey,
    pool: Option<Arc<RandomizerPool>>,
}

impl CheckedKey {
    /// Up to `count` fresh randomisers, as many as were made ahead of time.
    pub(crate) fn ready_randomizers(&self, count: usize) -> Vec<Randomizer> {
        let ready = self.pool.as_ref().map(|pool| pool.take_ready(count));
        ready.unwrap_or_default()
    }
}

impl Keys {
    /// No keys yet; the policy says which sizes to accept.
    pub fn new(policy: KeyPolicy) -> Self {
        Self {
            policy,
            accepted: Mutex::new(LruCache::new(ACCEPTED)),
            refused: Mutex::new(LruCache::new(REFUSED)),
            ahead: 0,
            pools: Mutex::new(LruCache::new(POOLS)),
        }
    }

    /// Keeps up to `count` randomisers ready for each of the eight keys that returned last, made in
    /// the background: a returning client waits less, and the processor has more to do.
    ///
    /// Only a key with several computed requests gets them, so that nobody can have them made by
    /// the dozen for keys that never return.
    #[must_use]
    pub fn with_randomizers_ahead(mut self, count: usize) -> Self {
        self.ahead = count;
        self
    }

    /// The sizes of keys that are accepted.
    pub fn policy(&self) -> KeyPolicy {
        self.policy
    }

    /// Whether the key with this modulus was accepted and is still known.
    pub fn knows(&self, modulus: &[u8]) -> bool {
        let fingerprint = KeyFingerprint::of(modulus);
        locked(&self.accepted).contains(&fingerprint)
    }

    /// How many accepted keys are known.
    pub fn accepted(&self) -> usize {
        locked(&self.accepted).len()
    }

    /// For how many keys randomisers are being made ahead of time.
    pub fn pools(&self) -> usize {
        locked(&self.pools).len()
    }

    /// |n| in bits for a modulus of an accepted size, before anything is computed with it.
    ///
    /// # Errors
    /// The size must be one that the policy accepts.
    pub(crate) fn bits(&self, modulus: &[u8]) -> Result<u32, EvaluateError> {
        let top = modulus.first().map_or(8, |byte| byte.leading_zeros());
        let bits = (8 * modulus.len() as u32).saturating_sub(top);
        match self.policy.allows(bits) {
            true => Ok(bits),
            false => Err(PublicKeyError::Size(bits).into()),
        }
    }

    /// The key with this modulus, if it was accepted before or its proof is right.
    ///
    /// # Errors
    /// [`EvaluateError`] says what is wrong with the modulus or the proof, or that the proof is
    /// missing.
    pub(crate) fn get(
        &self,
        modulus: &[u8],
        proof: Option<&[u8]>,
    ) -> Result<CheckedKey, EvaluateError> {
        let fingerprint = KeyFingerprint::of(modulus);
        let known = locked(&self.accepted).get(&fingerprint).cloned();
        if let Some(AcceptedKey { key, computed }) = known {
            let pool = (computed >= BEFORE_POOL).then(|| self.pool(fingerprint, &key));
            return Ok(CheckedKey {
                key,
                pool: pool.flatten(),
            });
        }
        let of_modulus = ContentDigest::of(modulus);
        self.not_refused(of_modulus)?;
        let proof = proof.ok_or(EvaluateError::KeyProofNeeded)?;
        // Unlike the modulus itself, its fingerprint has a fixed length, so it can't run into the
        // proof.
        let of_both = ContentDigest::of(&[fingerprint.as_bytes(), proof].concat());
        self.not_refused(of_both)?;

        let key = PublicKey::from_modulus(modulus, self.policy);
        let key = key.map_err(|error| self.refuse(of_modulus, error))?;
        let proven = key.prove(&KeyProof::from_bytes(proof));
        let key = proven.map_err(|error| self.refuse(of_both, error))?;
        let accepted = AcceptedKey {
            key: key.clone(),
            computed: 0,
        };
        locked(&self.accepted).put(fingerprint, accepted);
        Ok(CheckedKey { key, pool: None })
    }

    /// Notes that a request under this key was computed.
    pub(crate) fn computed(&self, modulus: &[u8]) {
        if let Some(key) = locked(&self.accepted).get_mut(&KeyFingerprint::of(modulus)) {
            key.computed = key.computed.saturating_add(1);
        }
    }

    /// The refusal of these bytes, if they were refused recently.
    fn not_refused(&self, digest: ContentDigest) -> Result<(), EvaluateError> {
        let mut refused = locked(&self.refused);
        match refused.get(&digest) {
            Some((when, error)) if when.elapsed() < REFUSED_FOR => Err(error.clone()),
            Some(_) => {
                refused.pop(&digest);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn refuse(&self, digest: ContentDigest, error: impl Into<EvaluateError>) -> EvaluateError {
        let error = error.into();
        locked(&self.refused).put(digest, (Instant::now(), error.clone()));
        error
    }

    /// The pool of a returning key, made now if it has none; also none if no thread is available.
    fn pool(&self, fingerprint: KeyFingerprint, key: &PublicKey) -> Option<Arc<RandomizerPool>> {
        if self.ahead == 0 {
            return None;
        }
        let mut pools = locked(&self.pools);
        if let Some(pool) = pools.get(&fingerprint) {
            return Some(Arc::clone(pool));
        }
        let source = key.clone();
        let pool = RandomizerPool::new(move |count| source.randomizers(count), self.ahead).ok()?;
        let pool = Arc::new(pool);
        pools.put(fingerprint, Arc::clone(&pool));
        Some(pool)
    }
}

/// A panic elsewhere leaves the caches intact: none of our code runs while they are locked.
fn locked<T>(cache: &Mutex<T>) -> MutexGuard<'_, T> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({} accepted)", locked(&self.accepted).len())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use veilcast_paillier::SecretKey;

    use super::*;

    /// Refusals are recognised before any arithmetic is done again, and nothing else is.
    #[test]
    fn refusals_are_remembered_for_their_bytes_alone() {
        let policy = KeyPolicy {
            allow_insecure_1024: true,
        };
        let keys = Keys::new(policy);
        let even = [vec![0x80], vec![0; 127]].concat();
        let of_even = ContentDigest::of(&even);
        keys.not_refused(of_even).unwrap();
        let refusal = keys.get(&even, Some(&[1; 1024])).err();
        assert_eq!(refusal, Some(PublicKeyError::Even.into()));
        assert_eq!(keys.not_refused(of_even).err(), refusal);

        let secret = SecretKey::generate(1024, policy).unwrap();
        let modulus = secret.public_key().modulus();
        let fingerprint = KeyFingerprint::of(&modulus);
        let with = |proof: &[u8]| ContentDigest::of(&[fingerprint.as_bytes(), proof].concat());
        let refusal = keys.get(&modulus, Some(&[1; 1024])).err();
        assert!(matches!(refusal, Some(EvaluateError::KeyProof(_))));
        assert_eq!(keys.not_refused(with(&[1; 1024])).err(), refusal);
        keys.not_refused(with(&[2; 1024])).unwrap();
        keys.not_refused(ContentDigest::of(&modulus)).unwrap();
    }
}
