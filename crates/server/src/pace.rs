//! The minimum rate at which a peer must send or read.

use std::time::Duration;

use tokio::time::Instant;

/// How far a peer is ahead of the minimum rate.
///
/// It begins with a grace period, and earns no more than that by being fast: a peer that stalls for
/// the grace period is too slow, whatever came before, and one that never stalls that long may be
/// slow at times.
pub(crate) struct Pace {
    /// Bytes per second; nothing if any rate will do.
    least: Option<f64>,
    /// How far a peer may be ahead at most, in bytes.
    most: f64,
    ahead: f64,
    since: Instant,
}

impl Pace {
    /// A pace from this moment on; `slack` is how many bytes may be in transit unseen.
    pub(crate) fn new(
        since: Instant,
        bytes_per_second: usize,
        grace: Duration,
        slack: usize,
    ) -> Self {
        let least = bytes_per_second as f64;
        let most = least * grace.as_secs_f64() + slack as f64;
        Self {
            least: (bytes_per_second > 0).then_some(least),
            most,
            ahead: most,
            since,
        }
    }

    /// Counts what has come or gone until now.
    pub(crate) fn add(&mut self, now: Instant, bytes: usize) {
        let passed = now.duration_since(self.since).as_secs_f64();
        let due = self.least.unwrap_or_default() * passed;
        self.ahead = (self.ahead - due + bytes as f64).min(self.most);
        self.since = now;
    }

    /// When the peer will have been too slow, if nothing comes or goes until then.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let seconds = (self.ahead / self.least?).max(0.0);
        // A day is as good as never, and in range.
        Some(self.since + Duration::from_secs_f64(seconds.min(86_400.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(10);

    #[test]
    fn who_is_slower_than_the_least_rate_is_found_after_the_grace() {
        let start = Instant::now();
        let mut pace = Pace::new(start, 100, GRACE, 0);
        assert_eq!(pace.deadline(), Some(start + GRACE));
        // Half the rate: twice the grace.
        let mut now = start;
        while pace.deadline().unwrap() > now {
            now += Duration::from_secs(1);
            pace.add(now, 50);
        }
        let seconds = now.duration_since(start).as_secs();
        assert!((19..=21).contains(&seconds), "{seconds}");
    }

    #[test]
    fn who_keeps_the_rate_with_pauses_is_never_too_slow() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now, 100, GRACE, 0);
        for _ in 0..100 {
            now += Duration::from_secs(9);
            assert!(pace.deadline().unwrap() > now);
            pace.add(now, 900);
        }
        // Having been fast is no reason to stall.
        pace.add(now, 1_000_000);
        assert_eq!(pace.deadline(), Some(now + GRACE));
        assert_eq!(Pace::new(now, 0, GRACE, 0).deadline(), None);
    }
}
