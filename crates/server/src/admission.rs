//! How many requests may be under way, and where.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;
use crate::metrics::{Metrics, gauge};

/// The places for requests: while they upload, while they wait, while they compute.
///
/// Uploads have places of their own, so that slow ones don't keep those that are ready from the
/// queue.
pub(crate) struct Admission {
    uploads: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    computations: Arc<Semaphore>,
    size: Load,
}

/// How many requests are, or may be, in each place.
pub(crate) struct Load {
    pub(crate) uploading: usize,
    pub(crate) waiting: usize,
    pub(crate) computing: usize,
}

/// The right to receive a body, until dropped.
pub(crate) struct Upload(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

/// A place in the queue, or at the computation after it, until dropped.
pub(crate) struct Place(OwnedSemaphorePermit);

/// The right to compute, until dropped.
#[expect(dead_code, reason = "held, not read")]
pub(crate) struct Turn {
    computation: OwnedSemaphorePermit,
    place: OwnedSemaphorePermit,
}

impl Admission {
    pub(crate) fn new(config: &Config) -> Self {
        let size = Load {
            uploading: config.concurrent_uploads,
            waiting: config.queue_length,
            computing: config.concurrent_computations,
        };
        Self {
            uploads: Arc::new(Semaphore::new(size.uploading)),
            queue: Arc::new(Semaphore::new(size.waiting + size.computing)),
            computations: Arc::new(Semaphore::new(size.computing)),
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

    /// A place in the queue, unless it is full.
    pub(crate) fn place(&self) -> Option<Place> {
        Arc::clone(&self.queue).try_acquire_owned().ok().map(Place)
    }

    /// Waits for the right to compute: first come, first served.
    pub(crate) async fn turn(&self, place: Place) -> Turn {
        let computation = Arc::clone(&self.computations).acquire_owned().await;
        Turn {
            computation: computation.expect("the semaphore is never closed"),
            place: place.0,
        }
    }

    /// Registers how many requests are in each place, to be looked at by operators.
    pub(crate) fn register(self: &Arc<Self>, metrics: &Metrics) {
        type Count = fn(&Load) -> usize;
        let gauges: [(&str, &str, Count); 3] = [
            ("uploading", "Requests being received", |load| {
                load.uploading
            }),
            ("waiting", "Requests in the queue", |load| load.waiting),
            ("computing", "Requests being computed", |load| {
                load.computing
            }),
        ];
        metrics.register(|registry| {
            for (name, help, count) in gauges {
                let admission = Arc::clone(self);
                gauge(registry, name, help, None, move || count(&admission.load()));
            }
        });
    }

    /// How many requests are in each place at this moment.
    pub(crate) fn load(&self) -> Load {
        let computing = self.size.computing - self.computations.available_permits();
        let queued = self.size.waiting + self.size.computing - self.queue.available_permits();
        Load {
            uploading: self.size.uploading - self.uploads.available_permits(),
            waiting: queued.saturating_sub(computing),
            computing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_are_counted_and_freed() {
        let config = Config {
            concurrent_uploads: 1,
            queue_length: 1,
            concurrent_computations: 1,
            ..Config::default()
        };
        let admission = Admission::new(&config);
        let load = || {
            let Load {
                uploading,
                waiting,
                computing,
            } = admission.load();
            [uploading, waiting, computing]
        };

        let upload = admission.upload().unwrap();
        assert!(admission.upload().is_none());
        let first = admission.turn(admission.place().unwrap()).await;
        let second = admission.place().unwrap();
        assert!(admission.place().is_none());
        assert_eq!(load(), [1, 1, 1]);

        drop(upload);
        drop(first);
        assert_eq!(load(), [0, 1, 0]);
        let turn = admission.turn(second).await;
        assert_eq!(load(), [0, 0, 1]);
        drop(turn);
        assert_eq!(load(), [0, 0, 0]);
    }
}
