//! [`RandomizerPool`]: randomisers computed in the background.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::randomizer::Randomizer;

/// The operating system refused a thread for a pool.
#[derive(Debug, thiserror::Error)]
#[error("can't start a thread that computes randomisers in the background; continue without it")]
pub struct PoolError(#[source] std::io::Error);

/// How many randomisers are computed together, which is faster than one by one.
const AT_ONCE: usize = 8;

/// Randomisers computed ahead of time by a background thread, so that encrypting or re-randomising
/// costs only one product.
///
/// Each randomiser is handed out once, and wiped when it has been used or when the pool is dropped.
/// When the pool is dropped, the thread finishes the randomisers that it is computing, and ends.
pub struct RandomizerPool {
    source: Box<dyn Fn(usize) -> Vec<Randomizer> + Send + Sync>,
    made: Mutex<Receiver<Randomizer>>,
}

impl RandomizerPool {
    /// Starts the thread, which keeps up to `capacity` randomisers of `source` ready.
    ///
    /// `source` returns as many randomisers as it is asked for, as
    /// [`SecretKey::randomizers`](crate::SecretKey::randomizers) does.
    ///
    /// # Errors
    /// The operating system may refuse another thread.
    pub fn new<S>(source: S, capacity: usize) -> Result<Self, PoolError>
    where
        S: Fn(usize) -> Vec<Randomizer> + Clone + Send + Sync + 'static,
    {
        let (sender, made) = sync_channel(capacity);
        let make = source.clone();
        // Blocks while the pool is full, and ends when the receiver has been dropped.
        thread::Builder::new()
            .name("randomizers".into())
            .spawn(move || while make(AT_ONCE).into_iter().all(|r| sender.send(r).is_ok()) {})
            .map_err(PoolError)?;
        Ok(Self {
            source: Box::new(source),
            made: Mutex::new(made),
        })
    }

    /// Takes `count` randomisers: ready ones first, then new ones.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn take(&self, count: usize) -> Vec<Randomizer> {
        let mut taken = self.take_ready(count);
        taken.extend((self.source)(count - taken.len()));
        taken
    }

    /// Takes up to `count` randomisers, as many as are ready.
    pub fn take_ready(&self, count: usize) -> Vec<Randomizer> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.try_iter().take(count).collect()
    }
}

impl std::fmt::Debug for RandomizerPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RandomizerPool")
    }
}
