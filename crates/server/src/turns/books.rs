//! [`Books`]: who waits, who computes, and what each caller has used.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

/// The most computations that have begun: each holds a thread, and its ciphertexts.
const MOST_BEGUN: usize = 256;

/// How much there may be to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Slices that are computed at a time.
    pub(crate) running: usize,
    /// Requests in addition to that many.
    pub(crate) waiting: usize,
    /// A request is let in if it is estimated to wait no longer than this for others, and for its
    /// caller's own.
    pub(crate) wait: Duration,
    /// Cores that share the work.
    pub(crate) cores: usize,
}

/// What there is to do at some moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    /// Requests that wait for their first slice.
    pub(crate) waiting: usize,
    /// Requests that have begun.
    pub(crate) computing: usize,
    /// The estimated time until all of them are done.
    pub(crate) backlog: Duration,
}

/// Why a request gets no slice, or no further one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// There is no place for it, or another caller's request has taken it. The time is an estimate
    /// of how long it would wait.
    Full(Duration),
    /// The service is ending.
    Closed,
    /// Nobody waits for it.
    Abandoned,
}

/// A request of this many estimated seconds or more keeps all cores busy on its own, so it runs
/// alone. Two at once would both take longer, and whoever comes next would wait for both.
const ALONE: f64 = 0.25;
/// This many requests of a caller are let in whatever the earlier ones take: clients with many
/// records send several at a time, so that the service always has one to compute.
const AT_A_TIME: usize = 4;
/// How far estimates may be off, as a factor.
const MOST_OFF: f64 = 20.0;
/// Over how many requests this factor is averaged.
const AVERAGED: f64 = 16.0;
/// By which factor the cheapest recent cost grows with each costlier request.
const FORGETTING: f64 = 1.1;

/// How a request learns that its turn has come, or never will.
pub(super) type Granted = oneshot::Receiver<Result<(), Ended>>;

/// Notifies it.
type Grant = oneshot::Sender<Result<(), Ended>>;

/// A request.
pub(super) struct Entry<C> {
    caller: C,
    /// Estimated seconds of one core that it takes in total, and that are left.
    seconds: f64,
    left: f64,
    /// Seconds that it would have taken so far, had it been alone.
    took: f64,
    state: State,
    /// How many of the simultaneous slices it takes up while it computes one.
    width: usize,
    has_begun: bool,
    is_half_closed: Arc<AtomicBool>,
}

/// What a request does.
enum State {
    /// Waits for a slice.
    Waits(Grant),
    /// Computes one.
    Runs,
    /// Computes one, for nobody.
    Abandoned,
}

/// What a caller has in the books.
struct Line {
    /// Seconds of slices that the caller has used, counted from where others were when this one
    /// arrived.
    used: f64,
    /// Estimated seconds that are left to do.
    left: f64,
    /// How many requests.
    entries: usize,
}

/// All requests, in order of arrival.
pub(super) struct Books<C> {
    bounds: Bounds,
    entries: BTreeMap<u64, Entry<C>>,
    lines: HashMap<C, Line>,
    next_id: u64,
    running: usize,
    begun: usize,
    is_closed: bool,
    /// What the caller of the latest slice had used: where a new caller begins.
    clock: f64,
    /// Estimated seconds that are done per second, according to recent work.
    speed: f64,
    /// About what the cheapest recent requests cost.
    cheapest: f64,
}

impl<C> Entry<C> {
    pub(super) fn new(
        caller: C,
        seconds: f64,
        grant: Grant,
        is_half_closed: Arc<AtomicBool>,
    ) -> Self {
        Self {
            caller,
            seconds,
            left: seconds,
            took: 0.0,
            state: State::Waits(grant),
            width: 1,
            has_begun: false,
            is_half_closed,
        }
    }

    fn waits(&self) -> bool {
        matches!(self.state, State::Waits(_))
    }

    fn is_half_closed(&self) -> bool {
        self.is_half_closed.load(Ordering::Relaxed)
    }
}

impl<C: Clone + Eq + Hash> Books<C> {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            entries: BTreeMap::new(),
            lines: HashMap::new(),
            next_id: 0,
            running: 0,
            begun: 0,
            is_closed: false,
            clock: 0.0,
            speed: bounds.cores as f64,
            cheapest: 0.0,
        }
    }

    pub(super) fn load(&self) -> Load {
        Load {
            waiting: self.entries.len() - self.begun,
            computing: self.begun,
            backlog: self.backlog(),
        }
    }

    /// Whether a request of this caller, as cheap as recent ones, would be let in.
    pub(super) fn check(&self, caller: &C) -> Result<(), Ended> {
        self.admits(caller, self.cheapest)?;
        let own = self.left_of(caller) + self.cheapest;
        match self.is_full() && self.displaceable(own).is_none() {
            true => Err(Ended::Full(self.backlog())),
            false => Ok(()),
        }
    }

    /// Lets a request in, in place of another if necessary.
    pub(super) fn enter(&mut self, mut entry: Entry<C>) -> Result<u64, Ended> {
        if entry.seconds >= ALONE {
            entry.width = self.bounds.running;
        }
        self.cheapest = match self.cheapest {
            0.0 => entry.left,
            cheapest => entry.left.min(FORGETTING * cheapest),
        };
        self.admits(&entry.caller, entry.left)?;
        let own = self.left_of(&entry.caller) + entry.left;
        while self.is_full() {
            match self.displaceable(own) {
                Some(id) => self.dismiss(id, Ended::Full(self.backlog())),
                None => return Err(Ended::Full(self.backlog())),
            }
        }
        let clock = self.clock;
        let line = self.lines.entry(entry.caller.clone()).or_insert(Line {
            used: clock,
            left: 0.0,
            entries: 0,
        });
        line.left += entry.left;
        line.entries += 1;
        let id = self.next_id;
        self.next_id += 1;
        self.entries.insert(id, entry);
        self.grant();
        Ok(id)
    }

    /// Refuses everything that has not begun, and from now on whatever can't begin at once.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        let waiting = self.entries.iter().filter(|(_, entry)| !entry.has_begun);
        let waiting: Vec<u64> = waiting.map(|(&id, _)| id).collect();
        waiting
            .into_iter()
            .for_each(|id| self.dismiss(id, Ended::Closed));
        self.grant();
    }

    /// Sends a waiting request away.
    fn dismiss(&mut self, id: u64, why: Ended) {
        if let Some(entry) = self.remove(id)
            && let State::Waits(grant) = entry.state
        {
            // Its future may just be ending: then nobody listens.
            let _ = grant.send(Err(why));
        }
    }

    /// Ends a piece of `seconds`. The next one begins at once if `may_go_on` or if nobody else
    /// waits, and otherwise when the receiver is notified.
    pub(super) fn pause(
        &mut self,
        id: u64,
        seconds: f64,
        may_go_on: bool,
    ) -> Result<Option<Granted>, Ended> {
        self.account(id, seconds);
        let goes_on = may_go_on || !self.entries.values().any(Entry::waits);
        let Some(entry) = self.entries.get_mut(&id) else {
            return Err(Ended::Abandoned);
        };
        if matches!(entry.state, State::Abandoned) {
            return Err(Ended::Abandoned);
        }
        if goes_on {
            return Ok(None);
        }
        let (grant, granted) = oneshot::channel();
        entry.state = State::Waits(grant);
        self.running -= entry.width;
        self.grant();
        Ok(Some(granted))
    }

    /// Notes that a piece took `seconds`.
    pub(super) fn account(&mut self, id: u64, seconds: f64) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        // It ran on all cores, which it may have shared.
        let alone = seconds * entry.width as f64 / self.running.max(1) as f64;
        let done = (alone * self.speed).min(entry.left);
        entry.took += alone;
        entry.left -= done;
        if let Some(line) = self.lines.get_mut(&entry.caller) {
            line.used += seconds;
            line.left -= done;
        }
    }

    /// Notes that a request was fully computed, which shows how good the estimates are.
    pub(super) fn finish(&mut self, id: u64) {
        if let Some(entry) = self.entries.get(&id) {
            let seen = entry.seconds / entry.took.max(1e-6);
            let cores = self.bounds.cores as f64;
            let seen = seen.clamp(cores / MOST_OFF, cores * MOST_OFF);
            self.speed += (seen - self.speed) / AVERAGED;
        }
    }

    /// Marks a request as one that nobody waits for.
    pub(super) fn abandon(&mut self, id: u64) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        match std::mem::replace(&mut entry.state, State::Abandoned) {
            // It ends without computing anything more.
            State::Waits(grant) => {
                entry.width = 0;
                let _ = grant.send(Err(Ended::Abandoned));
            }
            State::Runs | State::Abandoned => {}
        }
        self.grant();
    }

    /// Removes a request, whatever it is doing.
    pub(super) fn leave(&mut self, id: u64) {
        self.remove(id);
        self.grant();
    }

    fn remove(&mut self, id: u64) -> Option<Entry<C>> {
        let entry = self.entries.remove(&id)?;
        if !entry.waits() {
            self.running -= entry.width;
        }
        if entry.has_begun {
            self.begun -= 1;
        }
        if let Some(line) = self.lines.get_mut(&entry.caller) {
            line.left -= entry.left;
            line.entries -= 1;
            if line.entries == 0 {
                self.lines.remove(&entry.caller);
            }
        }
        Some(entry)
    }

    /// Grants slices while there are any.
    fn grant(&mut self) {
        while let Some(id) = self.next()
            && let Some(entry) = self.entries.get_mut(&id)
            && self.running + entry.width <= self.bounds.running
        {
            let used = self.lines.get(&entry.caller).map_or(0.0, |line| line.used);
            self.clock = self.clock.max(used);
            let State::Waits(grant) = std::mem::replace(&mut entry.state, State::Runs) else {
                return;
            };
            self.running += entry.width;
            if !std::mem::replace(&mut entry.has_begun, true) {
                self.begun += 1;
            }
            // If its future is just ending, it leaves at once and its slice goes to the next.
            let _ = grant.send(Ok(()));
        }
    }

    /// The request whose turn it is: the first one of the caller who has used the least, and only if
    /// there is no other one that may have been abandoned.
    fn next(&self) -> Option<u64> {
        let may_begin = self.begun < MOST_BEGUN;
        let ready = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.waits() && (entry.has_begun || may_begin));
        let rank = |entry: &Entry<C>| {
            let used = self.lines.get(&entry.caller).map_or(0.0, |line| line.used);
            (entry.is_half_closed(), used)
        };
        let first = ready.min_by(|(_, one), (_, other)| {
            let (one, other) = (rank(one), rank(other));
            one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
        });
        first.map(|(&id, _)| id)
    }

    /// Whether nobody may wait any more, and a newcomer would have to.
    fn is_shut(&self) -> bool {
        self.is_closed && self.running >= self.bounds.running
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= self.bounds.waiting + self.bounds.running
    }

    /// Whether a request of this estimated cost would wait for no longer than it may.
    fn admits(&self, caller: &C, seconds: f64) -> Result<(), Ended> {
        if self.is_shut() {
            return Err(Ended::Closed);
        }
        // Until it is done, every other caller computes as much as this one, or everything they
        // have.
        let own = self.left_of(caller);
        let others = self.lines.iter().filter(|(other, _)| *other != caller);
        let others: f64 = others.map(|(_, line)| line.left.min(own + seconds)).sum();
        let is_usual = (self.lines.get(caller)).is_none_or(|line| line.entries < AT_A_TIME);
        let wait = self.time(others + if is_usual { 0.0 } else { own });
        match wait > self.bounds.wait {
            true => Err(Ended::Full(wait)),
            false => Ok(()),
        }
    }

    /// The waiting request whose place one of a caller with `own` seconds may take: one that may have been
    /// abandoned; else the last one of the caller who has the most to do, if that is more.
    fn displaceable(&self, own: f64) -> Option<u64> {
        let waiting = || self.entries.iter().filter(|(_, entry)| entry.waits());
        let abandoned = waiting().find(|(_, entry)| entry.is_half_closed());
        let last_of_most = || {
            waiting()
                .filter(|(_, entry)| !entry.has_begun)
                .map(|(id, entry)| (id, self.left_of(&entry.caller)))
                .filter(|&(_, left)| left > own)
                .max_by(|one, other| one.1.total_cmp(&other.1).then(one.0.cmp(other.0)))
        };
        let found = abandoned.map(|(id, _)| id);
        found.or_else(|| last_of_most().map(|(id, _)| id)).copied()
    }

    fn left_of(&self, caller: &C) -> f64 {
        self.lines.get(caller).map_or(0.0, |line| line.left)
    }

    /// The estimated time until everything here is done.
    fn backlog(&self) -> Duration {
        self.time(self.lines.values().map(|line| line.left).sum())
    }

    /// How long a number of estimated seconds takes.
    fn time(&self, seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds.max(0.0) / self.speed)
    }
}

#[cfg(test)]
impl<C: Clone + Eq + Hash> Books<C> {
    /// The requests that are computing, or have just been told that they may.
    pub(super) fn running_ids(&self) -> Vec<u64> {
        let running = self.entries.iter().filter(|(_, entry)| !entry.waits());
        running.map(|(&id, _)| id).collect()
    }

    /// Whether the counts are those of the entries, and no slice is left unused.
    pub(super) fn is_consistent(&self) -> bool {
        let entries = || self.entries.values();
        let running = entries().filter(|entry| !entry.waits());
        let of_lines: usize = self.lines.values().map(|line| line.entries).sum();
        let next = self.next().and_then(|id| self.entries.get(&id));
        self.running == running.map(|entry| entry.width).sum::<usize>()
            && self.begun == entries().filter(|entry| entry.has_begun).count()
            && of_lines == self.entries.len()
            && self.running <= self.bounds.running
            && next.is_none_or(|next| self.running + next.width > self.bounds.running)
    }
}
