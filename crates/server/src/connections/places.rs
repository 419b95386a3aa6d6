//! The places for connections: how many there are, how many a caller has, and who makes room.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::activity::Activity;
use crate::quota::Caller;

/// How long a peer must have delayed its answer or its request before it makes room for others.
const LONG_ENOUGH: Duration = Duration::from_millis(250);
/// How long a connection must have been without a request, if it has had one: the next may be on
/// its way.
const REST: Duration = Duration::from_millis(50);

/// The places of one side.
pub(super) struct Places {
    limit: usize,
    /// How many of them a caller may have; nothing where callers are not told apart.
    per_caller: Option<usize>,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    taken: HashMap<u64, Taken>,
    callers: HashMap<Caller, usize>,
    next: u64,
    /// Connections that were asked to make room and are not closed yet.
    leaving: usize,
}

struct Taken {
    caller: Option<Caller>,
    activity: Arc<Activity>,
}

/// A connection's place, until dropped.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// All are taken by active connections.
    Full,
    /// The caller already has its share of them.
    Share,
}

/// How many places are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InUse {
    pub(super) active: usize,
    pub(super) idle: usize,
}

impl Places {
    pub(super) fn new(limit: usize, per_caller: Option<usize>) -> Arc<Self> {
        Arc::new(Self {
            limit,
            per_caller,
            table: Mutex::default(),
        })
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// A place for a connection of a caller.
    ///
    /// If there is none, the connection that has been idle longest makes room; it is one of the
    /// caller's own if the caller's share is full. Without an idle one, it is the one that has kept
    /// its answer waiting longest; failing that, the one whose request comes in slowest.
    pub(super) fn take(
        self: &Arc<Self>,
        caller: Option<Caller>,
        activity: &Arc<Activity>,
    ) -> Result<Place, NoPlace> {
        let mut table = self.table();
        if let (Some(caller), Some(share)) = (caller, self.per_caller)
            && table
                .callers
                .get(&caller)
                .is_some_and(|&taken| taken >= share)
        {
            let leaver = table.leaver(|taken| taken.caller == Some(caller));
            table.leave(leaver.ok_or(NoPlace::Share)?);
        }
        if table.taken.len() >= self.limit {
            // Leaving takes a moment; no flood may make too many leave.
            let leaver = (table.leaving < self.limit)
                .then(|| table.leaver(|_| true))
                .flatten();
            table.leave(leaver.ok_or(NoPlace::Full)?);
        }
        let number = table.next;
        table.next += 1;
        if let Some(caller) = caller {
            *table.callers.entry(caller).or_default() += 1;
        }
        let activity = Arc::clone(activity);
        table.taken.insert(number, Taken { caller, activity });
        Ok(Place {
            places: Arc::clone(self),
            number,
        })
    }

    /// Asks the connection that has been idle longest to close, if there is one.
    pub(super) fn make_room(&self) {
        let mut table = self.table();
        if let Some(leaver) = table.leaver(|_| true) {
            table.leave(leaver);
        }
    }

    pub(super) fn in_use(&self) -> InUse {
        let table = self.table();
        let idle = |taken: &&Taken| taken.activity.idle_since().is_some();
        let idle = table.taken.values().filter(idle).count();
        InUse {
            active: table.taken.len() - idle + table.leaving,
            idle,
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// The connection among these that makes room.
    fn leaver(&self, among: impl Fn(&Taken) -> bool) -> Option<u64> {
        let among = || self.taken.iter().filter(|(_, taken)| among(taken));
        let idle = among()
            .filter_map(|(number, taken)| taken.activity.at_rest_since(REST).zip(Some(*number)))
            .min();
        let blocked = || {
            among()
                .filter_map(|(number, taken)| taken.activity.blocked_since().zip(Some(*number)))
                .filter(|(since, _)| since.elapsed() >= LONG_ENOUGH)
                .min()
        };
        let slowest = || {
            let rate = |taken: &Taken| taken.activity.incoming_rate(LONG_ENOUGH);
            let rates = among().filter_map(|(number, taken)| Some((rate(taken)?, *number)));
            rates
                .min_by(|(a, _), (b, _)| a.total_cmp(b))
                .map(|(_, number)| number)
        };
        idle.or_else(blocked)
            .map(|(_, number): (Instant, u64)| number)
            .or_else(slowest)
    }

    fn leave(&mut self, number: u64) {
        if let Some(leaver) = self.remove(number) {
            self.leaving += 1;
            leaver.activity.ask_to_leave();
        }
    }

    fn remove(&mut self, number: u64) -> Option<Taken> {
        let removed = self.taken.remove(&number)?;
        if let Some(caller) = removed.caller
            && let Some(taken) = self.callers.get_mut(&caller)
        {
            *taken -= 1;
            if *taken == 0 {
                self.callers.remove(&caller);
            }
        }
        Some(removed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.places.table();
        if table.remove(self.number).is_none() {
            table.leaving -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::task::{Context, Waker};

    use super::*;

    fn caller(last: u8) -> Option<Caller> {
        Some(Caller::at([192, 0, 2, last].into()))
    }

    fn is_asked(activity: &Arc<Activity>) -> bool {
        let asked = std::pin::pin!(activity.asked_to_leave());
        asked
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    }

    /// A connection of a caller with its place.
    fn connect(places: &Arc<Places>, last: u8) -> (Arc<Activity>, Result<Place, NoPlace>) {
        let activity = Activity::new();
        let place = places.take(caller(last), &activity);
        (activity, place)
    }

    #[test]
    fn the_longest_idle_makes_room() {
        let places = Places::new(2, None);
        let (first, first_place) = connect(&places, 1);
        let (other, _other_place) = connect(&places, 1);
        // One that has just answered is not the longest idle.
        drop(first.request());
        let (_third, third_place) = connect(&places, 2);
        assert!(third_place.is_ok());
        assert_eq!((is_asked(&first), is_asked(&other)), (false, true));

        let busy = first.request();
        let working = _third.request();
        assert_eq!(connect(&places, 2).1.err(), Some(NoPlace::Full));
        assert_eq!(places.in_use(), InUse { active: 3, idle: 0 });
        drop(busy);
        // Its next request may be on its way.
        assert_eq!(connect(&places, 2).1.err(), Some(NoPlace::Full));
        std::thread::sleep(REST);
        assert!(connect(&places, 2).1.is_ok());
        assert!(is_asked(&first));
        drop((first_place, third_place, working));
    }

    #[test]
    fn who_keeps_an_answer_waiting_makes_room_if_nobody_is_idle() {
        let places = Places::new(1, None);
        let (reader, _place) = connect(&places, 1);
        let _request = reader.request();
        let now = Instant::now();
        reader.set_blocked(Some(now));
        assert_eq!(connect(&places, 2).1.err(), Some(NoPlace::Full));
        reader.set_blocked(now.checked_sub(LONG_ENOUGH));
        let (_, place) = connect(&places, 2);
        assert!(place.is_ok() && is_asked(&reader));
    }

    #[test]
    fn whose_request_comes_in_slowest_makes_room_if_nobody_else_does() {
        let places = Places::new(2, None);
        let (fast, _fast_place) = connect(&places, 1);
        let (slow, _slow_place) = connect(&places, 1);
        let _requests = (fast.request(), slow.request());
        let _bodies = (fast.body(), slow.body());
        fast.add_read(1000);
        slow.add_read(10);
        assert_eq!(connect(&places, 2).1.err(), Some(NoPlace::Full));
        std::thread::sleep(LONG_ENOUGH);
        let (_, place) = connect(&places, 2);
        assert!(place.is_ok() && is_asked(&slow) && !is_asked(&fast));
    }

    #[test]
    fn callers_have_a_share() {
        let places = Places::new(10, Some(2));
        let (one, one_place) = connect(&places, 1);
        let (two, _two_place) = connect(&places, 1);
        let (_request, _other) = (one.request(), two.request());
        assert_eq!(connect(&places, 1).1.err(), Some(NoPlace::Share));
        let (foreign, _place) = connect(&places, 2);
        // A caller's own idle connection makes room for the caller, nobody else's.
        drop(_request);
        std::thread::sleep(REST);
        let (_, third) = connect(&places, 1);
        assert!(third.is_ok() && is_asked(&one) && !is_asked(&foreign));
        drop((one_place, third));
        assert!(connect(&places, 1).1.is_ok());
        assert_eq!(places.table().callers.len(), 2);
    }

    #[test]
    fn no_flood_makes_many_leave() {
        let places = Places::new(2, None);
        // They are asked to leave, but take their time.
        let kept: Vec<_> = (0..4).map(|_| connect(&places, 1)).collect();
        assert!(kept.iter().all(|(_, place)| place.is_ok()));
        assert_eq!(connect(&places, 1).1.err(), Some(NoPlace::Full));
        drop(kept);
        assert_eq!(places.in_use(), InUse { active: 0, idle: 0 });
        assert!(connect(&places, 1).1.is_ok());
    }
}
