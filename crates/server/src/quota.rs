//! How many records, or new keys, a caller may send per minute.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// After how many requests callers with a full quota are forgotten.
const FORGET_AFTER: u32 = 1024;
/// The largest request for which a quota may be raised.
const MOST_AT_ONCE: u32 = 1_000_000;

/// What callers may send: records, and keys that have to be checked.
pub(crate) struct Allowances {
    pub(crate) records: Option<Quotas>,
    pub(crate) new_keys: Option<Quotas>,
    /// What they were made from.
    terms: Terms,
}

/// The numbers that allowances come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) records_per_minute: usize,
    pub(crate) new_keys_per_minute: usize,
    /// Records of the largest request that a model takes.
    pub(crate) largest_request: u32,
}

impl Allowances {
    pub(crate) fn new(terms: Terms) -> Self {
        let quotas = |per_minute: usize, at_once: u32| {
            let per_minute = u32::try_from(per_minute).unwrap_or(u32::MAX);
            NonZeroU32::new(per_minute).map(|per_minute| Quotas::new(per_minute, at_once))
        };
        Self {
            records: quotas(terms.records_per_minute, terms.largest_request),
            new_keys: quotas(terms.new_keys_per_minute, 1),
            terms,
        }
    }

    /// Whether these still apply, so that what callers have sent isn't forgotten.
    pub(crate) fn are_for(&self, terms: Terms) -> bool {
        self.terms == terms
    }
}

/// What each caller may still send.
///
/// A quota fills evenly over time, up to a minute's worth, or to the largest request if that is
/// more: a caller who has been quiet may send one.
pub(crate) struct Quotas<C: Clock = DefaultClock> {
    callers: RateLimiter<Caller, HashMapStateStore<Caller>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    at_once: NonZeroU32,
    interval: Duration,
    requests: AtomicU32,
}

impl Quotas {
    pub(crate) fn new(records_per_minute: NonZeroU32, largest_request: u32) -> Self {
        Self::with_clock(records_per_minute, largest_request, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Quotas<C> {
    fn with_clock(records_per_minute: NonZeroU32, largest_request: u32, clock: C) -> Self {
        let largest = largest_request.min(MOST_AT_ONCE);
        let at_once = NonZeroU32::new(largest).map_or(records_per_minute, |largest| {
            largest.max(records_per_minute)
        });
        let quota = Quota::per_minute(records_per_minute).allow_burst(at_once);
        Self {
            callers: RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()),
            clock,
            at_once,
            interval: quota.replenish_interval(),
            requests: AtomicU32::new(0),
        }
    }
}

impl<C: Clock> Quotas<C> {
    /// Takes a request's first record from a caller's quota, before anything else is known about
    /// it.
    ///
    /// # Errors
    /// The time until the quota holds one, if it is used up.
    pub(crate) fn take_first(&self, caller: Caller) -> Result<(), Duration> {
        let requests = self.requests.fetch_add(1, Ordering::Relaxed);
        if requests % FORGET_AFTER == FORGET_AFTER - 1 {
            self.callers.retain_recent();
        }
        let taken = self.callers.check_key(&caller);
        taken.map_err(|refused| refused.wait_time_from(self.clock.now()))
    }

    /// Takes the rest of `records` records.
    ///
    /// # Errors
    /// The time until the quota holds all of the records, if it does not hold the others now; nothing is taken then.
    pub(crate) fn take_others(&self, caller: Caller, records: usize) -> Result<(), Duration> {
        let records = u32::try_from(records).unwrap_or(u32::MAX);
        let Some(others) = NonZeroU32::new(records.min(self.at_once.get()).saturating_sub(1))
        else {
            return Ok(());
        };
        let taken = self.callers.check_key_n(&caller, others);
        taken
            .expect("a request takes no more than a full quota")
            .map_err(|refused| refused.wait_time_from(self.clock.now()) + self.interval)
    }
}

/// Who sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    /// An address, or for IPv6 the network of 64 bits that one customer has.
    Address(IpAddr),
    /// The holder of a token, identified by its credential's digest, wherever they are.
    #[allow(dead_code, reason = "nobody has tokens in a build without a ledger")]
    Token([u8; 32]),
}

impl Caller {
    pub(crate) fn at(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
            v4 => v4,
        })
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V6(network)) => write!(f, "{network}/64"),
            Self::Address(address) => write!(f, "{address}"),
            Self::Token(_) => f.write_str("the holder of a token"),
        }
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    /// Quotas of a clock that stands still unless it is moved.
    fn quotas(
        records_per_minute: u32,
        largest_request: u32,
    ) -> (Quotas<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let per_minute = NonZeroU32::new(records_per_minute).unwrap();
        let quotas = Quotas::with_clock(per_minute, largest_request, clock.clone());
        (quotas, clock)
    }

    fn caller(address: &str) -> Caller {
        Caller::at(address.parse().unwrap())
    }

    fn take<C: Clock>(quotas: &Quotas<C>, caller: Caller, records: usize) -> Result<(), Duration> {
        quotas.take_first(caller)?;
        quotas.take_others(caller, records)
    }

    #[test]
    fn a_minute_brings_so_many_records() {
        let (quotas, clock) = quotas(60, 1);
        let (one, other) = (caller("192.0.2.1"), caller("192.0.2.2"));
        assert_eq!(take(&quotas, one, 60), Ok(()));
        assert_eq!(quotas.take_first(one), Err(Duration::from_secs(1)));
        assert_eq!(quotas.take_first(other), Ok(()));
        clock.advance(Duration::from_secs(1));
        assert_eq!(quotas.take_first(one), Ok(()));
        assert_eq!(quotas.take_first(one), Err(Duration::from_secs(1)));
        // No more than a minute's records, however long the caller was quiet.
        clock.advance(Duration::from_secs(3600));
        assert_eq!(take(&quotas, one, 60), Ok(()));
        assert!(quotas.take_first(one).is_err());
    }

    #[test]
    fn who_waits_as_he_is_told_gets_his_request_through() {
        let (quotas, clock) = quotas(6, 100);
        let one = caller("192.0.2.1");
        assert_eq!(take(&quotas, one, 100), Ok(()));
        clock.advance(Duration::from_secs(10));
        for records in [100, 2, 57, usize::MAX] {
            // The one record is there, the others are not.
            let wait = take(&quotas, one, records).unwrap_err();
            clock.advance(wait);
            assert_eq!(take(&quotas, one, records), Ok(()), "{records}");
            clock.advance(Duration::from_secs(10));
        }
    }

    #[test]
    fn callers_are_networks_of_one_customer() {
        assert_eq!(caller("2001:db8::1"), caller("2001:db8::ffff:1:2:3"));
        assert_ne!(caller("2001:db8::1"), caller("2001:db8:0:1::1"));
        assert_eq!(caller("::ffff:192.0.2.1"), caller("192.0.2.1"));
        assert_ne!(caller("192.0.2.1"), caller("192.0.2.2"));
    }

    #[test]
    fn callers_are_forgotten_when_their_quota_is_full() {
        let (quotas, clock) = quotas(60, 1);
        for number in 0..10 * FORGET_AFTER {
            let address = IpAddr::from(number.to_be_bytes());
            quotas.take_first(Caller::at(address)).unwrap();
            clock.advance(Duration::from_secs(1));
        }
        assert!(quotas.callers.len() <= FORGET_AFTER as usize + 1);
    }
}
