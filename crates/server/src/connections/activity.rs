//! What a connection is doing at the moment, shared by those who count connections and those who serve one.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A connection's requests, and whether its peer takes what is sent.
pub(super) struct Activity {
    state: Mutex<State>,
    leave: Notify,
    /// Bytes that the peer's side has taken in total.
    written: AtomicU64,
    /// Bytes that it has sent.
    read: AtomicU64,
    /// Whether the peer has closed its side: it may be gone, or only have nothing more to send.
    half_closed: Arc<AtomicBool>,
}

struct State {
    /// Requests that have arrived and whose answers haven't been handed over yet.
    under_way: usize,
    /// Since when there are none.
    idle_since: Instant,
    /// Whether there has been one.
    is_used: bool,
    /// Since when an answer has been waiting for the peer to read.
    blocked_since: Option<Instant>,
    /// Requests whose bodies haven't fully arrived, since when there are any, and how much had
    /// arrived until then.
    incoming: usize,
    incoming_since: Instant,
    read_before: u64,
    /// Whether the peer speaks HTTP/2, where the end of a connection is the end of its requests.
    is_http2: bool,
}

/// A request that is under way, until dropped.
pub(super) struct UnderWay(Arc<Activity>);

/// A body that is coming in, until dropped.
pub(super) struct Incoming(Arc<Activity>);

impl Activity {
    /// The activity of a new connection, which counts as idle until its first request.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                under_way: 0,
                idle_since: Instant::now(),
                is_used: false,
                blocked_since: None,
                incoming: 0,
                incoming_since: Instant::now(),
                read_before: 0,
                is_http2: false,
            }),
            leave: Notify::new(),
            written: AtomicU64::new(0),
            read: AtomicU64::new(0),
            half_closed: Arc::default(),
        })
    }

    /// Counts a request in.
    pub(super) fn request(self: &Arc<Self>) -> UnderWay {
        let mut state = self.state();
        state.under_way += 1;
        state.is_used = true;
        drop(state);
        UnderWay(Arc::clone(self))
    }

    /// Since when the connection has been idle.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.under_way == 0 && state.blocked_since.is_none()).then_some(state.idle_since)
    }

    /// The same, unless the connection is just between two requests.
    pub(super) fn at_rest_since(&self, rest: Duration) -> Option<Instant> {
        let is_used = self.state().is_used;
        self.idle_since()
            .filter(|since| !is_used || since.elapsed() >= rest)
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

    /// Counts a request's body in.
    pub(super) fn body(self: &Arc<Self>) -> Incoming {
        let read = self.read.load(Ordering::Relaxed);
        let mut state = self.state();
        state.incoming += 1;
        if state.incoming == 1 {
            state.incoming_since = Instant::now();
            state.read_before = read;
        }
        drop(state);
        Incoming(Arc::clone(self))
    }

    pub(super) fn is_incoming(&self) -> bool {
        self.state().incoming > 0
    }

    /// How fast bodies come in, in bytes per second, if they have done so for some time.
    pub(super) fn incoming_rate(&self, time: Duration) -> Option<f64> {
        let read = self.read.load(Ordering::Relaxed);
        let state = self.state();
        let passed = state.incoming_since.elapsed();
        let bytes = read.saturating_sub(state.read_before) as f64;
        (state.incoming > 0 && passed >= time).then(|| bytes / passed.as_secs_f64())
    }

    pub(super) fn add_read(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn set_http2(&self) {
        self.state().is_http2 = true;
    }

    /// Notes that the peer has closed its side; returns whether it may still be waiting for an
    /// answer to everything that it has sent.
    pub(super) fn close_half(&self) -> bool {
        self.half_closed.store(true, Ordering::Relaxed);
        let state = self.state();
        state.under_way > 0 && state.incoming == 0 && !state.is_http2
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

impl Drop for Incoming {
    fn drop(&mut self) {
        self.0.state().incoming -= 1;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.under_way -= 1;
        if state.under_way == 0 {
            state.idle_since = Instant::now();
        }
    }
}
