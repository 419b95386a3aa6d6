//! Tokens that were looked up a moment ago.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use veilcast_ledger::{Credential, Token};

/// How long a looked-up token is trusted: a revoked one may still be let in for that long, but gets
/// no answers, since charging finds out.
const FRESH: Duration = Duration::from_secs(3);
/// The most tokens that are remembered.
const MOST: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// Valid tokens by their credentials.
pub(super) struct Known(Mutex<LruCache<Credential, (Arc<Token>, Instant)>>);

impl Known {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(MOST)))
    }

    fn cache(
        &self,
    ) -> impl std::ops::DerefMut<Target = LruCache<Credential, (Arc<Token>, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token, and whether it was looked up just now.
    pub(super) fn get(&self, credential: &Credential, now: Instant) -> Option<(Arc<Token>, bool)> {
        let mut cache = self.cache();
        let (token, at) = cache.get(credential)?;
        Some((Arc::clone(token), now.duration_since(*at) < FRESH))
    }

    pub(super) fn remember(&self, credential: Credential, token: Arc<Token>, now: Instant) {
        self.cache().put(credential, (token, now));
    }

    pub(super) fn forget(&self, credential: &Credential) {
        self.cache().pop(credential);
    }
}
