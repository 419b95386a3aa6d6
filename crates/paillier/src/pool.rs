//! [`RandomizerPool`]: randomisers made ahead in the background.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::randomizer::Randomizer;

/// The operating system refused a thread for a pool.
#[derive(Debug, thiserror::Error)]
#[error("can't start a thread that makes randomisers ahead; go on without")]
pub struct PoolError(#[source] std::io::Error);

/// Randomisers that are made together, which takes less time than one by one.
const AT_ONCE: usize = 8;

/// Randomisers made ahead by a thread of its own, so that encrypting or re-randomising costs one
/// product when it is asked for.
///
/// Each is given out once, and wiped when used or when the pool is dropped. Dropping the pool ends
/// the thread after the randomisers that it is making.
pub struct RandomizerPool {
    source: Box<dyn Fn(usize) -> Vec<Randomizer> + Send + Sync>,
    made: Mutex<Receiver<Randomizer>>,
}

impl RandomizerPool {
    /// Starts to make randomisers from `source`, which makes as many as it is asked for, such as
    /// [`SecretKey::randomizers`](crate::SecretKey::randomizers), and keeps up to `capacity` ready.
    ///
    /// # Errors
    /// The operating system may refuse another thread.
    pub fn new<S>(source: S, capacity: usize) -> Result<Self, PoolError>
    where
        S: Fn(usize) -> Vec<Randomizer> + Clone + Send + Sync + 'static,
    {
        let (sender, made) = sync_channel(capacity);
        let make = source.clone();
        // Blocks while the pool is full, and ends when nobody can receive any more.
        thread::Builder::new()
            .name("randomizers".into())
            .spawn(move || while make(AT_ONCE).into_iter().all(|r| sender.send(r).is_ok()) {})
            .map_err(PoolError)?;
        Ok(Self {
            source: Box::new(source),
            made: Mutex::new(made),
        })
    }

    /// As many randomisers: those made ahead, and for what is missing new ones.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn take(&self, count: usize) -> Vec<Randomizer> {
        let mut taken: Vec<Randomizer> = {
            let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            made.try_iter().take(count).collect()
        };
        taken.extend((self.source)(count - taken.len()));
        taken
    }
}

impl std::fmt::Debug for RandomizerPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RandomizerPool")
    }
}
