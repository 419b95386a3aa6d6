//! When a client no longer needs its answer: what can't be ready by then is given up.

use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::turns::cores;

/// The end of the time that a request allows for its answer, if it states one.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    timeout: Duration,
    end: Option<Instant>,
}

impl Deadline {
    /// The deadline of a request that arrived at this time.
    pub(crate) fn new(arrived: Instant, timeout: Option<Duration>) -> Self {
        Self {
            timeout: timeout.unwrap_or_default(),
            // A deadline beyond the clock's range is none.
            end: timeout.and_then(|timeout| arrived.checked_add(timeout)),
        }
    }

    /// Waits for something until then.
    pub(crate) async fn wait<T>(self, work: impl Future<Output = T>) -> Result<T, Fault> {
        match self.end {
            None => Ok(work.await),
            Some(end) => tokio::time::timeout_at(end.into(), work)
                .await
                .map_err(|_| self.passed()),
        }
    }

    /// Checks that a computation of this many seconds of one core can end before it, if all cores are free.
    pub(crate) fn check(self, seconds: f64) -> Result<(), Fault> {
        let rest = Duration::try_from_secs_f64(seconds / cores() as f64).unwrap_or(Duration::MAX);
        let left = self
            .end
            .map(|end| end.saturating_duration_since(Instant::now()));
        match left {
            Some(left) if left.is_zero() || left < rest => Err(self.passed()),
            _ => Ok(()),
        }
    }

    fn passed(self) -> Fault {
        Fault::TimeoutPassed {
            timeout: self.timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn what_can_not_be_there_in_time_is_given_up() {
        let now = Instant::now();
        for none in [None, Some(Duration::MAX)] {
            let deadline = Deadline::new(now, none);
            assert!(deadline.check(1e9).is_ok());
            assert!(matches!(deadline.wait(async { 7 }).await, Ok(7)));
        }
        let deadline = Deadline::new(now, Some(1000 * SECOND));
        assert!(deadline.check(1.0).is_ok());
        assert!(deadline.check(f64::INFINITY).is_err());
        assert!(deadline.check(1e9).is_err());

        let past = Deadline::new(now, Some(Duration::from_micros(1)));
        assert!(past.check(0.0).is_err());
        let waited = past.wait(std::future::pending::<()>()).await;
        assert!(matches!(waited, Err(Fault::TimeoutPassed { .. })));
    }
}
