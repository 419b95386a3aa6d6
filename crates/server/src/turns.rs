//! Whose turn it is to compute: slices of computations, with callers taking turns by what they have
//! used.
//!
//! Every computation runs in slices (see `Evaluator::evaluate_in_slices`), a few small ones or one
//! costly one at a time. After each slice the caller who has used the least time goes next:
//! start-time fair queueing (Goyal, Vin and Cheng 1996) with slices in place of packets. A caller's
//! own requests are served in order. So a request that costs a minute takes no more from others
//! than one that costs a second, and only a caller who sends a thousand at once has to wait for
//! them.
//!
//! A request is refused if it would have to wait too long: for its caller's earlier ones, if there
//! are more than a client sends at a time, and for as much of each other caller's as is computed
//! until it is done. Estimates are corrected by the time that requests actually take. The queue is
//! also bounded in requests; if it is full, a caller who has less in it than another takes the
//! place of the other's last request. A request whose client has closed its side of the connection
//! may have been abandoned: it continues while nobody else waits, and leaves first when the queue
//! is full.

mod books;

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use prometheus_client::registry::Unit;
use tokio::sync::oneshot;

use self::books::{Books, Entry, Granted};
pub(crate) use self::books::{Bounds, Ended, Load};
use crate::config::Config;
use crate::metrics::{Metrics, gauge};

impl Bounds {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            running: config.concurrent_computations,
            waiting: config.queue_length,
            wait: config.queue_time,
            cores: cores(),
        }
    }
}

/// The cores that computations share. The system is slow at counting them, and slices are short.
pub(crate) fn cores() -> usize {
    static CORES: LazyLock<usize> =
        LazyLock::new(|| available_parallelism().map_or(1, NonZeroUsize::get));
    *CORES
}

/// How long a turn lasts at least, if there is enough to compute: small requests are done in one.
const TURN: Duration = Duration::from_millis(50);

/// The requests of all callers, each waiting for a slice or computing one.
pub(crate) struct Turns<C> {
    books: Mutex<Books<C>>,
}

/// A place in the queue, until dropped.
pub(crate) struct Place<C: Clone + Eq + Hash> {
    held: Held<C>,
    first: Granted,
}

/// Permission to compute, until dropped; [`pause`](Self::pause) passes it on to the next in turn.
pub(crate) struct Turn<C: Clone + Eq + Hash> {
    held: Held<C>,
    granted: Instant,
    since: Instant,
}

/// Abandons a request that has begun, when dropped before its end.
pub(crate) struct Waiting<C: Clone + Eq + Hash>(Arc<Turns<C>>, u64);

/// An entry in the books, taken out when dropped.
struct Held<C: Clone + Eq + Hash> {
    turns: Arc<Turns<C>>,
    id: u64,
}

impl<C: Clone + Eq + Hash> Turns<C> {
    pub(crate) fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self {
            books: Mutex::new(Books::new(bounds)),
        })
    }

    /// Whether a request of this caller, as cheap as recent ones, would find a place now.
    ///
    /// # Errors
    /// [`Ended::Full`] if not.
    pub(crate) fn check(&self, caller: &C) -> Result<(), Ended> {
        self.books().check(caller)
    }

    /// A place for a request of this estimated cost, in seconds of one core. `is_half_closed` turns true
    /// when its client closes its side of the connection.
    ///
    /// # Errors
    /// [`Ended::Full`] if there is none.
    pub(crate) fn enter(
        self: &Arc<Self>,
        caller: C,
        seconds: f64,
        is_half_closed: Arc<AtomicBool>,
    ) -> Result<Place<C>, Ended> {
        let (grant, first) = oneshot::channel();
        let entry = Entry::new(caller, seconds, grant, is_half_closed);
        let id = self.books().enter(entry)?;
        let held = Held {
            turns: Arc::clone(self),
            id,
        };
        Ok(Place { held, first })
    }

    /// What there is to do at the moment.
    pub(crate) fn load(&self) -> Load {
        self.books().load()
    }

    /// Refuses everything that has not begun, and from now on whatever can't begin at once.
    pub(crate) fn close(&self) {
        self.books().close();
    }

    /// Registers gauges for operators of how much there is to do.
    pub(crate) fn register(self: &Arc<Self>, metrics: &Metrics)
    where
        C: Send + 'static,
    {
        metrics.register(|registry| {
            let turns = Arc::clone(self);
            gauge(
                registry,
                "waiting",
                "Requests in the queue",
                None,
                move || turns.load().waiting as u64,
            );
            let turns = Arc::clone(self);
            gauge(
                registry,
                "computing",
                "Requests being computed",
                None,
                move || turns.load().computing as u64,
            );
            let (turns, unit) = (Arc::clone(self), Some(Unit::Seconds));
            let help = "Estimated time until all requests here are done";
            gauge(registry, "queue", help, unit, move || {
                turns.load().backlog.as_secs_f64()
            });
        });
    }

    /// The books, which are intact even after a panic: nothing that may panic runs while they are
    /// locked.
    fn books(&self) -> MutexGuard<'_, Books<C>> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Clone + Eq + Hash> Place<C> {
    /// Waits for the first slice. Drop the [`Waiting`] when nobody waits for the answer any more.
    ///
    /// # Errors
    /// [`Ended::Full`] if another caller takes the place.
    pub(crate) async fn turn(self) -> Result<(Turn<C>, Waiting<C>), Ended> {
        let Self { held, first } = self;
        first.await.unwrap_or(Err(Ended::Abandoned))?;
        let waiting = Waiting(Arc::clone(&held.turns), held.id);
        let now = Instant::now();
        let turn = Turn {
            held,
            granted: now,
            since: now,
        };
        Ok((turn, waiting))
    }
}

impl<C: Clone + Eq + Hash> Turn<C> {
    /// Continues if the turn has only begun or nobody else waits, or blocks until the next turn.
    ///
    /// # Errors
    /// [`Ended`] if there isn't to be one.
    pub(crate) fn pause(&mut self) -> Result<(), Ended> {
        let took = self.since.elapsed().as_secs_f64();
        self.since = Instant::now();
        let may_go_on = self.granted.elapsed() < TURN;
        let next = self
            .held
            .turns
            .books()
            .pause(self.held.id, took, may_go_on)?;
        if let Some(next) = next {
            next.blocking_recv().unwrap_or(Err(Ended::Abandoned))?;
            self.granted = Instant::now();
            self.since = self.granted;
        }
        Ok(())
    }

    /// Notes that the computation has finished, which shows how good its estimate was.
    pub(crate) fn finish(&mut self) {
        let took = self.since.elapsed().as_secs_f64();
        self.since = Instant::now();
        let mut books = self.held.turns.books();
        books.account(self.held.id, took);
        books.finish(self.held.id);
    }
}

impl<C: Clone + Eq + Hash> Drop for Turn<C> {
    fn drop(&mut self) {
        let took = self.since.elapsed().as_secs_f64();
        self.held.turns.books().account(self.held.id, took);
    }
}

impl<C: Clone + Eq + Hash> Drop for Held<C> {
    fn drop(&mut self) {
        self.turns.books().leave(self.id);
    }
}

impl<C: Clone + Eq + Hash> Drop for Waiting<C> {
    fn drop(&mut self) {
        self.0.books().abandon(self.1);
    }
}

#[cfg(test)]
mod tests;
