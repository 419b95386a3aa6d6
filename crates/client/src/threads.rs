//! Work that takes a while, on separate threads.

use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;

use rayon::ThreadPool;
use tokio::task::spawn_blocking;

/// The threads that encrypt and decrypt: this process's usual ones, or a pool of the caller's.
#[derive(Clone, Default)]
pub struct Threads(Option<Arc<ThreadPool>>);

impl Threads {
    /// Those of a pool.
    pub fn of(pool: Arc<ThreadPool>) -> Self {
        Self(Some(pool))
    }

    /// Runs a piece of work while a thread waits for it that may block.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let pool = self.0.clone();
        let done = spawn_blocking(move || match pool {
            Some(pool) => pool.install(work),
            None => work(),
        });
        match done.await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is ending, and this task with it.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(pool) => write!(f, "{} threads of the caller's", pool.current_num_threads()),
            None => f.write_str("the process's threads"),
        }
    }
}
