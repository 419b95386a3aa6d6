//! What a connection is doing at the moment, shared by those who count connections and those who serve one.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// A connection's requests, and whether its peer takes what is sent.
pub(super) struct Activity {
    state: Mutex<State>,
    leave: Notify,
    /// Bytes that the peer's side has taken, all in all.
    written: AtomicU64,
    /// Whether the peer has closed its side: it may be gone, or only have nothing more to send.
    half_closed: Arc<AtomicBool>,
}

struct State {
    /// Requests that have come and whose answers haven't been handed over yet.
    under_way: usize,
    /// Since when there are none.
    idle_since: Instant,
    /// Since when an answer waits for the peer to read.
    blocked_since: Option<Instant>,
    /// Whether the peer has sent its request and waits for the answer, as it does in HTTP/1.
    awaits_answer: bool,
}

/// A request that is under way, until dropped.
pub(super) struct UnderWay(Arc<Activity>);

impl Activity {
    /// That of a new connection, which counts as idle until its first request.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                under_way: 0,
                idle_since: Instant::now(),
                blocked_since: None,
                awaits_answer: false,
            }),
            leave: Notify::new(),
            written: AtomicU64::new(0),
            half_closed: Arc::default(),
        })
    }

    /// Counts a request in.
    pub(super) fn request(self: &Arc<Self>) -> UnderWay {
        self.state().under_way += 1;
        UnderWay(Arc::clone(self))
    }

    /// Since when the connection has had nothing to do.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.under_way == 0 && state.blocked_since.is_none()).then_some(state.idle_since)
    }

    /// Since when the peer has not taken what is there for it.
    pub(super) fn blocked_since(&self) -> Option<Instant> {
        self.state().blocked_since
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.state().under_way > 0
    }

    /// Notes whether the peer keeps an answer waiting.
    pub(super) fn set_blocked(&self, blocked_since: Option<Instant>) {
        let mut state = self.state();
        if state.blocked_since.is_some() && blocked_since.is_none() {
            state.idle_since = Instant::now();
        }
        state.blocked_since = blocked_since;
    }

    pub(super) fn add_written(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Notes that a request has come in whole, and that the peer can send another only after its answer.
    pub(super) fn set_awaits_answer(&self) {
        self.state().awaits_answer = true;
    }

    /// Notes that the peer has closed its side; gives whether it may still wait for an answer.
    pub(super) fn close_half(&self) -> bool {
        self.half_closed.store(true, Ordering::Relaxed);
        let state = self.state();
        state.under_way > 0 && state.awaits_answer
    }

    pub(super) fn half_closed(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.half_closed)
    }

    /// Asks the connection to make room.
    pub(super) fn ask_to_leave(&self) {
        self.leave.notify_one();
    }

    /// Waits until the connection is asked to make room.
    pub(super) async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.under_way -= 1;
        if state.under_way == 0 {
            state.awaits_answer = false;
            state.idle_since = Instant::now();
        }
    }
}
