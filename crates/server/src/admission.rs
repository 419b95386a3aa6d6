//! How many requests may upload at a time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;
use crate::metrics::{Metrics, gauge};

/// The places for requests while they upload.
///
/// They are apart from the queue for computations, so that slow uploads don't keep requests that are
/// ready from it.
pub(crate) struct Admission {
    uploads: Arc<Semaphore>,
    size: usize,
}

/// The right to receive a body, until dropped.
pub(crate) struct Upload(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Admission {
    pub(crate) fn new(config: &Config) -> Self {
        let size = config.concurrent_uploads;
        Self {
            uploads: Arc::new(Semaphore::new(size)),
            size,
        }
    }

    /// The right to receive a body, unless too many others have it.
    pub(crate) fn upload(&self) -> Option<Upload> {
        Arc::clone(&self.uploads)
            .try_acquire_owned()
            .ok()
            .map(Upload)
    }

    /// Registers how many requests upload, to be looked at by operators.
    pub(crate) fn register(self: &Arc<Self>, metrics: &Metrics) {
        let admission = Arc::clone(self);
        metrics.register(|registry| {
            gauge(
                registry,
                "uploading",
                "Requests being received",
                None,
                move || (admission.size - admission.uploads.available_permits()) as u64,
            );
        });
    }
}
